"""Run logs in, a scorecard for each suite out."""

from __future__ import annotations

from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.paths import AnyPaths, as_paths
from milo_bench.core.records import AttemptKey, RunHeader, TargetRecord
from milo_bench.evidence.judging import judge_log
from milo_bench.run.plan import plan_attempts
from milo_bench.stats.scorecard import Scorecard, ScorecardBuilder
from milo_bench.store.log.reader import read_run_log


def score_logs(paths: AnyPaths) -> tuple[Scorecard, ...]:
    """One scorecard for each suite (name, hash and variants) in one or more run logs. Calls no model.

    Logs of the same suite are combined; different suites or versions never are. Raises DataError if
    logs to combine contain the same attempt, or one target name for two models.
    """
    builders: dict[tuple[str, str, str], ScorecardBuilder] = {}
    seen: dict[tuple[str, str, str], dict[AttemptKey, Path]] = {}
    for path in as_paths(paths):
        log = read_run_log(path)
        header = log.header
        if not log.attempts and log.episodes:
            message = f"{path} holds operator episodes, and no attempts to score."
            raise DataError(message, hint="their points stand in them: milo-bench operator report LOG --out FOLDER")
        if not log.attempts and (log.load_windows or log.probes):
            message = f"{path} holds load windows or probe results, and no attempts to score."
            raise DataError(message, hint="'milo-bench run' makes a log that can be scored.")
        place = (header.suite.name, header.suite.hash, repr(sorted(header.plan.variants.items())))
        builder = builders.get(place)
        if builder is None:
            builder = builders[place] = ScorecardBuilder(header.suite, header.targets, header.plan.variants)
            seen[place] = {}
        else:
            _join_targets(builder, header, path)
        builder.planned += len(plan_attempts(header.plan))
        for judged in judge_log(log):
            key = judged.attempt.key
            if key in seen[place]:
                message = f"{path} and {seen[place][key]} both hold {key.fixture} on {key.target}."
                raise DataError(message, hint="score them one at a time, or use 'compare' to set runs side by side.")
            seen[place][key] = path
            builder.add(judged.attempt, judged.graded, judged.fixture)
        for target, memory_bytes in log.peak_memory_bytes.items():
            builder.add_memory(target, memory_bytes)
    return tuple(builder.build() for builder in builders.values())


def _join_targets(builder: ScorecardBuilder, header: RunHeader, path: Path) -> None:
    for target in header.targets:
        known = builder.targets.setdefault(target.name, target)
        if _identity(known) != _identity(target):
            message = f"Target '{target.name}' in {path} is not the model that it is in the logs before."
            raise DataError(message, hint="score the logs one at a time, or set them side by side with 'compare'.")


def _identity(target: TargetRecord) -> tuple[str, str, str]:
    return (target.model, target.model_digest, target.quantisation)
