"""A workload's contract in, the guardrails that its rule in the routing table enforces out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import CUT_UNCITED, MODEL_ROUTES, RUNTIME_CHECKS
from milo_bench.core.records import Workload
from milo_bench.grade.engine import served_gap

# A flag asks for a look and is often wrong; as a guardrail it would send most answers to people.
NO_GUARDRAILS: Final = frozenset({"unsupported_facts"})


def own_guardrails(contract: Workload, *, cuts: bool = False, before: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """The deterministic steps before the prompt, then the contract's checks that can run on a live answer.

    ``cuts``: uncited sentences are cut. Checks for which a rule of ``before`` stops an answer anyway are left out.
    """
    steps = ["event_selection", "conflict_bypass"] if "select_events" in contract.prepare else []
    steps += [CUT_UNCITED] if cuts else []
    stopped = {check for rule in before for check in rule.get("when", {}).get("failed_checks", ())}
    can_run = (name for name in known_live(contract) if name not in NO_GUARDRAILS)
    return [*steps, *(name for name in can_run if name not in stopped)]


def known_live(contract: Workload) -> tuple[str, ...]:
    """The checks of ``contract`` that find something of a live answer wrong, as the suite sets them."""
    named = dict.fromkeys(spec.name for spec in contract.checks if not served_gap(spec))
    return tuple(name for name in named if name in RUNTIME_CHECKS)


def with_guardrails(file: RoutingFile, contract: Workload | None) -> RoutingFile:
    """``file`` as it goes live: its last rule sends answers that break a check of ``contract`` to its fallback."""
    if contract is None or not file.rules or file.rules[-1].route not in MODEL_ROUTES:
        return file
    last = file.rules[-1]
    checks = tuple(name for name in own_guardrails(contract) if name in RUNTIME_CHECKS)
    return file.model_copy(update={"rules": (*file.rules[:-1], last.model_copy(update={"guardrails": checks}))})
