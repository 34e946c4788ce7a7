"""A registry and its history in, every figure of a record that its own outcomes do not give out; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from milo_bench.config.roles.file import RegistryFile
from milo_bench.decide.promotion.escalation import recompute_escalation
from milo_bench.decide.promotion.family import error_shares
from milo_bench.decide.promotion.judge import compare
from milo_bench.decide.promotion.pairs import target_figures
from milo_bench.decide.promotion.records import PromotionRecord, RoleDecision

_FIGURES = (
    "acceptance_rate",
    "weighted_pass",
    "review_pain",
    "hard_failure_rate",
    "latency_p50_s",
    "cost_per_case_usd",
)


def recompute(file: RegistryFile, history: Sequence[PromotionRecord]) -> Iterator[str]:
    """One sentence for each figure of the latest record that differs from what its outcomes and pairs give."""
    last = next((number for number in reversed(range(len(history))) if history[number].kind == "decision"), None)
    for role in history[last].roles if last is not None else ():
        if role.role in file.roles and last is not None:
            yield from _role(file, history[last], history[:last], role)
    for report in history[last].escalations if last is not None else ():
        yield from recompute_escalation(report)


def _role(
    file: RegistryFile, record: PromotionRecord, before: Sequence[PromotionRecord], role: RoleDecision
) -> Iterator[str]:
    config = file.roles[role.role]
    for stated in role.figures:
        outcomes = record.outcomes.get(role.role, {}).get(stated.target, ())
        found = target_figures(stated.target, outcomes, config, file.policy, family=stated.family, tier=stated.tier)
        for name in _FIGURES:
            if getattr(found, name) != getattr(stated, name):
                yield f"{role.role}, {stated.target}: {name} is not what its cases give"
    names = [one.target for one in role.decisions]
    shares = error_shares(before, role.role, role.before, names, record.models, fresh=record.fresh)
    for one in role.decisions:
        pairs = record.pairs.get(role.role, {}).get(one.target, ())
        each = file.policy.error / len(names)
        error = file.policy.error * shares[one.target] if record.shared else each
        if one.comparisons and compare(pairs, file.policy, error=error, worse_error=each) != one.comparisons:
            yield f"{role.role}, {one.target}: the comparison is not what its pairs give"
