"""A run log in, what in it does not follow from its own suite, plan and contracts out; no model is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from milo_bench.core import units
from milo_bench.core.errors import MiloError
from milo_bench.core.hashing import sha256_file, sha256_text
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Workload
from milo_bench.core.records.contract import contract_changes, contract_digests, fixture_changes, judged_otherwise
from milo_bench.core.version import __version__
from milo_bench.decide.evidence import LogCheck, LogFault
from milo_bench.evidence.judging import without_retry
from milo_bench.evidence.until_decided.check import check_stopping
from milo_bench.operator.play.commitments import broken_commitments
from milo_bench.run.plan import PlanRequest, plan_attempts, select_fixtures
from milo_bench.run.prepare import prepare
from milo_bench.store.erasures import erasures_path, read_erasures
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.stored_text import stored_group
from milo_bench.store.verdicts import verdicts_path
from milo_bench.suites.load import Suite, builtin_names, earlier_names, language_names, load_suite
from milo_bench.suites.manifest import MANIFEST_NAME

MOST_FAULTS: Final = 20
_SLACK_S: Final = 1e-3


def check_log(path: Path, beside: Sequence[Path] = ()) -> LogCheck:
    """Check a log against its seals, its plan, its own digests and, where it is at hand, the suite of its hash.

    ``beside`` are the other logs of its decision, which may have the baseline that it was compared with.
    A log that cannot be read is one fault.
    """
    try:
        log = read_run_log(path, check_seals=False)
        attempts = list(log.attempts)
    except MiloError as error:
        return LogCheck((LogFault("the log", error.message, "a log as it was written"),))
    faults: list[LogFault] = []
    notes: list[str] = []
    faults += _seals(log, notes)
    faults += _own_digests(log)
    suite = find_suite(log, notes)
    if suite is not None:
        faults += _contracts(log, suite)
        faults += _fixtures(log, suite)
    faults += _taken_verdicts(log, attempts, notes)
    faults += _requests(log, attempts, notes)
    rule = log.header.plan.stopping
    others = beside if rule is not None and rule.beside is not None else ()
    faults += check_stopping(log, attempts, suite, [read_run_log(one, check_seals=False) for one in others])
    faults += _judgements(log, attempts)
    faults += _committed(log)
    faults += _times(attempts)
    faults += _completeness(log, attempts)
    faults += _order(log, attempts)
    erased = {fixture.id for fixture in log.fixtures.values() if fixture.erased}
    erased |= {attempt.key.fixture for attempt in attempts if attempt.erased}
    erased |= {episode.key.fixture for episode in log.episodes if episode.erased}
    return LogCheck(tuple(faults[:MOST_FAULTS]), tuple(notes), tuple(sorted(erased)), log.seal)


def _seals(log: RunLog, notes: list[str]) -> Iterator[LogFault]:
    if min(log.schemas) < 4:
        notes.append(f"{log.path} is from a version that did not seal its lines, so an edit of them may not be found")
        if max(log.schemas) < 4:
            return
    for _, bad in log.bad_rows:
        yield LogFault("a row", bad, "a row that can be read")
    for broken in log.broken_seals:
        yield LogFault("a seal", broken, "the lines as they were sealed")
    if log.unsealed:
        yield LogFault("the log's end", f"{log.unsealed} lines after the last seal", "a seal at the end")


def _taken_verdicts(log: RunLog, attempts: Sequence[Attempt], notes: list[str]) -> Iterator[LogFault]:
    """That verdicts on erased answers are as the erasure left them, and how many verdicts no text bears out any more.

    No seal covers either file, so whoever edits both is found by a signature of the package alone: a verdict that
    changes a figure changes the decision that was signed.
    """
    whole = log.header.store_text == "full"
    taken = sum(one.failure is None and not one.bypass and (bool(one.erased) or not whole) for one in attempts)
    if taken:
        said = "1 answer without its text" if taken == 1 else f"{taken:,} answers without their texts"
        notes.append(f"verdicts on {said}: as recorded in {verdicts_path(log.path).name}, which is not sealed")
    if log.header.store_text != "full" or not log.has_erased:
        return
    try:
        stated = [one.verdicts for one in read_erasures(log.path).erasures if one.verdicts]
    except MiloError as error:
        yield LogFault(erasures_path(log.path).name, error.message, "the erasures as they were recorded")
        return
    path = verdicts_path(log.path)
    found = sha256_file(path) if path.is_file() else ""
    if stated and found != stated[-1]:
        said = f"sha256 {found[:12]}" if found else "no such file"
        yield LogFault(path.name, said, f"sha256 {stated[-1][:12]}, as the erasure left it")


def _own_digests(log: RunLog) -> Iterator[LogFault]:
    """The digests that the header states, against the contracts that it holds."""
    for workload in log.header.workloads:
        stated = log.header.digests.get(workload.name)
        if stated is None:
            continue
        for phrase in contract_changes(workload.name, stated, contract_digests(workload)):
            yield LogFault(f"line 1, workload {workload.name}", phrase, "the contract that its digests state")


def _committed(log: RunLog) -> Iterator[LogFault]:
    """That no episode was drawn from another secret than the log committed itself to before the first one."""
    for name in broken_commitments(log.header.commitments, log.episodes):
        yield LogFault(f"episode {name}", "another secret", "the secret whose SHA-256 is in line 1")


def _judgements(log: RunLog, attempts: Sequence[Attempt]) -> Iterator[LogFault]:
    """That what a model judge said was said of the answer that is there."""
    if not log.judgements or log.header.store_text != "full":
        return
    hashes: dict[AttemptKey, set[str]] = {}
    for attempt in attempts:
        hashes.setdefault(without_retry(attempt.key), set()).add("" if attempt.erased else sha256_text(attempt.output))
    for one in log.judgements:
        there = hashes.get(without_retry(one.key), set())
        if "" not in there and one.answer_hash not in there:
            place = f"the judgement of {one.name} on {one.key.fixture}"
            yield LogFault(place, f"answer {one.answer_hash[:12]}", "no such answer in the log")


def find_suite(log: RunLog, notes: list[str]) -> Suite | None:
    """The suite that the log names, if its files have the hash that the log states."""
    header = log.header
    if not header.workloads:
        return None
    places = [header.suite.name] if header.suite.name in builtin_names() and not header.suite_folder else []
    if places:
        of_version = (name for name in earlier_names() if name.rpartition("@")[2] == header.suite.version)
        others = (*of_version, *language_names())
        places += [name for name in others if name.partition("@")[0] == header.suite.name]
    if header.suite_folder:
        given = Path(header.suite_folder)
        folders = (given, log.path.parent / given.name)
        places += [str(folder) for folder in folders if (folder / MANIFEST_NAME).is_file()]
    for place in places:
        try:
            suite = load_suite(place, variants=header.plan.variants)
        except MiloError:
            continue
        if suite.ref == header.suite:
            return suite
    named = f"{header.suite.name} {header.suite.version} ({header.suite.hash[:12]})"
    notes.append(f"the suite {named} is not here, so contracts and fixtures of {log.path} were not compared with it")
    return None


def _contracts(log: RunLog, suite: Suite) -> Iterator[LogFault]:
    regraded = bool(log.header.regraded_from)
    for workload in log.header.workloads:
        shipped = suite.workloads.get(workload.name)
        if shipped is None:
            yield LogFault(f"line 1, workload {workload.name}", "a workload", "none of that name in the suite")
            continue
        wanted, found = contract_digests(shipped), contract_digests(workload)
        if regraded and not judged_otherwise(wanted, found):
            continue  # its answers were asked with an older prompt, and say so
        for phrase in contract_changes(workload.name, wanted, found):
            yield LogFault(f"line 1, workload {workload.name}", phrase, f"the contract of suite {suite.ref.hash[:12]}")


def _fixtures(log: RunLog, suite: Suite) -> Iterator[LogFault]:
    shipped = {fixture.id: fixture for fixture in suite.fixtures}
    full = log.header.store_text == "full"
    rule = log.header.plan.stopping
    fresh = rule is not None and rule.fresh_seed is not None
    for fixture in log.fixtures.values():
        known = shipped.get(fixture.id)
        if known is None:
            if not fresh:
                yield LogFault(f"fixture {fixture.id}", "a fixture", "none of that name in the suite")
            continue
        changed = [part for part in fixture_changes(known, fixture) if full or part == "tags"]
        if fixture.group != stored_group(known.group):
            yield LogFault(f"fixture {fixture.id}", "another group", "that of the suite")
        if fixture.hash != known.hash and not changed:
            changed = ["hash"]
        if changed and not (fixture.erased and fixture.hash == known.hash and "tags" not in changed):
            yield LogFault(f"fixture {fixture.id}", f"other {' and '.join(changed)}", "that of the suite")
    yield from _selection(log, suite.fixtures)


def _selection(log: RunLog, fixtures: tuple[Fixture, ...]) -> Iterator[LogFault]:
    """That the plan has every fixture which its own selection takes."""
    header = log.header
    if header.selection is None or header.regraded_from:
        return
    request = PlanRequest(
        workloads=tuple(header.selection.workloads),
        tags=tuple(header.selection.tags),
        limit=header.plan.limit,
        seed=header.plan.seed,
    )
    planned = set(header.plan.fixtures)
    missing = [fixture.id for fixture in select_fixtures(request, fixtures) if fixture.id not in planned]
    if missing:
        listed = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        yield LogFault("line 1, plan", f"without {listed}", "every fixture that the run selected")


def _requests(log: RunLog, attempts: list[Attempt], notes: list[str]) -> Iterator[LogFault]:
    """That each answer was to the request that prompt and fixture give."""
    header = log.header
    if header.store_text != "full" or not attempts or not any(attempt.request_hash for attempt in attempts):
        return
    if header.tool_version != __version__ or header.regraded_from:
        notes.append(f"the requests of {log.path} were made by version {header.tool_version} and not computed again")
        return
    workloads = {workload.name: workload for workload in header.workloads}
    known: dict[tuple[str, str, int], str] = {}
    for attempt in attempts:
        fixture, key = log.fixtures[attempt.key.fixture], attempt.key
        if not attempt.request_hash or attempt.source is not None or fixture.erased or not fixture.input:
            continue
        place = (key.fixture, key.decoding, key.repeat)
        if place not in known:
            known[place] = _request_hash(workloads[fixture.workload], fixture, key, header.plan.seed)
        if known[place] != attempt.request_hash:
            wanted = known[place][:12]
            yield LogFault(f"attempt {key.text}", f"request {attempt.request_hash[:12]}", f"request {wanted}")


def _request_hash(workload: Workload, fixture: Fixture, key: AttemptKey, seed: int) -> str:
    """The digest of the request that the run makes of a fixture, "" where none can be made of it."""
    try:
        return prepare(fixture, workload, decoding=key.decoding, seed=seed + key.repeat).request_hash
    except MiloError:
        return ""


def _times(attempts: list[Attempt]) -> Iterator[LogFault]:
    """That an answer's parts do not come after its end."""
    for attempt in attempts:
        times = attempt.timings
        if times.first_content_s is not None:
            last = times.first_content_s + sum(times.chunk_gaps_s)
            if last > times.ended_s + _SLACK_S:
                said = f"the end at {units.seconds(times.ended_s)}"
                yield LogFault(f"attempt {attempt.key.text}", said, f"a last part at {units.seconds(last)}")


def _completeness(log: RunLog, attempts: list[Attempt]) -> Iterator[LogFault]:
    """That a log whose end says complete has an answer to everything that its plan asks; a stopping rule asks less."""
    if log.end is None or not log.end.complete or log.header.plan.stopping is not None:
        return
    if not attempts:  # load, probes and operator episodes have rows of their own
        return
    there = {without_retry(attempt.key) for attempt in attempts}
    missing = [key for key in plan_attempts(log.header.plan) if key not in there]
    if missing:
        yield LogFault("the log's end", "complete", f"{len(missing):,} planned attempts without an answer")


def _order(log: RunLog, attempts: list[Attempt]) -> Iterator[LogFault]:
    """That lines stand in the order in which answers ended, where one request at a time was sent."""
    if log.header.plan.concurrency != 1 or log.header.tool_version != __version__:
        return
    latest: dict[str, float] = {}
    for attempt in attempts:
        target, ended_s = attempt.key.target, attempt.timings.ended_s
        if attempt.source is None and ended_s < latest.get(target, ended_s) - _SLACK_S:
            said = f"the end at {units.seconds(ended_s)}"
            yield LogFault(
                f"attempt {attempt.key.text}", said, f"one after {units.seconds(latest[target])}, as the line before"
            )
            return
        latest[target] = max(ended_s, latest.get(target, ended_s))
