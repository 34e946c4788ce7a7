"""A sampled request of live work in, what a fixture of it says out: the redacted case, and where it is from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from milo_bench.store.state.samples import SampledWork


def sampled_fixture(one: SampledWork) -> dict[str, Any]:
    """The fields of a fixture, without an expected value: nobody has said yet what is right."""
    return {
        "id": f"live-{one.request.removeprefix('r_')}",
        "workload": one.workload,
        "input": one.input,
        "expect": {},
        "tags": list(dict.fromkeys((*one.tags, "live"))),
        "provenance": {
            "source": "sample of the gateway", "request": one.request,
            "at": datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds"), "routing": one.routing,
            "rule": one.rule, "outcome": one.outcome, "target": one.target, "model_digest": one.model_digest,
            "failed_checks": list(one.failed_checks), "redacted": one.redacted,
        },
    }  # fmt: skip
