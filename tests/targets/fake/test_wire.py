"""The fake, watched by a raw socket: each fault does on the wire what it says, and a clean script is clean."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from itertools import pairwise
from typing import Any

import pytest

from milo_bench.targets.fake.dialects import DIALECTS
from milo_bench.targets.fake.log import SeenRequest
from milo_bench.targets.fake.reply import Chooser, answer_for
from milo_bench.targets.fake.script import parse_script
from milo_bench.targets.fake.server import KEPT_WHOLE, FakeServer, start_fake
from milo_bench.targets.fake.wire import WireStep, steps_for
from tests.patience import WAIT_S

PATHS = ("/v1/chat/completions", "/api/chat")


class Raw:
    """One request over a plain socket: every segment as it came, and how the connection ended."""

    def __init__(self) -> None:
        self.segments: list[bytes] = []
        self.times_s: list[float] = []
        self.end = "open"

    @property
    def data(self) -> bytes:
        return b"".join(self.segments)

    @property
    def complete(self) -> bool:
        head, _, body = self.data.partition(b"\r\n\r\n")
        if b"Content-Length: " in head:
            return len(body) >= int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        return self.data.endswith(b"\r\n0\r\n\r\n")

    @property
    def body(self) -> bytes:
        """The body without chunk framing."""
        rest, body = self.data.partition(b"\r\n\r\n")[2], b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        return body


def request_bytes(path: str, body: dict[str, Any], headers: str = "") -> bytes:
    data = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {len(data)}\r\n\r\n".encode() + data


def chat(text: str = "hello", **more: Any) -> dict[str, Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return {"model": "fake-1", "messages": [{"role": "user", "content": text}], **options, **more}


async def ask(
    fake: FakeServer, path: str = PATHS[0], *, quiet_s: float = WAIT_S, headers: str = "", **more: Any
) -> Raw:
    """Ask once; stop reading when the server ends the connection, or the body, or says nothing for ``quiet_s``.

    The quiet counts from when the server has the request: all that it writes at once is then there to be read.
    """
    before = len(fake.requests)
    loop = asyncio.get_running_loop()
    raw = Raw()
    with socket.socket() as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", fake.port))
        await loop.sock_sendall(sock, request_bytes(path, chat(**more), headers))
        await fake.wait_for_requests(before + 1)
        while not raw.complete:
            try:
                data = await asyncio.wait_for(loop.sock_recv(sock, 65536), quiet_s)
            except TimeoutError:
                raw.end = "silent"
                break
            except ConnectionResetError:
                raw.end = "reset"
                break
            if not data:
                raw.end = "closed"
                break
            raw.segments.append(data)
            raw.times_s.append(time.monotonic())
        else:
            raw.end = "complete"
    return raw


def planned(script: dict[str, Any]) -> tuple[WireStep, ...]:
    """What a server of this script writes for one request, and when."""
    parsed = parse_script(script)
    dialect = DIALECTS[PATHS[0]]
    asked = dialect.read(1, chat())
    reply, text, broken = Chooser(parsed).choose(asked)
    return steps_for(dialect, asked, reply, answer_for(parsed, asked, reply, text, broken), broken)


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"reply": {"text": "one two three four"}, "rules": [{"fault": {"kind": kind, **more}}]}


@pytest.mark.parametrize("path", PATHS)
async def test_a_clean_script_is_clean(path: str) -> None:
    async with start_fake({"reply": {"text": "one two three"}}) as fake:
        raw = await ask(fake, path)
    assert raw.end == "complete"
    assert raw.data.startswith(b"HTTP/1.1 200 OK\r\n")
    lines = [line.removeprefix(b"data: ") for line in raw.body.split(b"\n") if line]
    if path == PATHS[0]:
        assert lines.pop() == b"[DONE]"
    chunks = [json.loads(line) for line in lines]
    if path == PATHS[0]:
        said = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
        assert chunks[-1]["usage"]["completion_tokens"] == 3
    else:
        said = "".join(chunk["message"]["content"] for chunk in chunks)
        assert chunks[-1]["done"] and chunks[-1]["eval_count"] == 3
    assert said == "one two three"
    assert fake.requests[0].outcome == "answered"
    assert fake.requests[0].fault == ""


async def test_usage_comes_only_when_asked_for() -> None:
    async with start_fake({}) as fake:
        raw = await ask(fake, stream_options={})
    assert b'"usage"' not in raw.body


@pytest.mark.parametrize("path", PATHS)
async def test_reset_before_headers_sends_nothing(path: str) -> None:
    async with start_fake(fault("reset_before_headers")) as fake:
        raw = await ask(fake, path)
    assert (raw.data, raw.end) == (b"", "reset")


async def test_reset_after_headers_sends_headers_and_no_content() -> None:
    async with start_fake(fault("reset_after_headers")) as fake:
        raw = await ask(fake)
    assert raw.data.startswith(b"HTTP/1.1 200") and b"one" not in raw.data
    assert raw.end == "reset"


async def test_reset_mid_stream_comes_after_the_chunks_it_names() -> None:
    async with start_fake(fault("reset_mid_stream", after_chunks=2)) as fake:
        raw = await ask(fake)
    assert b"two" in raw.data and b"three" not in raw.data
    assert raw.end == "reset"


async def test_cut_stream_closes_in_order_without_the_end_of_the_body() -> None:
    async with start_fake(fault("cut_stream", after_chunks=2)) as fake:
        raw = await ask(fake)
    assert b"two" in raw.data and b"three" not in raw.data
    assert raw.end == "closed"


@pytest.mark.parametrize(
    ("kind", "has_headers", "has_content"),
    [
        ("hang_before_headers", False, False),
        ("hang_before_first_token", True, False),
        ("hang_after_first_token", True, True),
    ],
)
async def test_hangs_keep_the_connection_open_and_silent(kind: str, has_headers: bool, has_content: bool) -> None:
    async with start_fake(fault(kind)) as fake:
        raw = await ask(fake, quiet_s=0.25)
        assert raw.end == "silent"
        assert raw.data.startswith(b"HTTP/1.1 200") == has_headers
        assert (b"one" in raw.data) == has_content
        assert b"two" not in raw.data
        await asyncio.wait_for(fake.requests[0].ended.wait(), WAIT_S)
        assert fake.requests[0].outcome == "client_closed"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
@pytest.mark.parametrize("path", PATHS)
async def test_status_faults_have_a_status_and_an_error_body(path: str, status: int) -> None:
    async with start_fake(fault("status", status=status, retry_after_s=2, message="sorry")) as fake:
        raw = await ask(fake, path)
    head, _, body = raw.data.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Retry-After: 2" in head
    assert "error" in json.loads(body)


async def test_malformed_json_is_one_chunk_that_is_not_json() -> None:
    async with start_fake(fault("malformed_json")) as fake:
        raw = await ask(fake)
    last = raw.body.rstrip(b"\n").split(b"\n")[-1].removeprefix(b"data: ")
    with pytest.raises(json.JSONDecodeError):
        json.loads(last)


async def test_missing_done_lacks_the_mark_and_nothing_else() -> None:
    async with start_fake(fault("missing_done")) as fake:
        raw = await ask(fake)
    assert raw.end == "complete"
    assert b"[DONE]" not in raw.body and b'"finish_reason":"stop"' in raw.body


@pytest.mark.parametrize("path", PATHS)
async def test_missing_finish_ends_the_body_without_a_reason(path: str) -> None:
    async with start_fake(fault("missing_finish")) as fake:
        raw = await ask(fake, path)
    assert raw.end == "complete"
    assert b'"stop"' not in raw.body and b'"done":true' not in raw.body and b"four" in raw.body


async def test_wrong_content_type_is_a_page_of_html() -> None:
    async with start_fake(fault("wrong_content_type")) as fake:
        raw = await ask(fake)
    assert b"200 OK" in raw.data and b"Content-Type: text/html" in raw.data and b"<!doctype html>" in raw.data


@pytest.mark.parametrize("path", PATHS)
async def test_error_in_stream_is_an_object_after_a_200(path: str) -> None:
    async with start_fake(fault("error_in_stream", message="out of memory")) as fake:
        raw = await ask(fake, path)
    assert b"200 OK" in raw.data
    last = raw.body.rstrip(b"\n").split(b"\n")[-1].removeprefix(b"data: ")
    assert "error" in json.loads(last)


async def test_empty_answer_is_complete_and_has_no_content() -> None:
    async with start_fake(fault("empty_answer")) as fake:
        raw = await ask(fake)
    assert raw.end == "complete" and b"one" not in raw.body and b"[DONE]" in raw.body


async def test_slow_drip_sends_few_bytes_at_a_time() -> None:
    script = fault("slow_drip", drip_bytes=60, drip_gap_s=0.01)
    steps = planned(script)
    assert len(steps) > 10 and max(len(step.data) for step in steps) <= 60
    assert all(later.at_s - step.at_s >= 0.01 - 1e-9 for step, later in pairwise(steps[:-1]))
    async with start_fake(script) as fake:
        raw = await ask(fake)
    assert raw.end == "complete" and raw.data == b"".join(step.data for step in steps)


async def test_context_overflow_is_refused_in_the_words_of_llama_server() -> None:
    async with start_fake({"context_window": 3}) as fake:
        raw = await ask(fake, text="a b c d e")
    assert b"400 Bad Request" in raw.data and b"exceed_context_size_error" in raw.data


async def test_silent_truncation_counts_and_echoes_only_what_was_kept() -> None:
    script = {"context_window": 3, "overflow": "truncate", "reply": {"echo": True}}
    async with start_fake(script) as fake:
        raw = await ask(fake, text="alpha beta gamma delta epsilon")
    assert b"alpha" not in raw.body and b"epsilon" in raw.body and b'"prompt_tokens":3' in raw.body


async def test_a_schema_is_honoured_unless_the_script_ignores_it() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}}
    asked = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    async with start_fake({"reply": {"text": "free text", "tokens_per_chunk": 9}}) as fake:
        assert b'{\\"a\\": \\"x\\"}' in (await ask(fake, **asked)).body
    script = {"reply": {"text": "free text"}, "rules": [{"fault": "ignore_response_format"}]}
    async with start_fake(script) as fake:
        assert b"free" in (await ask(fake, **asked)).body


async def test_multibyte_characters_are_split_across_writes_and_arrive_whole() -> None:
    script = {"reply": {"text": "ü 🎉", "split_bytes": True}}
    # A byte of 0xC0 or more only begins a character. Whether two writes come as two segments is the kernel's choice.
    assert sum(step.data[-1] >= 0xC0 for step in planned(script) if step.data) == 2
    async with start_fake(script) as fake:
        raw = await ask(fake)
    assert raw.end == "complete"
    assert "ü" in raw.body.decode() and "🎉" in raw.body.decode()


async def test_chunks_keep_an_absolute_schedule() -> None:
    reply = {"text": "a b c d e f", "first_token_s": 0.05, "gap_s": 0.02, "gaps_s": [0.04]}
    async with start_fake({"reply": reply}) as fake:
        await ask(fake)
        seen = fake.requests[0]
    offsets = [at - seen.at_s for at in seen.written_s]
    due = [0.05, 0.09, 0.11, 0.13, 0.15, 0.17]
    # Each is due on the request's own clock, so lateness does not add up; and none is early.
    assert [step.at_s for step in planned({"reply": reply}) if step.content] == pytest.approx(due)
    assert all(at >= planned_s - 1e-4 for at, planned_s in zip(offsets, due, strict=True))


async def test_keep_alives_come_before_the_first_content() -> None:
    reply = {"text": "late", "first_token_s": 0.1, "keep_alive_s": 0.03, "role_chunk": False}
    async with start_fake({"reply": reply}) as fake:
        raw = await ask(fake)
    before, _, _ = raw.body.partition(b"late")
    assert before.count(b": keep-alive\n\n") == 3


async def test_process_death_in_process_resets_and_stops_listening() -> None:
    async with start_fake(fault("process_death")) as fake:
        raw = await ask(fake)
        assert raw.end == "reset" and b"one" in raw.data
        with pytest.raises(ConnectionRefusedError):
            await ask(fake)


async def test_faults_follow_their_schedule() -> None:
    script = {
        "rules": [
            {"when": {"requests": [2]}, "fault": {"kind": "status", "status": 503}},
            {"when": {"contains": "poison"}, "fault": {"kind": "status", "status": 500}},
        ]
    }
    async with start_fake(script) as fake:
        for text in ("a", "a", "poison", "a"):
            await ask(fake, text=text)
        assert [seen.status for seen in fake.requests] == [200, 503, 500, 200]
        assert fake.counts() == {"a": 3, "poison": 1}


async def test_probability_is_drawn_from_the_seed() -> None:
    script = {"seed": 7, "rules": [{"when": {"probability": 0.4}, "fault": {"kind": "status"}}]}
    runs = []
    for seed in (7, 7, 8):
        async with start_fake({**script, "seed": seed}) as fake:
            for _ in range(30):
                await ask(fake)
            runs.append([seen.status for seen in fake.requests])
    assert runs[0] == runs[1] != runs[2]
    assert 3 < runs[0].count(500) < 22


async def test_a_wrong_key_is_a_401_and_the_key_is_in_no_repr() -> None:
    async with start_fake({"accept_key": "right-key"}) as fake:
        assert b" 401 " in (await ask(fake)).data
        assert b" 200 " in (await ask(fake, headers="Authorization: Bearer right-key\r\n")).data
        assert "right-key" not in repr(fake.script) + repr(fake.requests)


async def test_health_can_be_ready_before_the_model_is() -> None:
    async with start_fake({"health": {"load_after_s": 60}}) as fake:
        assert b" 503 " in (await ask(fake)).data
        reader, writer = await asyncio.open_connection("127.0.0.1", fake.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in await reader.readline()
        writer.close()


async def test_texts_are_given_in_turn() -> None:
    async with start_fake({"reply": {"texts": ["alpha", "beta"]}}) as fake:
        bodies = [(await ask(fake)).body for _ in range(3)]
    assert [b"alpha" in body for body in bodies] == [True, False, True]


async def test_bodies_of_old_requests_are_let_go_and_their_count_stays() -> None:
    async with start_fake({}) as fake:
        for number in range(KEPT_WHOLE + 3):
            request = SeenRequest(number, "/v1/chat/completions", "the same", "m", {"messages": [number]}, 0.0)
            request.ended.set()
            fake.saw(request)
        assert [bool(request.body) for request in fake.requests[:4]] == [False, False, False, True]
        assert fake.requests[0].ended is fake.requests[1].ended is not fake.requests[3].ended
        assert fake.counts() == {"the same": KEPT_WHOLE + 3}
        fake.forget()
        assert fake.counts() == {}
