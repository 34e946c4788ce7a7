"""A benchmark says what it measures when it is asked, and a peer that fails is a row and no traceback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.gateway.first import first_bytes
from benchmarks.load import stamps
from benchmarks.load.stamps import StampedTarget
from benchmarks.sections import wanted_sections
from milo_bench.core.chat import ChatRequest
from milo_bench.core.records import Timeouts
from milo_bench.targets.apis.openai import OpenAiTarget

SECTIONS = {"fast": "How fast it is.", "small": "How small it is."}
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n0\r\n\r\n"
REFUSED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def answering(*replies: bytes) -> Iterator[int]:
    """A server that gives each connection all of ``replies``, one a request, and then closes it; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                with one:
                    for reply in replies:
                        one.recv(65536)
                        one.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def test_a_peer_that_gives_no_stream_is_counted_and_quoted() -> None:
    with answering(REFUSED) as port:
        found = first_bytes(port, "{}", {}, streams=2, rounds=2)
    assert (found.median_ms, found.unanswered, found.said) == (None, 4, "HTTP/1.1 500 Internal Server Error")


def test_a_peer_that_stops_in_between_keeps_what_was_measured() -> None:
    with answering(STREAM, REFUSED) as port:
        found = first_bytes(port, "{}", {"X-Key": "none"}, streams=1, rounds=3)
    assert found.median_ms is not None and found.median_ms > 0
    assert (found.unanswered, found.said) == (2, "HTTP/1.1 500 Internal Server Error")


def test_a_peer_that_is_not_there_gives_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    found = first_bytes(port, "{}", {}, streams=1, rounds=1)
    assert (found.median_ms, found.unanswered) == (None, 1)


def test_a_benchmark_names_its_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert wanted_sections("benchmarks.one", "About.", SECTIONS, []) == ["fast", "small"]
    assert wanted_sections("benchmarks.one", "About.", SECTIONS, ["small"]) == ["small"]
    with pytest.raises(SystemExit, match="0"):
        wanted_sections("benchmarks.one", "About.", SECTIONS, ["--help"])
    said = capsys.readouterr().out
    assert "python -m benchmarks.one" in said and "How small it is." in said
    with pytest.raises(SystemExit, match="2"):
        wanted_sections("benchmarks.one", "About.", SECTIONS, ["slow"])
    assert "hint: one of fast, small" in capsys.readouterr().err


async def test_a_look_beside_the_load_is_no_request_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answered(*_: Any, **__: Any) -> SimpleNamespace:
        stamped = stamps._CURRENT.get()
        assert stamped is not None
        stamped.written_ns.append(1)
        return SimpleNamespace(failure=None)

    monkeypatch.setattr(OpenAiTarget, "ask", answered)
    monkeypatch.setattr(StampedTarget, "kept", [])
    monkeypatch.setattr(StampedTarget, "zero_s", 0.0)
    target = object.__new__(StampedTarget)
    for zero_s in (5.0, 5.0, 0.0):  # the last is that of the probe of the prompt cache
        await target.ask(ChatRequest(()), timeouts=Timeouts(), zero_s=zero_s, intended_s=0.0)
    assert (len(StampedTarget.kept), StampedTarget.zero_s) == (2, 5.0)
