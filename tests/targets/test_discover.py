"""Local servers are found on their usual ports, and never sent a key."""

from __future__ import annotations

import asyncio

import pytest

from milo_bench.targets import discover, discover_local
from milo_bench.targets.fake.server import start_fake


@pytest.fixture(autouse=True)
def no_servers_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Model servers that happen to run on this machine are no part of these tests."""
    monkeypatch.setattr("milo_bench.targets.discover.model_server_ports", lambda: ())


@pytest.fixture(autouse=True)
def no_usual_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "_USUAL", ())


async def test_both_variables_are_asked_and_models_listed() -> None:
    async with start_fake({"models": ["a", "b"]}) as fake:
        env = {"OPENAI_BASE_URL": fake.base_url, "OLLAMA_HOST": f"0.0.0.0:{fake.port}"}
        found = {server.api: server for server in await discover_local(env)}
        assert found["openai"].models == ("a", "b")
        assert found["openai"].base_url == fake.base_url
        assert found["ollama"].base_url == fake.address


async def test_a_usual_port_is_found_without_any_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with start_fake({}) as fake:
        monkeypatch.setattr(discover, "_USUAL", (("llama-server", fake.port),))
        (server,) = await discover_local({})
        assert (server.api, server.source) == ("openai", "port")


async def test_no_key_is_sent_and_a_silent_port_is_given_up_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            heard.extend(data)
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(discover, "_USUAL", (("vLLM", port), ("SGLang", 1)))
    limits = discover._LIMITS
    assert limits.connect_s + limits.total_s < 1.0
    assert await discover_local({"OPENAI_API_KEY": "sk-secret"}) == []
    assert b"GET /v1/models" in heard
    assert b"sk-secret" not in heard
    assert b"uthorization" not in heard
    server.close()


async def test_what_is_no_model_server_is_left_out() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await discover_local({"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}) == []
    server.close()
