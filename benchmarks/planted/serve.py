"""The planted models of every sample behind one address that speaks the OpenAI chat API; until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.planted.sample import SAMPLES
from benchmarks.planted.server import PORT, PlantedTarget
from milo_bench.suites.load import load_suite

_READY = "I am a planted model and answer only what the suites ask."


class PlantedServer:
    """Answers by model and prompt. ``speed`` divides every planted time."""

    def __init__(self, speed: float = 20.0) -> None:
        self._speed = speed
        self._targets: dict[str, list[PlantedTarget]] = {}
        for sample in SAMPLES:
            suite = load_suite(sample.suite)
            for one in sample.models:
                target = PlantedTarget(one, suite.workloads, suite.fixtures, {})
                self._targets.setdefault(one.model, []).append(target)
            for workload, variant, name in sample.variants:
                model, chosen = sample.model(name), {workload: variant}
                other = load_suite(sample.suite, variants=chosen)
                contract = {workload: other.workloads[workload]}
                self._targets[model.model].append(PlantedTarget(model, contract, other.fixtures, chosen))

    async def start(self, port: int = PORT) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) is not None:
                length = re.search(rb"content-length: *(\d+)", head, re.I)
                body = await reader.readexactly(int(length[1])) if length else b""
                await self._answer(head.split(b" ", 2)[1].decode(), body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if path.endswith("/models"):
            return _send(
                writer, {"object": "list", "data": [{"id": name, "object": "model"} for name in self._targets]}
            )
        if not path.endswith("/chat/completions"):
            return _send(writer, {"status": "ok"})
        asked = json.loads(body)
        model, prompt = str(asked.get("model", "")), str(asked["messages"][-1]["content"])
        found = next((one for one in self._targets.get(model, ()) if one.knows(prompt)), None)
        text = found.text_of(prompt) if found is not None else _READY
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        usage["total_tokens"] = sum(usage.values())
        if found is not None:
            await asyncio.sleep(found.first_s(prompt) / self._speed)
        if not asked.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return _send(writer, {**_head(model), "object": "chat.completion", "choices": [choice], "usage": usage})
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for event in (*_events(model, text, usage), "[DONE]"):
            data = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return None


def _events(model: str, text: str, usage: dict[str, int]) -> Iterator[dict[str, Any]]:
    head = {**_head(model), "object": "chat.completion.chunk"}
    for word in re.findall(r"\s*\S+\s*", text):
        yield {**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield {**head, "choices": [], "usage": usage}


def _head(model: str) -> dict[str, Any]:
    return {"id": "planted", "created": int(time.time()), "model": model}


def _send(writer: asyncio.StreamWriter, data: dict[str, Any]) -> None:
    body = json.dumps(data).encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    )


async def serve_forever(port: int = PORT) -> None:
    """Serve until cancelled."""
    server = await PlantedServer().start(port)
    print(f"planted models at http://127.0.0.1:{port}/v1, until Ctrl-C", flush=True)
    async with server:
        await server.serve_forever()
