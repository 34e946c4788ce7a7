"""A decision and the logs that it names in; what seals, suites, policy, signature and figures do not bear out, out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.policy.file import shipped_policy_text
from milo_bench.core.errors import DataError, MiloError, PrerequisiteError, UsageError
from milo_bench.core.files import read_whole
from milo_bench.core.hashing import sha256_data, sha256_text
from milo_bench.core.paths import AnyPath
from milo_bench.core.text import shorten
from milo_bench.core.version import __version__
from milo_bench.decide.evidence import LogCheck
from milo_bench.decide.records import Decision, Figure, KeptFile, LogRef
from milo_bench.report.earlier import earlier_differences
from milo_bench.report.erased_answers import with_erased_answers
from milo_bench.report.figures import source_text, whole_text
from milo_bench.report.kept_pictures import with_kept_pictures
from milo_bench.report.package import DECISION
from milo_bench.report.pages.difference import (
    MOST_A_FILE,
    PackageDifference,
)
from milo_bench.report.receipt import read_receipt, receipt_differences
from milo_bench.report.signature import (
    RECEIPT,
    SIGNATURE,
    Envelope,
    read_envelope,
    read_public_key,
    signature_differences,
)
from milo_bench.store.log.lines import is_log_place, open_log, sha256_of_log
from milo_bench.store.log.reader import last_seal

_CLOSE = 1e-9
_MEASURED = ("value", "low", "high", "n", "k", "unit", "confidence")
_WORDS = ("title", "method", "note", "source")

CheckLog = Callable[[Path, Sequence[Path]], LogCheck]
DecideAgain = Callable[[Decision, Callable[[LogRef], Path]], Decision]


@dataclass(frozen=True)
class HeldFiles:
    """Files that the reader holds, and trusts more than the package."""

    policy: AnyPath | None = None
    economics: AnyPath | None = None
    key: AnyPath | None = None  # the public key of who signed
    log_key: AnyPath | None = None  # the public key of the transparency log


@dataclass(frozen=True)
class EvidenceCheck:
    """What differs between a decision and its evidence; ``logs`` are those found, ``missing`` the paths of others."""

    differences: tuple[PackageDifference, ...]
    logs: tuple[Path, ...]
    missing: tuple[str, ...]
    erased: tuple[str, ...]
    notes: tuple[str, ...]


def check_evidence(
    decision: Decision,
    folder: Path,
    decide_again: DecideAgain,
    check_log: CheckLog,
    *,
    runs: AnyPath | None = None,
    held: HeldFiles | None = None,
) -> EvidenceCheck:
    """As ``verify_package``, without the pages: recompute ``decision``, whose signature lies in ``folder``, if any."""
    held = held or HeldFiles()
    differences = list(_kept_files(decision, held))
    if not of_another_version(decision):
        differences += _shipped_policy(decision)
    notes: list[str] = []
    erased: list[str] = []
    differences += _signature(folder, decision, held, notes)
    places = [Path(), folder, folder.parent, *(() if runs is None else (Path(runs),))]
    differences += earlier_differences(decision, places, notes, wording=not of_another_version(decision))
    search = _RunLogSearch(folder, None if runs is None else Path(runs))
    found_places = {log.sha256: search.find(log) for log in decision.logs}
    missing = tuple(log.path for log in decision.logs if found_places[log.sha256] is None)
    found_logs = {sha256: place for sha256, place in found_places.items() if place is not None}
    if not missing:
        for log in decision.logs:
            mine = found_logs[log.sha256]
            checked = check_log(mine, [one for one in found_logs.values() if one != mine])
            differences += _log_differences(log, found_logs[log.sha256], decision, checked)
            notes += checked.notes
            erased += checked.erased
        differences += _recomputed(decision, decide_again, lambda log: found_logs[log.sha256], frozenset(erased))
    return EvidenceCheck(
        tuple(differences),
        tuple(found_logs.values()),
        missing,
        tuple(dict.fromkeys(erased)),
        tuple(dict.fromkeys(notes)),
    )


def _signature(folder: Path, decision: Decision, held: HeldFiles, notes: list[str]) -> Iterator[PackageDifference]:
    """What is wrong with the package's signature, by the key that the reader holds."""
    if held.key is not None:
        key = read_public_key(Path(held.key))
        if not (folder / SIGNATURE).is_file():
            yield PackageDifference("signature", SIGNATURE, "", "no signature", "one by the key that was given")
            return
        envelope = read_envelope(folder / SIGNATURE)
        yield from signature_differences(envelope, key, decision)
        yield from _receipt(folder, envelope, held)
    elif held.log_key is not None:
        message = "The receipt of a transparency log is checked together with the signature."
        raise UsageError(message, hint="add --key with the public key of who signed.")
    elif (folder / SIGNATURE).is_file():
        notes.append(f"{SIGNATURE} was not checked: add --key with the public key of who signed")
    else:
        notes.append("the package is not signed, so a log that was rewritten and sealed anew may not be found")


def _receipt(folder: Path, envelope: Envelope, held: HeldFiles) -> Iterator[PackageDifference]:
    """What is wrong with the receipt of a transparency log, where there is one or the reader holds the log's key."""
    log_key = None if held.log_key is None else Path(held.log_key)
    try:
        data = read_whole(folder / RECEIPT)
    except FileNotFoundError:
        if log_key is not None:
            yield PackageDifference("signature", RECEIPT, "", "no receipt", "one of the transparency log")
        return
    yield from receipt_differences(read_receipt(data), envelope, log_key)


def _kept_files(decision: Decision, held: HeldFiles) -> Iterator[PackageDifference]:
    """That policy, economics and review are the texts whose digests stand beside them, and those that are held."""
    for name in ("policy", "economics", "operator_policy", "review"):
        kept: KeptFile | None = getattr(decision, name)
        if kept is not None and sha256_text(kept.text) != kept.sha256:
            now = f"sha256 {sha256_text(kept.text)}"
            yield PackageDifference("decision", DECISION, "", f"sha256 {kept.sha256}", now, source=name)
    for name, path in (("policy", held.policy), ("economics", held.economics)):
        if path is None:
            continue
        kept, wanted = getattr(decision, name), sha256_text(_text(Path(path)))
        if kept is None or sha256_text(kept.text) != wanted:
            said = "none" if kept is None else f"sha256 {kept.sha256}"
            yield PackageDifference("decision", DECISION, "", said, f"sha256 {wanted}", source=f"{name}: {path}")


def _text(path: Path) -> str:
    try:
        return read_whole(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"Cannot read {path}."
        raise PrerequisiteError(message, hint="check the path and its permissions.") from error


def _shipped_policy(decision: Decision) -> Iterator[PackageDifference]:
    """That a policy named as one that comes with this version is that one, unless a file of the name lies here."""
    kept = decision.policy
    suite = kept.path.removesuffix(".yaml")
    shipped = shipped_policy_text(suite)
    if shipped is None or shipped == kept.text or Path(kept.path).is_file():
        return
    said, wanted = f"sha256 {sha256_text(kept.text)}", f"sha256 {sha256_text(shipped)}"
    yield PackageDifference("decision", DECISION, "", said, wanted, source=f"the policy {kept.path} of this version")


class _RunLogSearch:
    """Finds run logs: by the path that the decision names, then by hash or seal among the files of ``runs``."""

    def __init__(self, folder: Path, runs: Path | None) -> None:
        self._starts = (Path(), folder, folder.parent)
        self._runs = runs
        self._hashes: dict[Path, str] = {}

    def find(self, log: LogRef) -> Path | None:
        """The log with the right hash; else one of that name, which has changed; else None."""
        named = [start / log.path for start in self._starts]
        if self._runs is not None:
            named += [self._runs / log.path, self._runs / Path(log.path).name]
        found = [path for path in named if is_log_place(path)]
        others: list[Path] = []
        if self._runs is not None and self._runs.is_dir():
            others = [
                *sorted(self._runs.rglob("*.jsonl")),
                *filter(is_log_place, sorted(self._runs.rglob("*.parquet"))),
            ]
        for path in (*found, *others):
            if self._hash(path) == log.sha256:
                return path
        for path in (*found, *others) if log.seal else ():
            if last_seal(path) == log.seal:
                return path
        return found[0] if found else None

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            try:
                self._hashes[path] = sha256_of_log(path)
            except (MiloError, OSError):
                self._hashes[path] = ""
        return self._hashes[path]


def _log_differences(log: LogRef, path: Path, decision: Decision, checked: LogCheck) -> Iterator[PackageDifference]:
    """That a log is not the one decided on, and what shows by itself that it was changed.

    A log with the same last seal is the one decided on, whatever was erased from it since.
    """
    faults = [
        PackageDifference("log", str(path), "", fault.said, fault.follows, source=fault.place)
        for fault in checked.faults
    ]
    now = sha256_of_log(path)
    if now == log.sha256 or (log.seal and checked.seal == log.seal and not faults):
        yield from faults
        return
    yield PackageDifference("log", str(path), "", f"sha256 {log.sha256}", f"sha256 {now}", source=log.path)
    with open_log(path) as file:
        for number, line in enumerate(file, start=1):
            said = _line_fault(line, decision, log)
            if said:
                yield PackageDifference("log", str(path), "", said[0], said[1], source=log.path, line=number, column=1)
    yield from faults


def _line_fault(line: bytes, decision: Decision, log: LogRef) -> tuple[str, str] | None:
    """What a line should say and what it says, where the line alone shows it."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ("a line of JSON", "a line that is not JSON")
    if not isinstance(row, dict) or row.get("type") != "fixture" or "erased" in row:
        return None
    id = str(row.get("id"))
    stated = decision.fixtures.get(id)
    if stated is None:
        return None  # a fixture that no workload of the decision uses
    if row.get("hash") != stated:
        return (f"fixture {id} with hash {stated}", f"fixture {id} with hash {row.get('hash')}")
    made = sha256_data([row.get("workload"), row.get("input"), row.get("expect", {})])
    if log.store_text == "full" and made != stated:
        return (f"fixture {id} with hash {stated}", f"fixture {id} with content of hash {made}")
    return None


def _recomputed(
    decision: Decision, again: DecideAgain, find_log: Callable[[LogRef], Path], erased: frozenset[str]
) -> Iterator[PackageDifference]:
    try:
        anew = again(decision, find_log)
    except MiloError as error:
        yield PackageDifference("decision", DECISION, "", "a decision", f"none: {error.message}")
        return
    except (KeyError, ValueError, AssertionError) as error:
        message = f"Cannot recompute the decision: {type(error).__name__}: {str(error)[:160]}."
        raise DataError(
            message, hint="use the version that wrote the package, or check that its logs are run logs."
        ) from error
    # A decision is read back from JSON before it is compared: dictionaries in the same order, tuples as tuples.
    anew = msgspec.json.decode(msgspec.json.encode(anew, order="deterministic"), type=Decision)
    anew = with_erased_answers(with_kept_pictures(anew, decision), decision, erased)
    yield from _figure_differences(decision, anew)
    compared = _decided if of_another_version(decision) else _whole
    unlike = _unlike(compared(decision), compared(anew), "")
    for count, (place, left, right) in enumerate(unlike):
        if count == MOST_A_FILE:
            return
        yield PackageDifference("decision", DECISION, "", left, right, source=place)


def _whole(decision: Decision) -> dict[str, Any]:
    """All of a decision but its figures, and the hashes of its logs: those are compared with their paths."""
    plain: dict[str, Any] = msgspec.to_builtins(decision)
    plain.pop("figures")
    # A changed log must not hide what it changes.
    plain["logs"] = [{**log, "sha256": ""} for log in plain["logs"]]
    return plain


def _decided(decision: Decision) -> dict[str, Any]:
    """What was decided, in no version's words: for each finding its kind, its route and how its gates came out."""
    return {
        f"findings.{finding.id}": {
            "kind": finding.kind,
            "route": finding.route,
            "gates": {gate.id: gate.outcome for gate in finding.gates},
        }
        for finding in decision.findings
    }


def _figure_differences(decision: Decision, anew: Decision) -> Iterator[PackageDifference]:
    """Figures that are not the same. Those that only a newer version gives are its own and differ from nothing."""
    another = of_another_version(decision)
    parts = _MEASURED if another else _MEASURED + _WORDS
    for id in dict.fromkeys((*decision.figures, *(() if another else anew.figures))):
        stands, wanted = decision.figures.get(id), anew.figures.get(id)
        if stands is None or wanted is None:
            figure = stands or wanted
            assert figure is not None
            said, should = (_shown(stands), "no such figure") if stands else ("no such figure", _shown(wanted))
            yield PackageDifference("figure", DECISION, id, said, should, source=source_text(figure))
            continue
        if another and stands.source.kind == "count" and stands.source.key == "tried":
            continue  # how many fixes a version knows to try; what each of them gave is compared
        unlike = [part for part in parts if not _alike(getattr(stands, part), getattr(wanted, part))]
        if unlike:
            left, right = _shown(stands), _shown(wanted)
            if left == right:
                left, right = (
                    ", ".join(f"{part} {getattr(figure, part)!r}" for part in unlike) for figure in (stands, wanted)
                )
            yield PackageDifference("figure", DECISION, id, left, right, source=source_text(wanted))


def _shown(figure: Figure | None) -> str:
    return whole_text(figure) if figure else ""


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float | int) and not isinstance(right, bool):
        return math.isclose(left, right, rel_tol=_CLOSE, abs_tol=1e-12)
    return bool(left == right)


def of_another_version(decision: Decision) -> bool:
    """Whether another version of Milo Bench made ``decision``."""
    return decision.tool_version != __version__


def _unlike(left: Any, right: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Places where two plain values differ, with both values."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            yield from _unlike(left.get(key), right.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _unlike(one, other, f"{place}.{number}")
    elif not _alike(left, right):
        yield place, _short(left), _short(right)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return shorten(text, 160)
