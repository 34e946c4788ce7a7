"""What `targets` says of a server: a 502, an untrusted certificate and a name with its tag, each in its own words."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from milo_bench.config.settings import Settings, TargetConfig
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.listening import serving_pids
from milo_bench.targets.listing import is_listed, list_targets


@asynccontextmanager
async def always(status: int) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def state(base_url: str, api: str = "openai", model: str = "fake-1") -> str:
    settings = Settings(targets={"t": TargetConfig(name="t", api=api, base_url=base_url, model=model)})
    (one,) = (await list_targets(settings, {})).targets
    return one.state


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("api", ["openai", "ollama"])
async def test_a_servers_own_error_is_no_answer(status: int, api: str) -> None:
    async with always(status) as address:
        assert await state(f"{address}/v1", api) == f"answers with HTTP {status}"


@asynccontextmanager
async def showing(head: str, body: bytes = b"") -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    server.close()


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ("200 OK\r\nContent-Type: text/html", b"<!DOCTYPE html><title>Sign in</title>", "answers with a web page"),
        ("302 Found\r\nLocation: https://sso.example/x?token=s3cret", b"", "redirects to https://sso.example/x"),
        ("200 OK\r\nContent-Type: application/json", b"[]", "answers"),
        ("429 Too Many Requests", b"", "answers"),
    ],
)
@pytest.mark.parametrize("api", ["openai", "ollama"])
async def test_what_stands_in_place_of_a_list_is_said(head: str, body: bytes, said: str, api: str) -> None:
    async with showing(head, body) as address:
        assert await state(address, api) == said


async def test_a_list_that_fails_alone_is_explained() -> None:
    async with always(500) as address:
        settings = Settings(targets={"t": TargetConfig(name="t", api="openai", base_url=f"{address}/v1", model="m")})
        (one,) = (await list_targets(settings, {})).targets
    assert "but the server may answer" in one.hint and "transformers serve" in one.hint


async def test_a_server_without_a_list_still_answers() -> None:
    async with always(404) as address:
        assert await state(f"{address}/v1") == "answers"


async def test_a_name_and_its_latest_tag_are_one_model() -> None:
    async with start_fake({"models": ["llama3:latest"]}) as fake:
        assert await state(fake.address, "ollama", "llama3") == "answers"
        assert await state(fake.address, "ollama", "llama3:8b") == "answers, but does not list this model"
    assert is_listed("m:latest", ["m"]) and not is_listed("m", ["m2:latest"])


def test_a_process_that_is_not_the_runtime_that_answers_is_not_measured_for_it() -> None:
    mine = os.getpid()
    assert serving_pids([mine], "") == (mine,), "an unknown server is taken for itself"
    assert serving_pids([mine], "vLLM") == (), "a proxy before vLLM, or a tunnel"
    assert serving_pids([2**22 + 1], "") == ()


def test_a_child_that_has_ended_hides_no_server() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.read() == b""
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how
        assert serving_pids([os.getpid()], "") == (os.getpid(),)
