"""``n`` of a request: as many answers, streamed and whole, each with its index."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from milo_bench.targets.fake.server import start_fake


async def posted(base_url: str, **more: Any) -> httpx.Response:
    body = {"model": "fake-1", "messages": [{"role": "user", "content": "hi"}], **more}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{base_url}/chat/completions", json=body)


async def test_two_answers_are_given_where_two_are_wanted() -> None:
    async with start_fake({"reply": {"text": "one two"}}) as fake:
        whole = (await posted(fake.base_url, n=2)).json()
        streamed = (await posted(fake.base_url, n=2, stream=True)).text
    assert [(choice["index"], choice["message"]["content"]) for choice in whole["choices"]] == [
        (0, "one two"),
        (1, "one two"),
    ]
    texts: dict[int, str] = {0: "", 1: ""}
    for line in streamed.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line[6:])["choices"]:
                texts[choice["index"]] += choice["delta"].get("content") or ""
    assert texts == {0: "one two", 1: "one two"}


@pytest.mark.parametrize("n", [0, -1, "two", 1.5, True, 1000])
async def test_a_number_that_makes_no_sense_is_refused(n: object) -> None:
    async with start_fake({}) as fake:
        assert (await posted(fake.base_url, n=n)).status_code == 400
