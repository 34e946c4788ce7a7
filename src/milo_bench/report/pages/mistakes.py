"""A measure and its slice in, the mistake that it counts in a few words out, so that less is always better."""

from __future__ import annotations

from typing import Final

_MISTAKES: Final = {
    "pass_rate": "answers with a mistake",
    "accuracy": "wrong labels",
    "recall": "missed",
    "json_valid_rate": "not valid JSON",
    "field_accuracy": "wrong values",
    "citation_coverage": "uncited statements",
    "failure_rate": "no answer in time",
    "unsupported_claim_rate": "unsupported statements",
    "policy_violation_rate": "policy violations",
    "check_pass_rate": "failed",
}


def mistake(measure: str, slice: str = "") -> str:
    """``Missed: escalate``, ``Wrong values: received date``, ``Failed: missing documents``."""
    if measure.startswith("probe:"):
        return f"Probe {measure.removeprefix('probe:').replace('_', ' ')}"
    said = _MISTAKES.get(measure, measure.replace("_", " "))
    name = slice.partition("=")[2].replace("_", " ") if slice else ""
    return f"{said[:1].upper()}{said[1:]}: {name}" if name else f"{said[:1].upper()}{said[1:]}"
