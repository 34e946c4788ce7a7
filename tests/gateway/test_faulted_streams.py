"""Drawn faults through a running gateway; events that are cut anywhere; texts that no check would read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gateway.faults.answers import PLACES, PROMISE, Answer
from benchmarks.gateway.faults.streams import faulted_streams
from milo_bench.core.hiding import KeySearch
from milo_bench.gateway.answering.events import MOST_EVENT_BYTES, EventScan
from milo_bench.gateway.other_texts import other_texts

CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"gr\xc3\xb6\xc3\x9fe"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}\n\n'
DONE = b"data: [DONE]\n\n"


async def test_three_hundred_drawn_faults_let_nothing_unscanned_and_no_cut_stream_end_clean(tmp_path: Path) -> None:
    found = await faulted_streams(tmp_path, 300)
    assert found.ok, "\n".join(found.lines())
    assert found.faulted == 300
    assert len(found.by_fault) > 20


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 7, 4_096])
def test_events_leave_whole_and_in_order_however_they_are_cut(ending: bytes, size: int) -> None:
    stream = (b": hello\n\n" + CHUNK * 3 + LAST).replace(b"\n", ending)
    data = stream + DONE.replace(b"\n", ending)
    scan, left = EventScan(), b""
    for at in range(0, len(data), size):
        sound = scan.feed(data[at : at + size])
        assert left + sound == stream[: len(left + sound)]
        left += sound
    assert (left, scan.ended, scan.finished, scan.problem) == (stream, True, True, "")
    assert scan.usage() == (3, 0)


BROKEN: dict[str, tuple[bytes, str]] = {
    "cut JSON": (b'data: {"choices": [\n\n', "not JSON"),
    "not UTF-8": (CHUNK.replace(b"\xc3\xb6", b"\xff"), "not JSON"),
    "an error beside choices": (b'data: {"choices":[],"error":{"message":"gone"}}\n\n', "an error"),
    "an error in words": (b'data: {"error":"gone"}\n\n', "an error"),
    "an error's object": (b'data: {"object":"error","message":"gone","choices":[]}\n\n', "an error"),
    "an error's event": (b"event: error\ndata: gone\n\n", "an error"),
    "an error without data": (b"event: error\n\n", "an error"),
    "an error of llama.cpp": (b'error: {"code":500}\n\n', "an error"),
    "a message of FastAPI": (b'data: {"detail":"gone"}\n\n', "an error"),
    "a list": (b"data: [1]\n\n", "not a JSON object"),
    "text": (b"data: hello\n\n", "not JSON"),
    "HTML": (b"<html></html>\n\n", "not an event's"),
    "a key": (b'data: {"choices":[{"delta":{"content":"sk-secret-1"}}]}\n\n', "a key"),
    "a key in a comment": (b": sk-secret-1\n\n", "a key"),
    "another model": (b'data: {"model":"other","choices":[]}\n\n', "another"),
    "choices of text": (b'data: {"choices":"no"}\n\n', "not a chunk"),
    "without an end": (b"data: " + b"a" * (MOST_EVENT_BYTES + 1), "too large"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_event_that_breaks_a_stream_never_leaves(name: str) -> None:
    event, said = BROKEN[name]
    scan = EventScan(KeySearch(("sk-secret-1",)), lambda model: "it is another" if model == "other" else "")
    assert scan.feed(CHUNK + event + (b"" if name == "without an end" else DONE)) == CHUNK
    assert said in scan.problem
    assert not scan.ended


@pytest.mark.parametrize("event", [b"data: {}\n\n", b"data: null\n\n", b"data:\n\n", b"event: ping\ndata: hello\n\n",
                                   b'data: {"choices":null}\n\n', b'data: {"choices":[],"error":null}\n\n',
                                   b'data: {"choices":\ndata: []}\n\n', b"id: 7\nretry: 3\n\n"])  # fmt: skip
def test_heartbeats_and_odd_but_sound_events_pass(event: bytes) -> None:
    scan = EventScan()
    assert scan.feed(event + LAST) == event + LAST
    assert not scan.problem


@pytest.mark.parametrize("place", [one for one in PLACES if one != "key twice"])
def test_every_text_of_a_reply_is_read_by_somebody(place: str) -> None:
    document: dict[str, Any] = json.loads(Answer(1, "whole", place, seed=1).document())
    read = other_texts(document)
    texts = [one["message"].get(name) for one in document["choices"] for name in ("content", "reasoning_content",
             "refusal", "tool_calls", "function_call")]  # fmt: skip
    assert any(PROMISE in one for one in [*read, *(json.dumps(text) for text in texts)])
    assert not {"x", "m", "stop", "chat.completion"} & set(read)
