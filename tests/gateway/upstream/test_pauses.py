"""A pause that a server asked for: every client is told what is left of it, and no request is sent meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai import APIStatusError

from milo_bench.core.units import seconds
from milo_bench.gateway.upstream.health import TargetHealth
from tests.gateway.running import RunningGateway, running_gateway

RULE = {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}
ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{**RULE, "fallback": {"route": "refuse"}}],
    "default": {"route": "refuse"},
}


def busy(status: int, pause_s: float) -> dict[str, Any]:
    fault = {"kind": "status", "status": status, "retry_after_s": pause_s}
    return {"reply": {"text": "fine"}, "rules": [{"when": {"contains": "busy"}, "fault": fault}]}


async def refused(gateway: RunningGateway, text: str, *, stream: bool = False) -> tuple[int, str, str]:
    messages: Any = [{"role": "user", "content": text}]
    with pytest.raises(APIStatusError) as caught:
        await gateway.client().chat.completions.create(model="milo/notes", messages=messages, stream=stream)
    return caught.value.status_code, str(caught.value.code), caught.value.response.headers.get("Retry-After", "")


@pytest.mark.parametrize("shadow", [None, "local"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_is_told_what_is_left_of_the_pause(tmp_path: Path, shadow: str | None, stream: bool) -> None:
    script = {"local": busy(429, 300)}
    async with running_gateway(tmp_path, ROUTING, script, shadow=shadow) as gateway:
        assert await refused(gateway, "busy", stream=stream) == (429, "upstream_busy", "300")
        status, code, left = await refused(gateway, "another", stream=stream)
        assert (status, code) == (503, "target_down")
        assert 200 < int(left) <= 300
        assert gateway.seen("local") == 1


@pytest.mark.parametrize(("shadow", "status"), [(None, 503), ("local", 502)])
async def test_a_pause_after_another_failure_is_told_too(tmp_path: Path, shadow: str | None, status: int) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local": busy(503, 1.2)}, shadow=shadow) as gateway:
        assert await refused(gateway, "busy") == (status, "no_answer", "2")  # never less than what was asked for


def test_what_is_left_of_a_pause_ends_with_it() -> None:
    health = TargetHealth(30.0, token_s=0.0)
    health.failed("HTTP 429", 100.0, 2.5)
    assert [health.pause_left_s(now_s) for now_s in (100.0, 102.0, 102.5, 200.0)] == [2.5, 0.5, 0.0, 0.0]
    assert health.why(102.0) == f"it asked for a pause of {seconds(0.5)} more"
