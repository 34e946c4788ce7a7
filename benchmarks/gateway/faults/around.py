"""A scene in, what became of each fault of the machine and of clients out: clock, disk, kill, smuggled headers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.gateway.faults.kills import killed_once
from benchmarks.gateway.faults.process import exchange, post_bytes
from benchmarks.gateway.faults.scene import Ending, Scene
from benchmarks.gateway.faults.scripted import Call

_DAY_S: Final = 86_400
_SMUGGLED: Final = b"GET /health/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def clock_library(folder: Path) -> Path | None:
    """A library that moves the wall clock by what MOVED_CLOCK's file says; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source = Path(__file__).with_name("moved_clock.c")
    made = folder / f"moved_clock-{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True, capture_output=True)
    return made


async def clock_step(scene: Scene) -> tuple[Ending, str]:
    """The wall clock steps a day back, then two days on, while requests are on their way."""
    moved = scene.folder / "clock"

    async def waiting(call: Call) -> None:
        await asyncio.sleep(0.3)
        call.answer()

    scene.break_target("clock", waiting)
    dates = []
    for step_s in (-_DAY_S, _DAY_S, 0):
        asked = [asyncio.ensure_future(scene.ask("clock", stream=stream)) for stream in (False, True) * 4]
        await asyncio.sleep(0.1)
        moved.write_text(str(step_s))
        replies = await asyncio.gather(*asked)
        scene.expect(all(one.status == 200 and one.clean for one in replies), "a step of the clock broke answers")
        scene.expect(all(scene.from_target(one) == "clock" for one in replies), "a step of the clock closed a route")
        record = scene.record(replies[-1])
        scene.expect(0 < record.took_s < 60, f"a request took {record.took_s} s by the record")
        dates.append(datetime.fromisoformat(record.at).date())
    scene.expect(dates[0] < datetime.now(UTC).date() < dates[1], f"the clock did not step: {dates}")
    scene.expect(scene.gateway.check().ok, "the audit does not verify")
    return "passed", "24 of 24 answered, times by the monotonic clock, the audit verifies"


async def full_disk(scene: Scene) -> tuple[Ending, str]:
    """No file of the gateway can grow any more; then it can again."""
    before = scene.upstream.calls["disk"]
    await scene.ask("disk")
    size = (scene.folder / "audit" / "audit-000001.jsonl").stat().st_size
    _, hard = resource.prlimit(scene.gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(scene.gateway.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        for workload, stream in (("notes", False), ("notes", True), ("drafting", False), ("drafting", True)):
            reply = await scene.ask("disk", workload=workload, stream=stream)
            whole = reply.status == 200 and reply.clean
            scene.expect(not whole, f"an answer without a record ({workload}, stream {stream})")
            scene.expect(stream or (reply.status, reply.json()["error"]["code"]) == (503, "audit_unavailable"),
                         f"{reply.status} for {workload}")  # fmt: skip
            scene.expect(workload == "notes" or b"Dear" not in reply.raw, "a guarded answer left unrecorded")
        queued = await scene.ask("disk", workload="people")
        scene.expect(queued.status == 503, f"queued work without a record: {queued.status}")
    finally:
        resource.prlimit(scene.gateway.pid, resource.RLIMIT_FSIZE, (hard, hard))
    again = await scene.ask("disk")
    scene.expect(again.status == 200, f"after the disk has room: {again.status}")
    scene.expect(scene.gateway.check().ok, "the audit does not verify")
    scene.expect(scene.upstream.calls["disk"] > before, "nothing was tried")
    return (
        "failed safe",
        "503 and no whole answer while nothing can be recorded; then answered again, the audit verifies",
    )


async def kill(scene: Scene) -> tuple[Ending, str]:
    """kill -9 under load, and the start after it."""
    found = await killed_once(scene.folder / "killed", moment_s=0.5, seed=1)
    scene.slipped += found.slipped
    return "failed safe", f"{found.answered} answers, {found.queued} queued, each recorded; it starts again"


async def header_smuggling(scene: Scene) -> tuple[Ending, str]:
    """Lengths in two ways, folded and split headers from clients; headers of its own from a server."""
    body = json.dumps({"model": "milo/notes", "milo": {"tags": ["smuggled"]},
                       "messages": [{"role": "user", "content": "hello"}]}).encode()  # fmt: skip
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    size = f"Content-Length: {len(body)}\r\n"
    before = scene.upstream.calls["smuggled"]
    tried = {
        "both lengths": f"{head}{size}Transfer-Encoding: chunked\r\n\r\n",
        "two lengths": f"{head}{size}Content-Length: 1\r\n\r\n",
        "lengths in a list": f"{head}Content-Length: {len(body)}, {len(body)}\r\n\r\n",
        "a plus": f"{head}Content-Length: +{len(body)}\r\n\r\n",
        "chunked, spelled otherwise": f"{head}Transfer-Encoding: xchunked\r\n\r\n",
        "chunked twice": f"{head}Transfer-Encoding: chunked, chunked\r\n\r\n",
        "a space before the colon": f"{head}Content-Length : {len(body)}\r\n\r\n",
        "a folded header": f"{head}X-Milo-Workload: notes\r\n other\r\n{size}\r\n",
        "a bare line feed": f"{head}X-A: b\nTransfer-Encoding: chunked\r\n{size}\r\n",
        "a null byte": f"{head}X-A: b\0c\r\n{size}\r\n",
        "a carriage return": f"{head}X-A: b\rTransfer-Encoding: chunked\r\n{size}\r\n",
        "no host": f"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n{size}\r\n",
        "another host in the target": head.replace("/v1/", "http://evil.example/v1/") + f"{size}\r\n",
        "two hosts": f"{head}Host: evil.example\r\n{size}\r\n",
        "two workloads": f"{head}X-Milo-Workload: notes\r\nX-Milo-Workload: people\r\n{size}\r\n",
    }
    for name, sent in tried.items():
        reply = await exchange(scene.gateway.port, sent.encode("latin-1") + body + _SMUGGLED)
        scene.expect(400 <= reply.status < 500, f"{name}: {reply.status}")
        scene.expect(reply.raw.count(b"HTTP/1.1 ") == 1, f"{name}: {reply.raw.count(b'HTTP/1.1 ')} replies")
    scene.expect(scene.upstream.calls["smuggled"] == before, "something was sent on")
    scene.expect(not any(b"smuggled HTTP" in one for one in scene.upstream.raw), "a smuggled request was sent on")

    async def own_headers(call: Call) -> None:
        extra = "X-Milo-Rule: evil\r\nX-Milo-Guarded: true\r\nSet-Cookie: a=b\r\nX-Injected: yes\r\n"
        call.reply({"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"},
                                            "finish_reason": "stop"}]}, headers=extra)  # fmt: skip

    scene.break_target("smuggled", own_headers)
    forwarded = post_bytes(body, headers="X-Forwarded-Host: evil.example\r\nX-Own: 1\r\nCookie: a=b\r\n")
    reply = await exchange(scene.gateway.port, forwarded)
    scene.expect(reply.headers.get("x-milo-rule") == "smuggled", f"the rule is said to be {reply.headers}")
    scene.expect(not {"set-cookie", "x-injected"} & set(reply.headers), "a server's header reached the client")
    last = b"".join(scene.upstream.raw[-3:])
    scene.expect(b"evil.example" not in last and b"Cookie" not in last, "a client's header reached the server")
    return "failed safe", f"{len(tried)} of {len(tried)} refused with 4xx; no header passes either way"
