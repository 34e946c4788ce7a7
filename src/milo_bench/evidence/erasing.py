"""A run log and the people or fixtures to forget in; the log without their texts, its seals as they were, out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.file_lock import lock_file
from milo_bench.core.files import writing
from milo_bench.core.hashing import sha256_file
from milo_bench.core.records import Fixture, Graded
from milo_bench.core.version import __version__
from milo_bench.evidence.gather import describe_fixtures
from milo_bench.evidence.grade_columns import can_cut, cut_graded, is_judged_by_text
from milo_bench.evidence.joining import join_contracts
from milo_bench.evidence.judge_while_running import without_text
from milo_bench.evidence.judging import choose_judge
from milo_bench.grade.own_check import NotExecuted
from milo_bench.guards.case_facts import case_facts
from milo_bench.run.asked.alike import name_alike
from milo_bench.store.board_index import remove_index
from milo_bench.store.erasures import Erasure, FixtureFacts, add_erasure
from milo_bench.store.log.lines import open_log
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.sealing import erased_line
from milo_bench.store.verdicts import CutGraded, VerdictHeader, VerdictWriter, verdicts_path


@dataclass(frozen=True)
class Forgotten:
    """What is to be erased: fixtures by id, and every fixture whose case or answers contain one of ``texts``.

    ``everything`` is for a log whose texts may be kept no longer.
    """

    fixtures: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    everything: bool = False

    def is_in(self, data: Any) -> bool:
        """Whether one of ``texts`` is in plain data, whatever its case."""
        return any(self._said(text) for text in _texts(data))

    def _said(self, text: str) -> bool:
        folded = text.casefold()
        return any(wanted.casefold() in folded for wanted in self.texts)


@dataclass(frozen=True)
class ErasedLog:
    """``lines`` of the log lost their texts; ``fixtures`` are the ids that they belong to."""

    path: Path
    fixtures: tuple[str, ...] = ()
    lines: int = 0
    unsealed: tuple[int, ...] = ()  # numbers of lines of older versions, whose texts are not set apart


def erase_from_log(path: Path, forgotten: Forgotten, *, at: str, reason: str = "", dry_run: bool = False) -> ErasedLog:
    """Erase the texts of ``forgotten`` from the log at ``path``; every seal stays as it was.

    The verdicts on the answers are kept beside the log, without a word of them, so that it can still be decided on.
    Raises DataError for a log that is being written, or whose seals do not hold.
    """
    log = read_run_log(path, strict=True)
    lines = path.read_bytes().splitlines(keepends=True)
    wanted = _fixtures_of(log, lines, forgotten)
    chosen: dict[int, bytes] = {}
    unsealed = []
    for number, line in enumerate(lines):
        place = _fixture_of(line)
        if place is None or place not in wanted or not line.endswith(b"\n"):
            continue
        erased = erased_line(line[:-1])
        if erased is not None:
            chosen[number] = erased + b"\n"
        elif b'"erased":"' not in line[-80:] and _holds_text(line):
            unsealed.append(number + 1)
    done = ErasedLog(path, tuple(sorted(wanted)), len(chosen), tuple(unsealed))
    if dry_run or not chosen:
        return done
    with open_log(path) as file:
        _lock(path, file.fileno())
        kept = _keep_verdicts(log, wanted)
        fixtures = [log.fixtures[id] for id in sorted(wanted) if id in log.fixtures]
        same_as = name_alike(list(log.fixtures.values()), join_contracts([log]))
        facts = [_facts(one, same_as.get(one.id, "")) for one in fixtures if one.input]
        add_erasure(path, Erasure(at, done.fixtures, done.lines, log.sha256, reason, kept), facts)
        with writing(path) as out:
            out.writelines(chosen.get(number, line) for number, line in enumerate(lines))
    remove_index(path)
    return done


def _fixtures_of(log: RunLog, lines: Sequence[bytes], forgotten: Forgotten) -> frozenset[str]:
    if forgotten.everything:
        return frozenset(log.header.plan.fixtures)
    found = set(forgotten.fixtures & set(log.header.plan.fixtures))
    if forgotten.texts:
        for line in lines:
            place = _fixture_of(line)
            if place is not None and place not in found and forgotten.is_in(msgspec.json.decode(line)):
                found.add(place)
    return frozenset(found)


class _Key(msgspec.Struct, frozen=True):
    fixture: str = ""


class _Named(msgspec.Struct):
    type: str = ""
    id: str = ""
    fixture: str = ""
    key: _Key = _Key()


_NAMED = msgspec.json.Decoder(_Named)
_WITH_TEXTS = frozenset({"fixture", "attempt", "episode", "execution", "load_row", "judgement"})
_TEXTS = ("input", "expect", "output", "reasoning", "turns", "log", "results", "reason")


def _fixture_of(line: bytes) -> str | None:
    """The fixture that a line with texts belongs to."""
    try:
        named = _NAMED.decode(line)
    except msgspec.MsgspecError:
        return None
    if named.type not in _WITH_TEXTS:
        return None
    return {"fixture": named.id, "load_row": named.fixture}.get(named.type, named.key.fixture)


def _holds_text(line: bytes) -> bool:
    row = msgspec.json.decode(line)
    return any(row.get(name) for name in _TEXTS)


def _keep_verdicts(log: RunLog, wanted: Collection[str]) -> str:
    """The SHA-256 of the file that keeps them; "" where the run wrote it, or nothing was to be kept."""
    if log.header.store_text != "full" or not log.attempts:
        return ""
    judge = choose_judge(log)
    labels = frozenset(
        fixture.expect["label"] for fixture in log.fixtures.values() if isinstance(fixture.expect.get("label"), str)
    )
    workloads = {workload.name: workload for workload in log.header.workloads}
    by_text = is_judged_by_text(log)
    kept: list[Graded | CutGraded] = []
    for attempt in log.attempts.on_fixtures(wanted):
        if attempt.erased:
            continue
        try:
            graded = judge(attempt)
        except NotExecuted as error:
            raise DataError(str(error), hint="execute the suite's own checks first: milo-bench grade LOG.") from None
        fixture = log.fixtures[attempt.key.fixture]
        kept.append(without_text(graded, fixture, labels))
        workload = workloads[fixture.workload]
        if attempt.failure is None and by_text and can_cut(workload):
            cut = cut_graded(workload, fixture, attempt, graded)
            kept.append(CutGraded(without_text(cut, fixture, labels)))
    path = verdicts_path(log.path)
    header = VerdictHeader(run_id=log.header.run_id, tool_version=__version__)
    with VerdictWriter(path, header, append=path.exists()) as writer:
        for one in kept:
            writer.add(one)
    return sha256_file(path)


def _facts(fixture: Fixture, same_as: str) -> FixtureFacts:
    table = describe_fixtures([fixture])
    return FixtureFacts(
        fixture=fixture.id,
        words=int(table.words[0]),
        keyword_sets=tuple(name for name, column in table.keyword_sets.items() if column[0]),
        case=msgspec.to_builtins(case_facts(fixture.input)),
        same_as=same_as,
    )


def _lock(path: Path, descriptor: int) -> None:
    try:
        lock_file(descriptor)
    except BlockingIOError:
        raise DataError(f"A run is writing to {path}.", hint="wait until it ends.") from None
    except OSError:  # some network folders know no locks
        return


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _texts(value)
