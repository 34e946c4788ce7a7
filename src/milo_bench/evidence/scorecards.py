"""Run logs in, a scorecard for each suite out."""

from __future__ import annotations

from msgspec import structs

from milo_bench.core.errors import DataError
from milo_bench.core.paths import AnyPaths, as_paths
from milo_bench.decide.gates.every_look import at_any_look
from milo_bench.evidence.asked import rows_that_count
from milo_bench.evidence.grade_columns import GradingPool
from milo_bench.evidence.joining import (
    find_peak_memory_bytes,
    join_columns,
    join_contracts,
    join_fixtures,
    join_targets,
)
from milo_bench.evidence.judges.counts import judges_said
from milo_bench.evidence.judges.rules import rules_of
from milo_bench.evidence.judges.silver import silver_said
from milo_bench.evidence.set_up import (
    buffered_targets,
    find_set_up_problems,
    served_others,
    unread_languages,
    unreported_caches,
)
from milo_bench.guards.languages.names import language_name
from milo_bench.run.plan import count_planned
from milo_bench.stats.cases.columns import fixture_table
from milo_bench.stats.scorecard import Scorecard, make_scorecard
from milo_bench.store.log.reader import RunLog, read_run_log


def score_logs(paths: AnyPaths, *, pool: GradingPool | None = None) -> tuple[Scorecard, ...]:
    """One scorecard for each suite (name, hash and variants) in one or more run logs. Calls no model.

    ``pool`` judges the answers, this machine unless given.
    Logs of the same suite are combined; different suites or versions never are. Raises DataError if
    logs to combine contain the same attempt, or one target name for two models.
    """
    together: dict[tuple[str, str, str], list[RunLog]] = {}
    for path in as_paths(paths):
        log = read_run_log(path)
        _check_there_is_something(log)
        suite, variants = log.header.suite, log.header.plan.variants
        together.setdefault((suite.name, suite.hash, repr(sorted(variants.items()))), []).append(log)
    return tuple(_score(logs, pool) for logs in together.values())


def _score(logs: list[RunLog], pool: GradingPool | None) -> Scorecard:
    header = logs[0].header
    table = fixture_table(list(join_fixtures(logs).values()), contracts=join_contracts(logs))
    every = join_columns(logs, table, pool=pool)
    cases, places = rows_that_count(logs, table, every)
    card = make_scorecard(
        header.suite,
        join_targets(logs),
        list(cases.values()),
        table,
        planned=sum(count_planned(log.header.plan) for log in logs),
        variants=header.plan.variants,
        peak_memory_bytes=find_peak_memory_bytes(logs),
    )
    return structs.replace(
        card,
        attempted=sum(map(len, every.values())),
        measures=at_any_look(card.measures, cases, table, places),
        stopped=tuple(f"{one.workload} on {one.target}" for one in places),
        set_up=tuple(find_set_up_problems(logs).values()),
        buffered=buffered_targets(logs),
        unjudged=tuple(
            f"{workload}: {check} does not read {language_name(code)}, so answers in {language_name(code)} are unjudged"
            for (workload, check), code in unread_languages(logs).items()
        ),
        rules=tuple(rules_of(logs)),
        others=(*served_others(logs), *unreported_caches(logs)),
        judges=judges_said(logs),
        silver=silver_said(logs),
        unread=tuple(said for log in logs for _, said in log.bad_rows),
    )


def _check_there_is_something(log: RunLog) -> None:
    if not log.attempts and log.episodes:
        message = f"{log.path} contains operator episodes, and no attempts to score."
        raise DataError(message, hint="milo-bench operator report LOG --out FOLDER")
    if not log.attempts and (log.load_windows or log.probes):
        message = f"{log.path} contains load windows or probe results, and no attempts to score."
        raise DataError(message, hint="run a suite with 'milo-bench run' and score its log.")
