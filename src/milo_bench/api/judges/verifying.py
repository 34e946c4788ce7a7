"""A complete run and a stronger target in; what that says of each answer, recorded in the log, out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from milo_bench.config.rubric import VERIFIER_RUBRIC, load_rubric
from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.errors import ConfigError
from milo_bench.core.records.judgements import VERIFIER
from milo_bench.evidence.judges.record import JudgedAnswers, JudgeRunOptions, judge_log_answers
from milo_bench.run.serving.leaving import require_allowed
from milo_bench.run.spec import RunSpec


def require_verifier(verifier: TargetConfig, spec: RunSpec) -> None:
    """What a verifier needs is there before any model is started. Raises UsageError and ConfigError."""
    require_allowed(
        [verifier.name] if verifier.hosted else [], allowed=spec.allow_hosted, what="answers and cases would leave"
    )
    if spec.store_text != "full":
        message = "A verifier reads the answers, and this run stores less than their full text."
        raise ConfigError(message, hint="use --store-text full.")
    if set(spec.plan.targets) == {verifier.name}:
        message = f"'{verifier.name}' would only verify its own answers, and no other target is run."
        raise ConfigError(message, hint="add a target to --models, or name a stronger --verifier.")


def verify_answers(
    log: Path, verifier: TargetConfig, env: Mapping[str, str], *, limits: RunConfig, concurrency: int, allowed: bool
) -> JudgedAnswers:
    """Let ``verifier`` accept or reject every answer that is not its own; what it has said before is kept."""
    options = JudgeRunOptions(
        name=f"{VERIFIER}{verifier.name}", unless=verifier.name, concurrency=concurrency, allow_hosted=allowed
    )
    return judge_log_answers(log, load_rubric(VERIFIER_RUBRIC), verifier, env, limits=limits, options=options)
