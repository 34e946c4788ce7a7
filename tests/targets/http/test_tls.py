"""The aiohttp client, which TLS and proxies need, gives the same failures as the plain one."""

from __future__ import annotations

import time
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.address import Address, parse_address
from milo_bench.targets.http.tls import TlsWire, proxy_for
from tests.patience import WAIT_S

PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)
SHORT = Timeouts(WAIT_S, first_token_s=0.2, total_s=0.4)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, None),
        ("reset_before_headers", "reset"),
        ("reset_mid_stream", "reset"),
        ("cut_stream", "reset"),
        ("hang_before_headers", "first_token_timeout"),
        ("hang_before_first_token", "first_token_timeout"),
        ("hang_after_first_token", "total_timeout"),
        ("malformed_json", "bad_stream"),
        ({"kind": "status", "status": 429}, "rate_limited"),
    ],
)
async def test_each_fault_has_its_kind_of_failure(fault: Any, kind: str | None) -> None:
    rules = [] if fault is None else [{"fault": fault}]
    async with start_fake({"reply": {"text": "one two three"}, "rules": rules}) as fake:
        target = OpenAiTarget(TargetConfig(name="t", api="openai", model="fake-1", base_url=fake.base_url), {})
        target._wire = TlsWire(parse_address(fake.base_url), {"Content-Type": "application/json"})
        request = ChatRequest((Message("user", "x"),))
        limits = SHORT if kind and kind.endswith("timeout") else PATIENT
        exchange = await target.ask(request, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
        await target.stop()
        assert (exchange.failure and exchange.failure.kind) == kind
        assert len(fake.requests) == 1


async def test_nobody_listening_is_refused() -> None:
    wire = TlsWire(Address("https", "127.0.0.1", 1, ""), {})
    assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken == "connect_refused"
    await wire.close()


def test_the_environments_proxy_is_used_unless_excepted() -> None:
    place = parse_address("https://api.example.com/v1")
    env = {"HTTPS_PROXY": "http://proxy:3128"}
    assert proxy_for(place, env) == "http://proxy:3128"
    assert proxy_for(place, {**env, "NO_PROXY": "localhost, .example.com"}) is None
    assert proxy_for(place, {**env, "no_proxy": "ample.com"}) == "http://proxy:3128"
