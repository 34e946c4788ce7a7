"""Operator runs and trials of one target in, the work that has to be paid for out."""

from __future__ import annotations

from collections.abc import Sequence

from milo_bench.core.records import Episode, TargetRecord
from milo_bench.economics.operator_cost import OperatorWork
from milo_bench.stats.operator_totals import count_kinds, pass_rate
from milo_bench.stats.operator_trials import OperatorRun, Trial


def work_of(target: TargetRecord, runs: Sequence[OperatorRun], trials: Sequence[Trial]) -> OperatorWork:
    """Tokens and busy time of every episode of ``target``, retries and void ones too, and what its trials became."""
    mine = [episode for run in runs for episode in run.episodes if episode.key.target == target.name]
    turns = [turn for episode in mine for turn in episode.turns]
    rows = [trial for trial in trials if trial.target == target.name]
    kinds = count_kinds(rows)
    counted = len(rows) - kinds["void"] - kinds["missing"]
    played = [trial for trial in rows if trial.kind != "missing"]
    return OperatorWork(
        target=target.name,
        hosted=target.hosted,
        price=target.price,
        prompt_tokens=sum(turn.usage.prompt_tokens or 0 for turn in turns),
        completion_tokens=sum(turn.usage.completion_tokens or 0 for turn in turns),
        uncounted_turns=sum(turn.failure is None and turn.usage.completion_tokens is None for turn in turns),
        busy_s=sum(_busy_s([episode for episode in run.episodes if episode.key.target == target.name]) for run in runs),
        trials=counted,
        passed=kinds["passed"],
        failed=counted - kinds["passed"] - kinds["minefield"],
        minefields=kinds["minefield"],
        pass_interval=pass_rate(played).interval,
    )


def _busy_s(episodes: Sequence[Episode]) -> float:
    """Seconds in which at least one episode was under way; episodes played at once are not counted twice."""
    total, end_s = 0.0, float("-inf")
    for episode in sorted(episodes, key=lambda episode: episode.started_s):
        start_s = max(episode.started_s, end_s)
        if episode.ended_s > start_s:
            total += episode.ended_s - start_s
            end_s = episode.ended_s
    return total
