"""A scene in, what became of each fault of a model's server out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.gateway.faults.scene import KEY, Ending, Scene
from benchmarks.gateway.faults.scripted import GOOD, Call, ScriptedUpstream, completion
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.verify import verify_audit
from milo_bench.store.audit.writer import head_path, key_path

_DONE = b"data: [DONE]\n\n"


def dead(server: ScriptedUpstream) -> Callable[[Scene], Awaitable[tuple[Ending, str]]]:
    async def tried(scene: Scene) -> tuple[Ending, str]:
        """The server is gone: nothing listens on its port."""
        server.close()
        for _ in range(8):
            reply = await scene.ask("dead")
            scene.expect(reply.status == 200 and scene.from_target(reply) == "good", f"answered {reply.status}")
            scene.expect(reply.headers.get("x-milo-fallback") == "true", "the fallback is not named")
        record = scene.record(reply)
        scene.expect(record.cause in ("target_down", "no_answer"), f"recorded as {record.cause}")
        return "passed", "8 of 8 from the fallback, named in header and record"

    return tried


async def slow(scene: Scene) -> tuple[Ending, str]:
    """No answer ever comes to its end; the rule allows 0.6 s."""

    async def wait(call: Call) -> None:
        await asyncio.Event().wait()

    await scene.until_ready("slow")
    scene.break_target("slow", wait)
    reply = await scene.ask("slow")
    scene.expect(scene.from_target(reply) == "good", f"answered {reply.status} by {scene.from_target(reply)}")
    scene.expect(scene.upstream.calls["slow"] == 1, f"{scene.upstream.calls['slow']} calls for one request")

    async def was_left() -> bool:
        return scene.upstream.left["slow"] > 0

    await scene.until(was_left, "the end of the slow call")
    return "passed", "one call, ended at the rule's 0.6 s, then the fallback"


async def flapping(scene: Scene) -> tuple[Ending, str]:
    """Every other answer is an error."""

    async def flap(call: Call) -> None:
        if call.number % 2:
            call.reply({"error": {"message": "overloaded"}}, "503 Service Unavailable")
        else:
            call.answer()

    scene.break_target("flapping", flap)
    replies = [await scene.ask("flapping") for _ in range(20)]
    wrong = sum(reply.status != 200 for reply in replies)
    scene.expect(not wrong, f"{wrong} of 20 were not answered")
    scene.expect(scene.upstream.calls["flapping"] <= 20, "calls were repeated")
    by_fallback = sum(scene.from_target(reply) == "good" for reply in replies)
    called = scene.upstream.calls["flapping"]
    return "passed", f"20 of 20 answered, {by_fallback} by the fallback, {called} calls, none repeated"


async def half_open(scene: Scene) -> tuple[Ending, str]:
    """The connection stays open, and nothing comes; or nothing more in the middle of an answer."""

    async def silent(call: Call) -> None:
        if call.stream:
            call.start_stream()
            call.event({"content": "Dear "})
        await asyncio.Event().wait()

    await scene.until_ready("half_open")
    scene.break_target("half_open", silent)
    reply = await scene.ask("half_open")
    scene.expect(scene.from_target(reply) == "good", f"answered {reply.status}")
    stream = await scene.ask("half_open", stream=True)
    scene.expect(not stream.clean and _DONE not in stream.body, "a stalled stream ended clean")
    scene.expect(scene.record(stream).outcome == "failed", "a stalled stream is recorded as answered")
    return "failed safe", "whole: the fallback after 0.6 s; streamed: cut with an error event, never ended clean"


async def storm(scene: Scene) -> tuple[Ending, str]:
    """429 with Retry-After to everything."""

    async def busy(call: Call) -> None:
        call.reply({"error": {"message": "slow down"}}, "429 Too Many Requests", "Retry-After: 30\r\n")

    await scene.until_ready("storm")
    scene.break_target("storm", busy)
    first = await scene.ask("storm")
    scene.expect((first.status, first.headers.get("retry-after")) == (429, "30"), f"{first.status} {first.headers}")
    rest = await asyncio.gather(*(scene.ask("storm") for _ in range(30)))
    scene.expect(all(reply.status in (429, 503) for reply in rest), f"answered {sorted({r.status for r in rest})}")
    scene.expect(scene.upstream.calls["storm"] == 1, f"{scene.upstream.calls['storm']} calls in its pause")
    return "failed safe", "429 and Retry-After: 30 passed on; 30 further requests, none sent on in that time"


async def wrong_model(scene: Scene) -> tuple[Ending, str]:
    """The weights are replaced behind the same name; and answers come under another name."""

    async def renamed(call: Call) -> None:
        call.answer("we guarantee full payment", model="another-model")

    await scene.ask("renamed")
    scene.break_target("renamed", renamed)
    for stream in (False, True):
        reply = await scene.ask("renamed", stream=stream)
        scene.expect(b"guarantee" not in reply.raw, "an answer of another model came through")
        scene.expect(scene.from_target(reply) == "good", f"answered {reply.status} by {scene.from_target(reply)}")
    scene.expect(scene.from_target(await scene.ask("weights")) == "weights", "the measured weights do not answer")
    scene.upstream.digest = "sha256:" + "2" * 64

    async def is_closed() -> bool:
        reply = await scene.ask("weights")
        return scene.from_target(reply) == "good" and scene.record(reply).cause == "target_down"

    await scene.until(is_closed, "a closed route after the digest changed")
    return "passed", "the fallback answers: at once for another name, after a look for another digest"


async def empty(scene: Scene) -> tuple[Ending, str]:
    """200 and no text; 200 and no choices."""

    async def nothing(call: Call) -> None:
        body: dict[str, Any] = completion("") if call.number % 2 else {"id": "x", "choices": []}
        call.reply(body)

    scene.break_target("empty", nothing)
    for _ in range(2):
        reply = await scene.ask("empty", workload="drafting")
        scene.expect(scene.from_target(reply) == "good", f"answered {reply.status} by {scene.from_target(reply)}")
    return "passed", "guarded: the fallback answers both times"


async def cut(scene: Scene) -> tuple[Ending, str]:
    """The connection closes in the middle of an answer."""

    async def broken(call: Call) -> None:
        if call.stream:
            call.start_stream()
            call.event({"content": "Dear customer"})
        else:
            call.server.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"{" * 90)
        await asyncio.sleep(0.05)
        call.server.transport.close()

    scene.break_target("cut", broken)
    stream = await scene.ask("cut", stream=True)
    scene.expect(not stream.clean and _DONE not in stream.body, "a cut stream ended clean")
    scene.expect(b'"code":"cut"' in stream.body, "the client is not told")
    scene.expect(scene.record(stream).outcome == "failed", "recorded as answered")
    whole = await scene.ask("cut")
    scene.expect(whole.status == 503, f"a cut answer gave {whole.status}")
    guarded = await scene.ask("cut", workload="drafting", stream=True)
    scene.expect(guarded.status == 503 and b"Dear" not in guarded.raw, "a part of a guarded answer left")
    return "failed safe", "streamed: error event, no end mark, connection cut; whole and guarded: 503, no byte of it"


async def breaks_schema(scene: Scene) -> tuple[Ending, str]:
    """Prose where the contract asks for JSON."""
    reply = await scene.ask("schema", workload="extraction")
    scene.expect(reply.status == 202, f"answered {reply.status}")
    scene.expect(GOOD[:20].encode() not in reply.raw, "the answer came through")
    scene.expect(scene.record(reply).outcome == "queued", "not recorded as queued")
    return "failed safe", "202: a person takes over, no byte of the answer left"


async def over_long(scene: Scene) -> tuple[Ending, str]:
    """An answer that does not end: 400 MB in pieces, streamed and whole."""

    async def endless(call: Call) -> None:
        transport = call.server.transport
        call.server.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
                          % (b"text/event-stream" if call.stream else b"application/json"))  # fmt: skip
        piece = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
        for _ in range(6_400):
            if transport.is_closing():
                return
            transport.write(piece)
            await asyncio.sleep(0.001 if transport.get_write_buffer_size() > 1 << 20 else 0)

    scene.break_target("over_long", endless)
    before_mb = scene.gateway.memory_mb()
    for stream in (False, True):
        reply = await scene.ask("over_long", stream=stream)
        scene.expect(scene.from_target(reply) == "good", f"answered {reply.status}")
    grown_mb = scene.gateway.memory_mb() - before_mb
    scene.expect(grown_mb < 200, f"memory grew by {grown_mb:.0f} MB")
    return "passed", f"stopped, then the fallback; memory grew by {grown_mb:.0f} MB of 400"


async def replay(scene: Scene) -> tuple[Ending, str]:
    """The server gives an earlier answer again on the same connection; a line of the audit is written a second time."""

    async def twice(call: Call) -> None:
        call.answer(f"answer to {call.text}")
        call.answer("answer to somebody else")

    scene.break_target("replay", twice)
    replies = [(n, await scene.ask("replay", f"question {n}")) for n in range(20)]
    for n, reply in replies:
        found = reply.json()["choices"][0]["message"]["content"] if reply.status == 200 else ""
        scene.expect(found == f"answer to question {n}", f"question {n} got '{found[:40]}'")
    copied = scene.folder / "copied"
    copied.mkdir()
    audit = scene.folder / "audit"
    lines = (audit / "audit-000001.jsonl").read_bytes().splitlines(keepends=True)
    (copied / "audit-000001.jsonl").write_bytes(b"".join([*lines, lines[-1]]))
    found_again = verify_audit(copied, read_key(key_path(audit)), head=head_path(audit))
    scene.expect(not found_again.ok, "a line of the audit that is there twice verifies")
    return "passed", "20 of 20 got their own answer; a repeated line of the audit is found"


async def key_leak(scene: Scene) -> tuple[Ending, str]:
    """The server repeats the key that it is called with: in an error, an answer, a stream, and a header."""
    seen: list[str] = []

    async def leaking(call: Call) -> None:
        seen.append(call.headers.get("authorization", ""))
        match call.text:
            case "error":
                call.reply({"error": {"message": f"bad key {KEY}"}}, "400 Bad Request", f"X-Key: {KEY}\r\n")
            case "error 401":
                call.reply({"error": {"message": f"bad key {KEY}"}}, "401 Unauthorized")
            case _:
                call.answer(f"my key is {KEY} indeed")

    scene.break_target("leak", leaking)
    for text in ("error", "error 401", "answer"):
        for stream in (False, True):
            reply = await scene.ask("leak", text, stream=stream)
            scene.expect(KEY.encode() not in reply.raw, f"{text}: the client got the key")
    scene.expect(seen[0] == f"Bearer {KEY}", "the target was not called with its key")
    for file in ("gateway.log", "state.db", "state.db-wal", "audit/audit-000001.jsonl"):
        path = scene.folder / file
        scene.expect(not path.exists() or KEY.encode() not in path.read_bytes(), f"the key is in {file}")
    return "failed safe", "refused or cut; the key reached no client, log, audit or database"
