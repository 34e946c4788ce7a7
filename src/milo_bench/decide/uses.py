"""A policy with uses and evidence in, both with each use as work of its own out; and its rules back under one name.

``timeline`` with the uses ``preview`` and ``cited`` becomes ``timeline:preview`` and ``timeline:cited``: the same
recorded answers, judged by the gates of each use, so that each may get another target.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from milo_bench.config.economics.file import EconomicsFile
from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import WorkloadPolicy
from milo_bench.config.routing.use_names import name_of_use, use_of, workload_of
from milo_bench.core.errors import ConfigError
from milo_bench.core.lazy import MadeOnce
from milo_bench.decide.evidence import ConstantAnswer, Evidence
from milo_bench.decide.records import Candidate
from milo_bench.decide.wording import join_words

T = TypeVar("T")


def spread_policy(policy: PolicyFile) -> PolicyFile:
    """Each use as a workload with its own gates, and whatever it does not say as its workload has it."""
    spread: dict[str, WorkloadPolicy] = {}
    for name, config in policy.workloads.items():
        if not config.uses:
            spread[name] = config
        for use, own in config.uses.items():
            given = {field: getattr(own, field) for field in own.model_fields_set}
            title = own.title or f"{config.title or name}: {use}"
            spread[name_of_use(name, use)] = config.model_copy(update={**given, "title": title, "uses": {}})
    return policy if spread.keys() == policy.workloads.keys() else policy.model_copy(update={"workloads": spread})


def spread_evidence(policy: PolicyFile, evidence: Evidence) -> Evidence:
    """The recorded answers of a workload with uses, once for each use."""
    uses = {name: tuple(config.uses) for name, config in policy.workloads.items() if config.uses}
    if not uses:
        return evidence

    def named(workload: str) -> tuple[str, ...]:
        return tuple(name_of_use(workload, use) for use in uses.get(workload, ())) or (workload,)

    def of_each(by_candidate: Mapping[Candidate, T]) -> dict[Candidate, T]:
        return {of: value for one, value in by_candidate.items() for of in candidates_of(policy, one)}

    return replace(
        evidence,
        cases={one: replace(cases, workload=one.workload) for one, cases in of_each(evidence.cases).items()},
        cut={one: replace(cases, workload=one.workload) for one, cases in of_each(evidence.cut).items()},
        workloads={
            (name, variant): contract
            for (workload, variant), contract in evidence.workloads.items()
            for name in named(workload)
        },
        reviews=tuple((of, measure) for one, measure in evidence.reviews for of in candidates_of(policy, one)),
        labels=of_each(evidence.labels),
        looked_at=of_each(evidence.looked_at),
        set_up=of_each(evidence.set_up),
        unread={
            (name, check): language
            for (workload, check), language in evidence.unread.items()
            for name in named(workload)
        },
        silver={name: labels for one, labels in evidence.silver.items() for name in named(one)},
        languages={name: code for one, code in evidence.languages.items() for name in named(one)},
        constants={one: MadeOnce(_as_of(one, answers)) for one, answers in of_each(evidence.constants).items()},
    )


def _as_of(candidate: Candidate, answers: Iterable[ConstantAnswer]) -> Iterator[ConstantAnswer]:
    for answer in answers:
        yield answer.as_of(candidate.workload)


def candidates_of(policy: PolicyFile, candidate: Candidate) -> tuple[Candidate, ...]:
    """One for each use of the candidate's workload; the candidate itself where ``policy`` names none."""
    config = policy.workloads.get(candidate.workload)
    names = [name_of_use(candidate.workload, use) for use in config.uses] if config is not None else []
    return tuple(
        Candidate(name, candidate.target, candidate.variant, candidate.decoding)
        for name in names or [candidate.workload]
    )


def require_named_uses(policy: PolicyFile, economics: EconomicsFile) -> None:
    """Raise ConfigError for a line or volume of a workload with uses that names none of them: it would be forgone."""
    named: list[tuple[tuple[str, ...], str]] = [(("volumes", name), name) for name in economics.volumes]
    named += [(("lines", name, "workload"), line.workload) for name, line in economics.lines.items()]
    for place, name in named:
        config = policy.workloads.get(workload_of(name))
        if config is None or not config.uses or use_of(name) in config.uses:
            continue
        uses = [name_of_use(workload_of(name), use) for use in config.uses]
        message = f"{economics.where(*place)}: '{name[:60]}' is not a use of the policy's workload."
        raise ConfigError(message, hint=f"write {join_words(uses, 'or')}.")


def routed_use(rule: Mapping[str, Any], uses: Collection[str]) -> dict[str, Any]:
    """A rule for one of ``uses``, as routing.yaml has it: the workload, and the use beside it."""
    when = dict(rule.get("when", {}))
    asked = [name for name in when.get("workload", ()) if name in uses]
    if not asked:
        return dict(rule)
    first = {"workload": [workload_of(name) for name in asked], "use": [use_of(name) for name in asked]}
    return {**rule, "when": {**first, **{key: value for key, value in when.items() if key != "workload"}}}
