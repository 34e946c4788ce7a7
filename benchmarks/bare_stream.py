"""A port, streams and seconds in; what a bare client found and cost out, as JSON.

``python -m benchmarks.bare_stream PORT STREAMS SECONDS``: an asyncio.Protocol on uvloop that stamps
the first read with content and the last, and parses nothing. The least that a client in Python can do.
JSON: mean time to first token, requests a second, and of the same seconds the processor time and the wake-ups.

Its streams begin evenly spread over one answer of the paced server, at exact times. uvloop alone would round them to
milliseconds: the streams would be in step, and one wake-up would read for several.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

import uvloop

_BODY = json.dumps(
    {"model": "reference", "messages": [{"role": "user", "content": "hello"}], "stream": True, "max_tokens": 64},
    separators=(",", ":"),
).encode()
_ANSWER_S = 0.365  # of the paced server: the first token, then 63 more
_ROUNDED_S = 0.002  # an event loop's timers are right to within this
_REQUEST = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY


class _Stream(asyncio.Protocol):
    def __init__(self, until_s: float, ttft_s: list[float]) -> None:
        self._until_s = until_s
        self._ttft_s = ttft_s
        self._waits_for_first = False
        self._sent_s = 0.0
        self._tail = b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:  # uvloop's transports are no asyncio.Transport
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_s = time.monotonic()
        if self._sent_s >= self._until_s:
            self._transport.close()
            self.over.set_result(None)
            return
        self._waits_for_first = True
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        if self._waits_for_first and b'"content"' in data:
            self._waits_for_first = False
            self._ttft_s.append(time.monotonic() - self._sent_s)
        self._tail = (self._tail + data)[-5:]
        if self._tail == b"0\r\n\r\n":
            self._send()


async def _until(at_s: float) -> None:
    if (left_s := at_s - time.monotonic()) > _ROUNDED_S:
        await asyncio.sleep(left_s - _ROUNDED_S)
    _sleep_until(at_s)


def _sleep_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.monotonic()))


async def measure(port: int, streams: int, seconds: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    ttft_s: list[float] = []
    began_s, used_s, woken = time.monotonic(), time.process_time(), _wakeups()
    made = []
    for number in range(streams):
        await _until(began_s + _ANSWER_S * number / streams)
        _, stream = await loop.create_connection(lambda: _Stream(began_s + seconds, ttft_s), "127.0.0.1", port)
        made.append(stream)
    await asyncio.gather(*(stream.over for stream in made))
    took_s = time.monotonic() - began_s
    return {
        "ttft_mean_s": sum(ttft_s) / len(ttft_s),
        "requests_per_s": len(ttft_s) / took_s,
        "cpu_s": time.process_time() - used_s,
        "wakeups_per_s": (_wakeups() - woken) / took_s,
    }


def _wakeups() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


if __name__ == "__main__":
    print(json.dumps(uvloop.run(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
