"""Run logs in, the evidence that a decision rests on out; no text of an answer is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.core.cases.facts import CaseFacts
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.core.records import Fixture, Measure, Workload
from milo_bench.core.records.contract import contract_changes, contract_digests, judged_otherwise
from milo_bench.core.records.roles import SilverLabels
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.stopped import EndedWork, SpentBudget
from milo_bench.decide.records import Candidate, LogRef, ProbeEvidence, UnreadRow
from milo_bench.decide.rerun import again_paths, rerun_command
from milo_bench.decide.review import Review, labels_of
from milo_bench.evidence.asked import rows_that_count
from milo_bench.evidence.grade_columns import GradingPool
from milo_bench.evidence.joining import (
    find_peak_memory_bytes,
    join_columns,
    join_contracts,
    join_fixtures,
    join_targets,
)
from milo_bench.evidence.judges.silver import silver_labels
from milo_bench.evidence.load_rows import checked_windows
from milo_bench.evidence.null_model.logged import constant_answers
from milo_bench.evidence.set_up import find_set_up_problems, languages_of_work, unread_languages, unreported_caches
from milo_bench.evidence.until_decided.recorded import recorded_among, require_recorded
from milo_bench.guards.case_facts import case_facts
from milo_bench.guards.case_text import case_text, count_words, keyword_sets_in
from milo_bench.operator.evidence import operator_evidence
from milo_bench.run.asked.alike import Contracts
from milo_bench.run.plan import count_planned
from milo_bench.stats.cases.columns import UNKNOWN_WORDS, FixtureTable, fixture_table
from milo_bench.stats.cases.keywords import KeywordColumn
from milo_bench.store.erasures import ErasedTexts, FixtureFacts, read_erasures
from milo_bench.store.log.reader import RunLog, read_run_log


def gather_evidence(
    named: Mapping[Path, str],
    *,
    inventories: Mapping[str, dict[str, Any]] | None = None,
    review: Review | None = None,
    check_seals: bool = True,
    pool: GradingPool | None = None,
    today: date | None = None,
    silver: Mapping[str, SilverLabels] | None = None,
    keep: dict[Path, RunLog] | None = None,
) -> Evidence:
    """Read, grade and join the logs ``named``: where each lies, and the name that it has in the decision.

    ``pool`` judges the answers, this machine unless given. ``today`` is the day of the decision, on which licences of
    judges must be good. ``silver`` is as in the evidence; without it, what the suites' folders hold now.
    ``keep`` gets the logs with attempts as they were read, for who needs a few of them again.
    ``check_seals`` is as for ``read_run_log``. Raises DataError where the logs do not belong together: other
    versions of one suite, a target's name that stands for two models, an attempt that stands in two logs.
    """
    if not named:
        message = "No run logs to decide on."
        raise UsageError(message, hint="name the logs: milo-bench decide runs/*.jsonl.")
    logs = [read_run_log(path, check_seals=check_seals) for path in named]
    if keep is not None:
        keep |= {log.path: log for log in logs if log.attempts}
    _one_version_of_each_suite(logs)
    require_recorded(logs)
    targets = join_targets(logs)
    erased = {log.path: read_erasures(log.path) for log in logs if log.has_erased}
    facts = {id: one for texts in erased.values() for id, one in texts.facts.items()}
    fixtures = join_fixtures(logs)
    kept = {id: one for id, one in facts.items() if fixtures[id].erased}
    table = describe_fixtures(list(fixtures.values()), kept, contracts=join_contracts(logs))
    every, looked_at = rows_that_count(
        logs, table, dict(sorted(join_columns(logs, table, cut=True, pool=pool).items()))
    )
    cases = {candidate: columns for candidate, columns in every.items() if candidate.variant != CUT_UNCITED}
    if not cases and not any(log.load_windows or log.probes or log.episodes for log in logs):
        message = f"{logs[0].path} has no attempts."
        raise DataError(message, hint="'milo-bench run' makes a log that can be decided on.")
    again = dict(zip(named, again_paths([named[log.path] for log in logs]), strict=True))
    return Evidence(
        logs=tuple(_log_ref(log, named[log.path], again, logs) for log in logs),
        targets=targets,
        fixtures=table,
        cases=cases,
        cut={candidate: columns for candidate, columns in every.items() if candidate.variant == CUT_UNCITED},
        workloads=_workloads(logs),
        load=tuple((named[log.path], window) for log in logs for window in checked_windows(log)),
        probes=tuple(ProbeEvidence(named[log.path], probe) for log in logs for probe in log.probes),
        operators=operator_evidence(logs, named),
        contracts=_contracts(logs),
        loaded={
            named[log.path]: frozenset(contract.name for contract in log.header.workloads)
            for log in logs
            if log.load_windows
        },
        peak_memory_bytes=find_peak_memory_bytes(logs),
        inventories=dict(inventories or {}),
        reviews=review_measures(review, logs, erased) if review is not None else (),
        labels=labels_of(review, table, cases),
        looked_at=looked_at,
        set_up=find_set_up_problems(logs),
        unread=unread_languages(logs),
        languages=languages_of_work(logs),
        silver=silver_labels(logs) if silver is None else silver,
        today=today,
        ended=tuple(_ended(logs, named)),
        spent=tuple(
            SpentBudget(named[log.path], len(log.attempts))
            for log in logs
            if log.end is not None and log.end.reason == "budget"
        ),
        constants=constant_answers(logs, table.numbers(), cases, looked_at),
        licences={one.judge: one for log in logs for one in log.licences},
    )


def _log_ref(log: RunLog, name: str, again: Mapping[Path, str], logs: Iterable[RunLog]) -> LogRef:
    header, end, rule = log.header, log.end, log.header.plan.stopping
    beside = recorded_among(rule.beside, logs) if rule is not None and rule.beside is not None else None
    # What load and probes send is counted in their own records; such a log plans no attempts.
    planned = count_planned(header.plan) if log.attempts or not (log.load_windows or log.probes) else 0
    if rule is not None and end is not None and end.complete:
        planned = len(log.attempts)  # its rule withdrew the others, or took more than were planned
    return LogRef(
        path=name,
        sha256=log.sha256,
        run_id=header.run_id,
        created_at=header.created_at,
        suite=header.suite,
        variants=dict(header.plan.variants),
        store_text=header.store_text,
        inventory=header.inventory,
        planned=planned,
        attempted=len(log.attempts) + len(log.episodes),
        complete=planned == 0 or (end is not None and end.complete),
        command=rerun_command(
            header,
            name=again[log.path],
            attempts=len(log.attempts),
            load=log.load_windows,
            probes=log.probes,
            operator=bool(log.episodes),
            judgements=log.judgements,
            baseline="" if beside is None else again[beside.path],
        ),
        seal=log.seal,
        unknown=log.unknown,
        cached=unreported_caches([log]) or UNSET,
        unread=tuple(UnreadRow(*row) for row in log.bad_rows) or UNSET,
        earlier=header.earlier,
        tags=(header.selection.tags if header.selection is not None else ()) or UNSET,
    )


def _ended(logs: Iterable[RunLog], named: Mapping[Path, str]) -> Iterator[EndedWork]:
    for log in logs:
        planned = frozenset(log.header.plan.fixtures)
        for end in log.work_ends:
            mine = sum(one.workload == end.workload and one.id in planned for one in log.fixtures.values())
            yield EndedWork(named[log.path], end, mine)


def _one_version_of_each_suite(logs: Iterable[RunLog]) -> None:
    seen: dict[str, RunLog] = {}
    for log in logs:
        suite = log.header.suite
        first = seen.setdefault(suite.name, log)
        known = first.header.suite
        if known.hash != suite.hash:
            message = (
                f"{first.path} was run on {suite.name} {known.version} ({known.hash[:12]}), "
                f"{log.path} on {suite.version} ({suite.hash[:12]})."
            )
            raise DataError(message, hint="run decide on each suite version separately.")


class _KeywordSets:
    """The keyword sets of which the input of a fixture has a word, by its number; each text is read once."""

    def __init__(self, texts: Sequence[str], known: Mapping[int, frozenset[str]]) -> None:
        self._texts, self._found = texts, dict(known)

    def __call__(self, number: int) -> frozenset[str]:
        if number not in self._found:
            self._found[number] = keyword_sets_in(self._texts[number])
        return self._found[number]


def describe_fixtures(
    fixtures: Sequence[Fixture],
    kept: Mapping[str, FixtureFacts] | None = None,
    *,
    contracts: Contracts | None = None,
) -> FixtureTable:
    """What can be known of each fixture before any model answers; numbered in their order.

    ``kept`` are the facts of fixtures whose texts were erased, by id. ``contracts`` are what they were sent under.
    """
    kept = kept or {}
    texts = [case_text(fixture.input) for fixture in fixtures]
    known = {number: frozenset(kept[one.id].keyword_sets) for number, one in enumerate(fixtures) if one.id in kept}
    sets_of = _KeywordSets(texts, known)
    words = [
        kept[fixture.id].words if fixture.id in kept else count_words(text) if fixture.input else UNKNOWN_WORDS
        for text, fixture in zip(texts, fixtures, strict=True)
    ]
    return fixture_table(
        fixtures,
        words=words,
        keyword=KeywordColumn(sets_of),
        keyword_sets={name: KeywordColumn(sets_of, name) for name in KEYWORD_SETS},
        cases=[
            msgspec.convert(kept[fixture.id].case, CaseFacts) if fixture.id in kept else case_facts(fixture.input)
            for fixture in fixtures
        ],
        contracts=contracts,
        same_as={id: one.same_as for id, one in kept.items() if one.same_as},
    )


def _workloads(logs: Iterable[RunLog]) -> dict[tuple[str, str], Workload]:
    found: dict[tuple[str, str], Workload] = {}
    for log in logs:
        for workload in log.header.workloads:
            variant = log.header.plan.variants.get(workload.name, "")
            known = found.setdefault((workload.name, variant), workload)
            if known.prompt_hash != workload.prompt_hash:
                message = f"{log.path} has another prompt for '{workload.name}' than the other logs."
                raise DataError(message, hint="decide on the logs separately.")
    return found


def _contracts(logs: Iterable[RunLog]) -> dict[str, dict[str, str]]:
    """Digests by WORKLOAD or WORKLOAD/VARIANT. Raises DataError where two logs were judged by different contracts."""
    found: dict[str, tuple[RunLog, dict[str, str]]] = {}
    for log in logs:
        for workload in log.header.workloads:
            variant = log.header.plan.variants.get(workload.name, "")
            now = contract_digests(workload)
            place = f"{workload.name}/{variant}" if variant else workload.name
            first, known = found.setdefault(place, (log, log.header.digests.get(workload.name, {}) | now))
            if first is not log and judged_otherwise(known, now):
                what = ", ".join(contract_changes(place, known, now))
                message = f"{log.path} was judged by another contract than {first.path}: {what}."
                raise DataError(message, hint="grade both with one suite first: milo-bench grade LOG --suite SUITE.")
    return {place: digests for place, (_, digests) in found.items()}


def review_measures(
    review: Review, logs: Iterable[RunLog], erased: Mapping[Path, ErasedTexts]
) -> tuple[tuple[Candidate, Measure], ...]:
    """The measures of a review. Raises DataError where it was drawn from other logs."""
    before = {one.sha256_before for texts in erased.values() for one in texts.erasures}
    known = {name for log in logs for name in (log.sha256, *log.seals)}
    missing = set(review.logs) - known - before
    if missing:
        message = f"The review was drawn from {len(missing)} logs that are missing here or have changed."
        raise DataError(message, hint="name the logs that 'milo-bench review sample' drew from.")
    # What a program wrote from known answers is no opinion of people.
    return () if review.from_gold else review.measures
