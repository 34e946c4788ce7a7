"""A case record in, the events that a summary needs out; contradictory statuses go to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.records import Fixture
from milo_bench.guards.event_selection import as_document, select_events
from milo_bench.run.step import PREPARE_STEPS, StepResult


def prepare_events(fixture: Fixture, params: Mapping[str, Any]) -> StepResult:
    """``input.case`` through a selection policy; contradictory statuses go to a person."""
    if unknown := set(params) - {"policy", "max_events"}:
        message = f"select_events has no parameter '{min(unknown)}'."
        raise ConfigError(message, hint="use policy and max_events.")
    try:
        case = msgspec.convert(fixture.input.get("case"), CaseRecord)
    except msgspec.ValidationError as error:
        message = f"Fixture '{fixture.id}': input.case is not a case record ({error})."
        raise DataError(message, hint="run 'milo-bench suite check' on the suite.") from None
    policy, max_events = params.get("policy", "policy_v2"), params.get("max_events", 24)
    selection = select_events(case, policy=policy, max_events=max_events)
    recorded = {
        "policy": policy,
        "route": selection.route,
        "current_status": selection.current_status,
        "events": [event.id for event in selection.events],
    }
    bypass = f"human_review: {'; '.join(selection.reasons)}" if selection.route == "human_review" else ""
    return StepResult(shown={} if bypass else as_document(selection), recorded=recorded, bypass=bypass)


PREPARE_STEPS.add("select_events", prepare_events)
