"""An earlier decision in, what a later one keeps of it out; a kept comparison in, what does not follow out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from milo_bench.core.errors import MiloError
from milo_bench.core.files import read_whole
from milo_bench.core.hashing import sha256_data
from milo_bench.core.text import shorten
from milo_bench.decide.changes.records import Changes, Earlier
from milo_bench.decide.changes.since import changes_since
from milo_bench.decide.records import Decision
from milo_bench.report.decision_file import read_decision, whole_decision
from milo_bench.report.pages.difference import PackageDifference

_DECISION = "decision.json"
_OPERATOR = "operator work, "


class EarlierFile(Struct, frozen=True):
    """A decision file as it was read, and the digest of its bytes."""

    path: Path
    sha256: str
    decision: Decision

    def changed(self, now: Decision) -> Earlier:
        """What ``now`` keeps of it."""
        with whole_decision(self.path):
            return Earlier(str(self.path), self.sha256, changes_since(self.decision, now))


def read_earlier(path: Path) -> EarlierFile:
    """Read a decision file. Raises PrerequisiteError and DataError as ``read_decision``."""
    decision = read_decision(path)
    return EarlierFile(path, sha256_data(read_whole(path)), decision)


def earlier_differences(
    decision: Decision, places: Sequence[Path], notes: list[str], *, wording: bool
) -> Iterator[PackageDifference]:
    """Where ``decision`` says of an earlier one what the two do not say.

    The earlier one is looked for by its digest: under its path from each of ``places``, and among all packages below
    them. Where it is not found, a note says so, and what ``decision`` says of itself is checked alone. Without
    ``wording`` kinds and routes are compared, and no sentence: another version decided.
    """
    kept = decision.since
    if kept is None:
        return
    earlier = _find(kept, places)
    if earlier is None:
        notes.append(
            f"what changed since {kept.path} was checked on this side only: no decision with its digest is there"
        )
        said, wanted = _findings(kept.changes), _findings(_as_found(decision, kept.changes))
    else:
        with whole_decision(earlier.path):
            again = changes_since(earlier.decision, decision)
        said, wanted = _findings(kept.changes), _findings(again)
        if wording:
            said |= _words(kept.changes)
            wanted |= _words(again)
    for place in dict.fromkeys((*said, *wanted)):
        if said.get(place) != wanted.get(place):
            left, right = (shorten(msgspec.json.encode(side.get(place)).decode(), 160) for side in (said, wanted))
            yield PackageDifference("decision", _DECISION, "", left, right, source=f"since.changes.{place}")


def _find(kept: Earlier, places: Sequence[Path]) -> EarlierFile | None:
    named = [place / kept.path for place in places]
    for path in (*named, *(found for place in places[1:] for found in sorted(place.glob(f"*/{_DECISION}")))):
        try:
            if path.is_file() and sha256_data(read_whole(path)) == kept.sha256:
                return read_earlier(path)
        except (OSError, MiloError):
            continue
    return None


def _findings(changes: Changes) -> dict[str, object]:
    """By workload and target: kind and route, before and now."""
    return {
        f"{one.workload} on {one.target}": [one.before, one.now, one.route_before, one.route_now]
        for one in changes.findings
    }


def _words(changes: Changes) -> dict[str, object]:
    """The day of the earlier decision, how many findings are the same, and every reason."""
    reasons = {f"{one.workload} on {one.target}, reasons": one.because for one in changes.findings}
    return {"since": changes.since, "unchanged": changes.unchanged, "differs": changes.differs, **reasons}


def _as_found(decision: Decision, changes: Changes) -> Changes:
    """``changes`` with what ``decision`` itself finds now; operator work has levels and is left as it is."""
    found = {(one.workload, one.target): one for one in decision.findings}
    now = []
    for change in changes.findings:
        if not change.workload.startswith(_OPERATOR):
            mine = found.get((change.workload, change.target))
            kind, route = (mine.kind, mine.route) if mine else ("", "")
            change = msgspec.structs.replace(change, now=kind, route_now=route)
        now.append(change)
    return msgspec.structs.replace(changes, findings=tuple(now))
