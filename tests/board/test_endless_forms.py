"""Forms that never end or never come: they are read no further than a form may be, and nobody waits for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from milo_bench.board.server import requests as form_reading
from milo_bench.core.errors import UsageError


def form_of(receive: Any) -> dict[str, str]:
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/x-www-form-urlencoded")]}
    return asyncio.run(form_reading.read_form(Request(scope, receive)))


def test_a_body_without_an_end_is_read_no_further_than_a_form_may_be() -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 50_000
        return {"type": "http.request", "body": b"a=1&b" * 10_000, "more_body": True}

    with pytest.raises(UsageError, match="too long"):
        form_of(receive)
    assert read <= form_reading.MOST_FORM_BYTES + 50_000


def test_a_form_that_arrives_too_slowly_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_reading, "FORM_WAIT_S", 0.0)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(UsageError, match="too long to arrive"):
        form_of(receive)
