"""Where a request has to be put otherwise, its hint names a way that the gateway takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from milo_bench.suites.load import load_suite
from tests.gateway.running import running_gateway

CASE: Final = next(one.input for one in load_suite("demo_v1").fixtures if one.workload == "orders")
SAID: Final = [{"role": "user", "content": "hello"}]
RULES: Final[dict[str, Any]] = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "local", "prompt": "orders_v1"},
        {"id": "gone", "when": {"workload": "gone"}, "route": "local", "target": "local", "prompt": "gone_v1"},
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
    ],
    "default": {"route": "refuse"},
}
CHAT, TEXT, VECTORS, RESPONSES = "chat/completions", "completions", "embeddings", "responses"
SERVE = "start the gateway with --suite NAME-OR-FOLDER, the suite that has this prompt."
# A door, a workload and what is sent there; the status, and a part of the message and of the hint.
WAYS: Final[list[tuple[str, str, dict[str, Any], int, str, str]]] = [
    (TEXT, "orders", {}, 400, "'prompt' must be", "send the text to complete."),
    (TEXT, "orders", {"prompt": "Hello"}, 422, "rests on a measured prompt",
     "send the case to /v1/chat/completions: milo: {workload: orders, input: {…}}."),
    (TEXT, "orders", {"milo": {"input": CASE}}, 422, "/v1/completions takes no 'milo.input'.",
     "send the case to /v1/chat/completions: milo: {workload: orders, input: {…}}."),
    (TEXT, "notes", {"milo": {"input": CASE}}, 422, "/v1/completions takes no 'milo.input'.",
     "send your own text as 'prompt', without 'milo.input'."),
    (TEXT, "gone", {"milo": {"input": CASE}}, 422, "/v1/completions takes no 'milo.input'.", SERVE),
    (VECTORS, "orders", {"input": "a", "milo": {"input": CASE}}, 422, "/v1/embeddings takes no 'milo.input'.",
     "send your own text as 'input', without 'milo.input'."),
    (CHAT, "orders", {"messages": SAID}, 422, "rests on a measured prompt",
     "send the case: milo: {workload: orders, input: {…}}."),
    (CHAT, "orders", {"milo": {"input": CASE}}, 200, "", ""),
    (CHAT, "notes", {}, 400, "'messages' must be", "or milo.input if the rule has a measured prompt."),
    (CHAT, "notes", {"milo": {"input": CASE}}, 422, "no measured prompt for 'notes'",
     "send your own text as 'messages', without 'milo.input'."),
    (CHAT, "notes", {"messages": SAID}, 200, "", ""),
    (CHAT, "gone", {"messages": SAID}, 422, "rests on a measured prompt", SERVE),
    (CHAT, "gone", {"milo": {"input": CASE}}, 422, "no measured prompt for 'gone'", SERVE),
    (RESPONSES, "orders", {"input": "Hello"}, 422, "rests on a measured prompt",
     "send the case: milo: {workload: orders, input: {…}}."),
    (RESPONSES, "orders", {"milo": {"input": CASE}}, 200, "", ""),
    (RESPONSES, "notes", {"milo": {"input": CASE}}, 422, "no measured prompt for 'notes'",
     "send your own text as 'input', without 'milo.input'."),
]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
async def test_each_hint_names_a_way_that_this_door_and_this_rule_take(tmp_path: Path, known: bool) -> None:
    script = {"local": {"reply": {"text": '{"order": "MX-11111"}'}}}
    served = running_gateway(tmp_path, RULES, script, suites=("demo_v1",))
    async with served as gateway, aiohttp.ClientSession() as session:
        for door, workload, fields, status, message, hint in WAYS:
            model = {"model": f"milo/{workload}"} if known else {"model": "milo"}
            headers = {} if known else {"X-Milo-Workload": workload}
            url = f"{gateway.address}/v1/{door}"
            async with session.post(url, json={**model, **fields}, headers=headers) as reply:
                said = await reply.json()
                assert (door, workload, reply.status) == (door, workload, status), said
            if status != 200:
                assert message in said["error"]["message"]
                assert hint in said["error"]["hint"]
