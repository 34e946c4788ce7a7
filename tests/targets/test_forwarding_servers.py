"""A server of one's own that hands a request on to a public one is no local target, whatever its address is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import TargetError
from milo_bench.targets import open_target
from milo_bench.targets.http.next_hop import outside

_OLLAMA = {
    "/api/version": {"version": "0.12.3"},
    "/api/tags": {"models": [{"name": "big:cloud", "digest": "ab", "remote_host": "https://models.example:443"}]},
    "/api/show": {"remote_model": "big", "remote_host": "https://models.example:443", "details": {}},
    "/api/ps": {"models": []},
    "/api/chat": {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"},
    "/v1/models": {"data": [{"id": "big:cloud", "owned_by": "library"}]},
    "/v1/chat/completions": {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]},
}
_PLAIN = {
    "/v1/models": {"data": [{"id": "big:cloud", "owned_by": "someone"}]},
    "/v1/chat/completions": {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]},
}


@asynccontextmanager
async def serving(pages: dict[str, Any], header: str = "") -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        page = pages.get(head.split()[1])
        body = json.dumps(page).encode()
        status = "404 Not Found" if page is None else "200 OK"
        fields = f"Content-Type: application/json\r\nConnection: close\r\n{header}Content-Length: {len(body)}"
        writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _target(api: str, root: str, **more: Any) -> Any:
    base = f"{root}/v1" if api == "openai" else root
    return open_target(TargetConfig(name="near", api=api, base_url=base, model="big:cloud", **more), {})


@pytest.mark.parametrize("more", [{}, {"hosted": False}])
@pytest.mark.parametrize(
    ("api", "pages", "header"),
    [
        ("ollama", _OLLAMA, ""),
        ("ollama", {**_OLLAMA, "/api/show": {}}, ""),
        ("openai", _OLLAMA, ""),
        ("openai", _PLAIN, "x-litellm-model-api-base: https://api.example.com/v1\r\n"),
    ],
)
async def test_a_server_that_says_it_sends_on_to_a_public_one_is_refused_before_any_work(
    api: str, pages: dict[str, Any], header: str, more: dict[str, Any]
) -> None:
    async with serving(pages, header) as root:
        target = _target(api, root, **more)
        try:
            with pytest.raises(TargetError, match=r"outside your network: .*(models|api)\.example") as refused:
                await target.start()
        finally:
            await target.stop()
    assert "'hosted: true'" in refused.value.hint and "hosted: false" not in refused.value.hint


@pytest.mark.parametrize("api", ["ollama", "openai"])
async def test_the_same_server_called_hosted_is_used(api: str) -> None:
    async with serving(_OLLAMA) as root:
        target = _target(api, root, hosted=True)
        try:
            assert (await target.start()).hosted
        finally:
            await target.stop()


async def test_a_proxy_that_sends_on_inside_the_network_is_a_local_target() -> None:
    async with serving(_PLAIN, "x-litellm-model-api-base: http://10.0.0.7:8080/v1\r\n") as root:
        target = _target("openai", root)
        try:
            assert not (await target.start()).hosted
        finally:
            await target.stop()


_SIGNS = ["OpenAI-Processing-Ms: 120", "cf-ray: 8a1b2c3d4e5f-FRA", "X-Groq-Region: eu", "x-amz-cf-id: ab=="]


@pytest.mark.parametrize("field", _SIGNS)
async def test_an_answer_with_a_field_of_a_public_api_is_refused_until_a_person_says_whose_it_is(field: str) -> None:
    async with serving(_PLAIN, f"{field}\r\n") as root:
        target = _target("openai", root)
        try:
            with pytest.raises(TargetError, match=r"outside your network: its answer has a header of") as refused:
                await target.start()
        finally:
            await target.stop()
        assert field.partition(":")[0].lower() in refused.value.message
        assert "'hosted: true'" in refused.value.hint and "'hosted: false'" in refused.value.hint
        for said in (True, False):
            target = _target("openai", root, hosted=said)
            try:
                assert (await target.start()).hosted is said
            finally:
                await target.stop()


async def test_fields_of_proxies_in_the_own_network_are_no_sign_of_a_public_api() -> None:
    fields = "Server: nginx\r\nVia: 1.1 haproxy\r\nX-Request-Id: ab\r\nX-Envoy-Upstream-Service-Time: 3\r\n"
    async with serving(_PLAIN, fields) as root:
        target = _target("openai", root)
        try:
            assert not (await target.start()).hosted
        finally:
            await target.stop()


def test_what_a_server_says_of_its_next_hop_is_shown_without_user_and_query() -> None:
    assert outside("https://u:secret@api.example.com/v1?key=1") == "api.example.com/v1"
    assert outside("api.example.com") == "https://api.example.com"
    assert outside(None) == outside("") == outside("http://gpu.internal:1") == outside("10.1.1.1:8080") == ""
