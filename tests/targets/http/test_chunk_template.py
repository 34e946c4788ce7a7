"""Chunks that are read by their bytes give what chunks that are decoded give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.targets.http import stream
from milo_bench.targets.http.answer import StreamedAnswer
from milo_bench.targets.http.chunk_template import template_of
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.stream import read_completion

HEAD = b'{"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":'
TAIL = b'},"finish_reason":null}]}'


def chunk(text: str, *, ascii_only: bool = False) -> bytes:
    return HEAD + json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") + TAIL


def whole(value: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": value, "finish_reason": None}]}).encode()


# What a server may put between two ordinary chunks, and chunks that only look like them.
ODD = [
    whole({"role": "assistant"}),
    whole({"content": "a", "reasoning_content": "b"}),
    whole({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}),
    whole({"content": ""}),
    HEAD + b'"a","content":"b"' + TAIL,
    HEAD + b'"ends in a backslash\\"' + TAIL,
    HEAD + b'",\\"begins with a comma"' + TAIL,
    HEAD + b'"control \x01"' + TAIL,
    HEAD + b'"bad \xff"' + TAIL,
    HEAD + b'"half \\ud83d"' + TAIL,
    HEAD + b'"\\n"' + TAIL,
    HEAD + b'""' + TAIL,
    HEAD + b'"a"' + TAIL[:-4] + b'"stop"}]}',
    b"{oops",
    b'{"error":{"message":"gone","code":500}}',
]
TEXTS = st.one_of(
    st.text(max_size=12).map(chunk),
    st.text(max_size=12).map(lambda text: chunk(text, ascii_only=True)),
    st.sampled_from(ODD),
)


def read(body: bytes, cuts: list[int], *, broken: bool = False) -> tuple[Any, ...]:
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [(number, body[a:b]) for number, (a, b) in enumerate(pairwise(places))]
    reply = HttpReply(0, status=200, headers={"content-type": "text/event-stream"}, pieces=pieces, ended_ns=len(pieces))
    reply.broken = "reset" if broken else None
    answer = StreamedAnswer()
    for _ in read_completion(reply, answer):
        pass
    times = (answer.stamps_ns, answer.text_ns, answer.thinking)
    failure = answer.failure and (answer.failure.kind, answer.failure.message)
    return answer.text, answer.reasoning, times, failure, answer.finish_reason, len(answer.calls)


@contextmanager
def nothing_read_by_its_bytes() -> Iterator[None]:
    before = stream._TEMPLATES
    stream._TEMPLATES = 0
    try:
        yield
    finally:
        stream._TEMPLATES = before


@given(
    st.lists(TEXTS, max_size=40),
    st.lists(st.integers(0, 20_000), max_size=60),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
def test_an_answer_is_the_same_as_if_each_chunk_had_been_decoded(
    chunks: list[bytes], cuts: list[int], line_end: bytes, broken: bool
) -> None:
    body = b"".join(b"data: " + data + line_end + line_end for data in chunks) + b"data: [DONE]" + line_end * 2
    with nothing_read_by_its_bytes():
        expected = read(body, cuts, broken=broken)
    assert read(body, cuts, broken=broken) == expected


def test_what_is_read_by_its_bytes_is_the_most_of_an_ordinary_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    plain = stream.decode_json
    monkeypatch.setattr(stream, "decode_json", lambda data: (decoded.append(data), plain(data))[1])
    texts = ['{"a', '": "', "b\n", "ö", '"}'] * 40
    body = b"".join(b"data: " + chunk(text) + b"\n\n" for text in texts)
    assert "".join(read(body, list(range(0, len(body), 90)))[0]) == "".join(texts)
    assert len(decoded) < 10


@pytest.mark.parametrize(
    "data",
    [
        whole({"role": "assistant", "content": ""}),
        whole({"content": "a", "tool_calls": [{}]}),
        whole({"content": "a", "reasoning": "b"}),
        b'{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}',
        b'{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}',
        b'{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[1]}}]}',
        b'{"x\\"content":"a","choices":[{"delta":{"c\\u006fntent":"a"}}]}',
        b'{"choices":[{"delta":{"content":"a","content":"a"}}]}',
        b'{"a":"a","choices":[{"delta":{"content":"a"}}]}',
        b'{"choices":[{"delta":\n{"content":"a"}}]}',
    ],
)
def test_a_chunk_that_says_more_or_cannot_be_proven_is_no_template(data: bytes) -> None:
    assert template_of(data, json.loads(data)) is None


def test_a_chunk_of_text_is_one() -> None:
    template = template_of(chunk("a"), json.loads(chunk("a")))
    assert template is not None
    body = b"".join(b"data: " + chunk(text) + b"\n\n" for text in ("b", 'c"\n', "")) + b"data: [DONE]\n\n"
    texts, ends = template.texts_from(body, 0)
    assert texts == ["b"]  # with an empty text among them, half are taken, and the rest at the next call
    assert body[: ends[0]].endswith(TAIL + b"\n\n")
