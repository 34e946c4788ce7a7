"""A probe's own stream goes the way that the target's requests go: through its proxy, and nowhere beside it."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from milo_bench.config.settings import TargetConfig
from milo_bench.probes.context import ProbeContext, ProbeOptions
from milo_bench.probes.open_stream import OpenStream
from milo_bench.targets import open_target
from tests.patience import WAIT_S

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n'
)


async def _head(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


@asynccontextmanager
async def server(secure: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[str]]]:
    """The port of a model server, and the heads of what it was asked."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            seen.append(await _head(reader))
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=secure)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen


@asynccontextmanager
async def proxy(to_port: int, *, status: str = "200 Connected") -> AsyncIterator[tuple[int, list[str]]]:
    """The port of a proxy that leads everything to ``to_port``, and the heads that it got."""
    seen: list[str] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await _head(reader)
        seen.append(head)
        if head.startswith("CONNECT"):
            writer.write(f"HTTP/1.1 {status}\r\nVia: test\r\n\r\n".encode())
            if not status.startswith("2"):
                writer.close()
                return
        there, back = await asyncio.open_connection("127.0.0.1", to_port)
        if not head.startswith("CONNECT"):
            back.write(head.encode("latin-1"))
        await asyncio.gather(pump(reader, back), pump(there, writer))

    listening = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen


def context(base_url: str, env: dict[str, str] | None = None, **config: Any) -> ProbeContext:
    made = TargetConfig(name="t", api="openai", model="m", base_url=base_url, **config)
    return ProbeContext.make(made, env or {}, ProbeOptions(quick=True), lambda one: open_target(one, env or {}))


async def streamed(ctx: ProbeContext) -> bool:
    try:
        stream = await OpenStream.begin(ctx, ctx.body("Count."))
        came = await stream.read_until(b"[DONE]", WAIT_S)
        stream.leave()
        return came
    finally:
        await ctx.close()


async def test_without_a_proxy_it_goes_straight_to_the_server() -> None:
    async with server() as (port, seen):
        assert await streamed(context(f"http://127.0.0.1:{port}/v1"))
    assert seen[0].startswith("POST /v1/chat/completions HTTP/1.1\r\n")


async def test_a_targets_proxy_gets_the_whole_address() -> None:
    async with server() as (port, _), proxy(port) as (its_port, seen):
        # The name leads nowhere: only by the proxy does anything come back.
        ctx = context("http://models.invalid:8080/v1", proxy=f"http://127.0.0.1:{its_port}", hosted=False)
        assert await streamed(ctx)
    assert seen[0].startswith("POST http://models.invalid:8080/v1/chat/completions HTTP/1.1\r\n")
    assert "Host: models.invalid:8080\r\n" in seen[0]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "models.invalid")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("models.invalid")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return pem


@pytest.mark.parametrize("way", ["setting", "environment"])
async def test_a_proxy_before_https_leads_to_the_server_and_reads_nothing(certificate: Path, way: str) -> None:
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate)
    async with server(secure) as (port, asked), proxy(port) as (its_port, seen):
        place = f"http://anna:p%40ss@127.0.0.1:{its_port}"
        given: dict[str, Any] = {"proxy": place} if way == "setting" else {"env": {"HTTPS_PROXY": place}}
        ctx = context("https://models.invalid/v1", hosted=False, ca_file=str(certificate), **given)
        assert await streamed(ctx)
    assert seen[0].startswith("CONNECT models.invalid:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic YW5uYTpwQHNz\r\n" in seen[0]
    assert asked[0].startswith("POST /v1/chat/completions HTTP/1.1\r\n") and "Proxy-Authorization" not in asked[0]


async def test_a_proxy_that_refuses_is_an_error_and_no_way_round(certificate: Path) -> None:
    async with server() as (port, asked), proxy(port, status="407 Login") as (its_port, _):
        ctx = context(f"https://127.0.0.1:{port}/v1", proxy=f"http://127.0.0.1:{its_port}")
        with pytest.raises(OSError, match="the proxy does not lead to the server"):
            await streamed(ctx)
    assert asked == []


async def test_a_public_proxy_of_a_local_target_gets_nothing() -> None:
    ctx = context("http://127.0.0.1:9/v1", proxy="http://8.8.8.8:3128")
    with pytest.raises(OSError, match="outside your network"):
        await streamed(ctx)
