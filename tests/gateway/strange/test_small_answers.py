"""Small things that clients and operators read: methods of health paths, the field at fault, hints that fit."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from aiohttp import ClientSession

from milo_bench.cli.main import milo_bench
from milo_bench.cli.next_command import with_options
from milo_bench.gateway.answering.reasons import unrecorded
from tests.gateway.running import running_gateway

ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{"id": "people", "when": {"workload": "notes"}, "route": "human_review"}],
    "default": {"route": "refuse"},
}
ASKED = {"model": "milo/notes", "messages": [{"role": "user", "content": "x"}]}


async def test_health_takes_get_and_head_and_errors_name_what_fits(tmp_path: Path) -> None:
    async with (
        running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}) as gateway,
        ClientSession() as web,
    ):
        for base in (gateway.address, gateway.admin):
            async with web.head(f"{base}/health/live") as reply:
                assert (reply.status, await reply.read()) == (200, b"")
                assert int(reply.headers["Content-Length"]) > 0
            async with web.post(f"{base}/health/live") as reply:
                assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
        async with web.get(f"{gateway.admin}/nothing") as reply:
            hint = (await reply.json())["error"]["hint"]
            assert "/metrics" in hint and "/v1/" not in hint
        for more, param in (
            ({"max_tokens": -1}, "max_tokens"),
            ({"stream": "yes"}, "stream"),
            ({"model": "x"}, "model"),
        ):
            async with web.post(f"{gateway.address}/v1/chat/completions", json={**ASKED, **more}) as reply:
                assert (await reply.json())["error"]["param"] == param


async def test_queued_work_says_the_same_each_time_it_is_fetched(tmp_path: Path) -> None:
    async with (
        running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}) as gateway,
        ClientSession() as web,
    ):
        async with web.post(f"{gateway.address}/v1/chat/completions", json=ASKED) as reply:
            first = await reply.json()
        async with web.get(f"{gateway.address}{first['milo']['fetch']}") as reply:
            second = await reply.json()
    assert " " in first["milo"]["why"]
    assert json.dumps(second, sort_keys=True) == json.dumps(first, sort_keys=True)


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "free some space"), (errno.ENOENT, "put the audit's folder back"), (errno.EACCES, "permissions")],
)
def test_what_to_do_about_an_audit_follows_from_what_is_wrong(number: int, hint: str) -> None:
    assert hint in unrecorded(OSError(number, "no")).hint


@pytest.mark.parametrize(
    ("line", "given", "said"),
    [
        ("milo-bench queue take q", ("queue", "show", "q", "--state", "m y"), "milo-bench queue take q --state 'm y'"),
        ("milo-bench queue list", ("queue", "take", "--as=ann", "--state=a"), "milo-bench queue list --state a"),
        ("milo-bench queue answer q", ("queue", "take", "q", "--as", "ann"), "milo-bench queue answer q --as ann"),
        ("milo-bench keys list", ("keys", "add", "--state", "db://a:b@h/d"), "milo-bench keys list --state URL"),
        ("milo-bench targets", ("queue", "show", "--state", "a.db"), "milo-bench targets"),
        ("start the server.", ("queue", "show", "--state", "a.db"), "start the server."),
    ],
)  # fmt: skip
def test_a_next_command_has_the_options_that_it_needs(line: str, given: tuple[str, ...], said: str) -> None:
    assert with_options(line, milo_bench, given) == said
