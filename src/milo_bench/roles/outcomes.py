"""One judged answer in, how it did in its role out: accepted, hard failure, minutes of a person; pure."""

from __future__ import annotations

from typing import Final

from milo_bench.config.roles.file import ReviewMinutes
from milo_bench.core.records import Attempt, Fixture, Graded, Price
from milo_bench.decide.promotion.records import RoleOutcome

# An answer that cannot be used at all, or deceives: beyond being wrong.
HARD_CATEGORIES: Final = frozenset(
    {
        *("empty_answer", "malformed_json", "schema", "unparsable", "patch_does_not_apply", "tampering"),
        *("not_json", "schema_violation", "invented"),
    }
)
FALSE_ALARM: Final = "false_alarm"


def outcome_of(
    attempt: Attempt, fixture: Fixture, graded: Graded, minutes: ReviewMinutes, price: Price | None
) -> RoleOutcome | None:
    """The outcome, None for an answer that no check could judge. A failure of the runtime is a hard failure."""
    if attempt.failure is None and graded.passed is None:
        return None
    failed = [verdict for verdict in graded.verdicts if verdict.outcome == "fail"]
    accepted = graded.passed is True
    hard = attempt.failure is not None or any(verdict.category in HARD_CATEGORIES for verdict in failed)
    alarms = sum(verdict.category == FALSE_ALARM for verdict in failed)
    pain = minutes.unparsable if hard else minutes.read
    pain += 0.0 if accepted else minutes.edit
    pain += alarms * minutes.false_alarm
    provenance = fixture.provenance
    why = attempt.failure.message if attempt.failure is not None else "; ".join(_reason(one) for one in failed)
    return RoleOutcome(
        fixture=fixture.id,
        workload=fixture.workload,
        group=str(provenance.get("commit") or fixture.id),
        accepted=accepted,
        hard=hard,
        pain_min=min(pain, minutes.most),
        time=int(provenance.get("time") or 0),
        latency_s=attempt.timings.latency_s if attempt.failure is None and attempt.source is None else None,
        cost_usd=_cost(attempt, price) if attempt.source is None else None,
        false_alarms=alarms,
        why=why[:300],
    )


def _reason(verdict: object) -> str:
    category, reason = getattr(verdict, "category", ""), getattr(verdict, "reason", "")
    return f"{category}: {reason}" if reason else str(category)


def _cost(attempt: Attempt, price: Price | None) -> float | None:
    usage = attempt.usage
    if price is None:
        return 0.0
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    return (
        usage.prompt_tokens * price.input_usd_per_mtok + usage.completion_tokens * price.output_usd_per_mtok
    ) / 1_000_000
