"""What is no proper request gets one error in OpenAI's shape with a hint, and nothing of it reaches a model."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import RunningGateway, running_gateway

ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
    "default": {"route": "refuse"},
}
CHAT = "/v1/chat/completions"
GOOD = {"model": "milo/notes", "messages": [{"role": "user", "content": "hello"}]}


async def exchange(gateway: RunningGateway, data: bytes, *, then: bytes = b"", until: bytes = b"") -> bytes:
    """Send bytes, close our side once they are sent, and give back everything that came."""
    host, port = gateway.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        await writer.drain()
        if then:
            await asyncio.sleep(0.05)
            writer.write(then)
        got = b""
        async with asyncio.timeout(20):
            while piece := await reader.read(65_536):
                got += piece
                if until and until in got:
                    break
        return got
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def post(body: bytes, *, path: str = CHAT, headers: str = "", kind: str = "application/json", host: str = "localhost",
         length: int | None = None, version: str = "1.1") -> bytes:  # fmt: skip
    size = len(body) if length is None else length
    return (
        f"POST {path} HTTP/{version}\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n"
        f"Connection: close\r\n{headers}\r\n"
    ).encode("latin-1") + body


def told(reply: bytes) -> tuple[int, dict[str, Any]]:
    """The first reply's status and its error."""
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), reply[:200]
    error = json.loads(body[: body.rfind(b"}") + 1])["error"]
    assert error["message"] and error["hint"] and error["code"]
    return int(head[9:12]), error


def with_(**more: Any) -> bytes:
    return json.dumps({**GOOD, **more}).encode()


DEEP = b'{"model":"milo/notes","messages":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
BODIES: dict[str, tuple[bytes, int, str]] = {
    "broken JSON": (b'{"model": ', 400, "invalid_json"),
    "not an object": (b"[1]", 400, "invalid_json"),
    "not UTF-8": (b'{"model": "\xff"}', 400, "invalid_json"),
    "empty": (b"", 400, "invalid_json"),
    "nested": (DEEP, 400, "invalid_json"),
    "nested a little less": (with_(messages=[json.loads("[" * 80 + "]" * 80)]), 400, "too_deep"),
    "unknown workload": (with_(model="milo/notse"), 404, "unknown_workload"),
    "unknown model": (with_(model="gpt-4"), 404, "model_not_found"),
    "a model that is no string": (with_(model=3), 400, "invalid_value"),
    "stream yes": (with_(stream="yes"), 400, "invalid_value"),
    "negative max_tokens": (with_(max_tokens=-1), 400, "invalid_value"),
    "max_tokens true": (with_(max_tokens=True), 400, "invalid_value"),
    "n of a thousand": (with_(n=1_000), 400, "invalid_value"),
    "no messages": (with_(messages=[]), 400, "invalid_value"),
    "messages of text": (with_(messages=["hello"]), 400, "invalid_value"),
    "10,000 messages": (with_(messages=GOOD["messages"] * 10_000), 400, "invalid_value"),  # type: ignore[operator]
    "max_tokens without end": (with_(max_tokens=10**30), 400, "invalid_value"),
    "a temperature in words": (with_(temperature="hot"), 400, "invalid_value"),
    "ten thousand stops": (with_(stop=["a"] * 10_000), 400, "invalid_value"),
    "stream options of text": (with_(stream=True, stream_options="yes"), 400, "invalid_value"),
    "tools of text": (with_(tools="send"), 400, "invalid_value"),
    "a content of a number": (with_(messages=[{"role": "user", "content": 5}]), 400, "invalid_value"),
    "ten thousand tags": (with_(milo={"tags": ["a"] * 10_000}), 400, "invalid_value"),
    "a tag without end": (with_(milo={"tags": ["a" * 10_000]}), 400, "invalid_value"),
    "not a number": (with_().replace(b'"milo/notes"', b'"milo/notes", "temperature": NaN'), 400, "invalid_json"),
    "UTF-16": (with_().decode().encode("utf-16"), 400, "invalid_json"),
    "two documents": (with_() + with_(), 400, "invalid_json"),
    "half an emoji": (b'{"model":"milo/notes","messages":[{"role":"user","content":"\\ud83d"}]}', 400, "invalid_json"),
    "unknown milo field": (with_(milo={"worklod": "notes"}), 400, "invalid_value"),
    "milo is text": (with_(milo="notes"), 400, "invalid_value"),
    "two workloads": (with_(milo={"workload": "other"}), 400, "two_workloads"),
    "a key twice": (b'{"model":"milo/notes","model":"milo/x","messages":[{"role":"user","content":"x"}]}', 400,
                    "duplicate_key"),
    "a callback that is not allowed": (with_(milo={"callback": "http://169.254.169.254/"}), 422, "callback"),
    "a case without a prompt": (with_(milo={"input": {"a": "b"}}), 422, "no_prompt"),
}  # fmt: skip


@pytest.fixture
async def gateway(tmp_path: Path) -> Any:
    script = {"reply": {"text": "fine"}}
    limits = {"max_body_bytes": 1_000_000, "max_header_bytes": 4_096, "header_timeout_s": 0.5, "body_timeout_s": 0.5}
    async with running_gateway(tmp_path, ROUTING, {"local": script}, gateway=limits) as running:
        yield running
        assert running.seen("local") == 0, "nothing may be forwarded"
        assert running.check().ok


async def test_wrong_bodies(gateway: RunningGateway) -> None:
    for name, (body, status, code) in BODIES.items():
        found, error = told(await exchange(gateway, post(body)))
        assert (name, found, error["code"]) == (name, status, code)


async def test_wrong_heads(gateway: RunningGateway) -> None:
    good = with_()
    cases: list[tuple[bytes, int, str]] = [
        (post(good, kind="text/plain"), 415, "content_type"),
        (post(good, path="/v1/files"), 404, "unknown_path"),
        (post(good, path="/v1/../v1/chat/completions"), 404, "unknown_path"),
        (post(good, path="/v1/chat/completions/../../admin"), 404, "unknown_path"),
        (post(good, path="/v1/conversations"), 404, "other_api"),
        (post(good, path="/v1/messages?beta=true"), 404, "other_api"),
        (post(good, path="/v1/responses/resp_1/cancel"), 404, "not_kept"),
        (post(good, path="/v1/messages/count_tokens"), 404, "other_api"),
        (post(good, path="//v1/chat/completions"), 404, "unknown_path"),
        (post(good, path="/v1/%2e%2e/metrics"), 404, "unknown_path"),
        (post(good, path="http://localhost/v1/chat/completions"), 404, "unknown_path"),
        (post(good, path="/v1/" + "a" * 100_000), 431, "headers_too_large"),
        (post(good, headers="Content-Encoding: gzip\r\n"), 415, "content_encoding"),
        (post(good, host="evil.example"), 421, "host"),
        (post(good, headers="Host: localhost\r\n"), 400, "duplicate_header"),
        (post(good, headers="X-Milo-Workload: notes\r\nX-Milo-Workload: other\r\n"), 400, "duplicate_header"),
        (post(good, version="1.0"), 505, "http_version"),
        (post(good, headers="Expect: something\r\n"), 417, "expect"),
        (post(good, headers="Upgrade: websocket\r\n"), 400, "upgrade"),
        (post(good, headers="Transfer-Encoding: chunked\r\n"), 400, ""),
        (post(good, headers="Transfer-Encoding: identity\r\n"), 400, ""),
        (post(good, headers="X: " + "a" * 20_000 + "\r\n"), 431, "headers_too_large"),
        (post(good, headers="".join(f"X-{n}: 1\r\n" for n in range(300))), 431, ""),
        (post(good, length=100_000_000), 413, "body_too_large"),
        (f"GET {CHAT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), 405, "method"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_http"),
        (b"NONSENSE\r\n\r\n", 400, "bad_http"),
        (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".encode(),
         400, ""),
    ]  # fmt: skip
    for data, status, code in cases:
        reply = await exchange(gateway, data)
        assert b'"error"' in reply, (data[:400], reply)
        found, error = told(reply)
        assert (data[:60], found) == (data[:60], status)
        assert not code or error["code"] == code, data[:60]


async def test_a_body_of_a_hundred_megabytes_is_refused_and_not_kept(gateway: RunningGateway) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked").decode()
    host, port = gateway.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode())
    piece = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    try:
        for _ in range(100):
            writer.write(piece)
            await writer.drain()
    except (ConnectionResetError, BrokenPipeError):
        pass
    try:
        reply = await reader.read()
    except (ConnectionResetError, BrokenPipeError):
        reply = b""
    writer.close()
    assert not reply or told(reply)[0] == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KB: a few times the bound


CHUNKED = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
SIZED = b"%x\r\n%b\r\n" % (len(with_()), with_())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"-5\r\nhello\r\n0\r\n\r\n", "bad_http"),
        (b"f" * 20 + b"\r\n", "bad_http"),
        (SIZED + b"0\r\nX-Milo-Workload: people\r\n\r\n", "trailers"),
        (SIZED + b"0\r\n" + b"X: y\r\n" * 200_000, "trailers"),
    ],
)
async def test_a_chunked_body_with_wrong_sizes_or_trailers_is_refused(
    gateway: RunningGateway, body: bytes, code: str
) -> None:
    status, error = told(await exchange(gateway, CHUNKED + body))
    assert (status, error["code"]) == (400, code)


async def test_a_header_that_is_repeated_without_end_is_counted_each_time(gateway: RunningGateway) -> None:
    repeated = post(with_(), headers="X: " + "a" * 300 + "\r\n" + "X: b\r\n" * 2_000)
    assert told(await exchange(gateway, repeated))[0] == 431


async def test_bodies_of_all_clients_together_are_bounded(tmp_path: Path) -> None:
    limits = {"max_body_bytes": 1_000_000, "max_bodies_bytes": 1_500_000}
    async with running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}, gateway=limits) as gateway:
        host, port = gateway.address.removeprefix("http://").split(":")
        large = with_(messages=[{"role": "user", "content": "a" * 900_000}])
        _, first = await asyncio.open_connection(host, int(port))
        first.write(post(large)[:-1])
        await first.drain()
        found, error = told(await exchange(gateway, post(large)))
        assert (found, error["code"]) == (503, "bodies_too_large")
        first.close()
        await first.wait_closed()
        for _ in range(3):  # what ended holds nothing any more
            assert (await exchange(gateway, post(large))).startswith(b"HTTP/1.1 200")


async def test_slow_heads_and_bodies_end(gateway: RunningGateway) -> None:
    assert told(await exchange(gateway, b"POST /v1/chat/comp"))[0] == 408
    assert told(await exchange(gateway, post(with_(), length=5_000)))[0] == 408


async def test_a_pipelined_request_is_refused_after_the_first_answer(tmp_path: Path) -> None:
    script = {"reply": {"text": "fine", "first_token_s": 0.1}}
    async with running_gateway(tmp_path, ROUTING, {"local": script}) as gateway:
        one = post(with_()).replace(b"Connection: close\r\n", b"")
        reply = await exchange(gateway, one + one)
        assert reply.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 400" in reply and b'"code":"pipelining"' in reply
        assert gateway.seen("local") == 1


async def test_expect_100_continue_is_answered_before_the_body(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}) as gateway:
        head, _, body = post(with_(), headers="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        reply = await exchange(gateway, head + b"\r\n\r\n", then=body)
        assert reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


async def test_an_offer_of_http2_is_answered_in_http1(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}) as gateway:
        offer = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
        data = post(with_(), headers=offer).replace(b"Connection: close", b"Connection: Upgrade, HTTP2-Settings")
        assert (await exchange(gateway, data, until=b"fine")).startswith(b"HTTP/1.1 200")
