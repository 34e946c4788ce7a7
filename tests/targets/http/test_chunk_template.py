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
from milo_bench.targets.http.events.chunk_template import TemplateBook, template_of
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
NUMBERS = st.one_of(st.integers(-3, 2**60), st.floats(allow_nan=False, allow_infinity=False))


def with_more(text: str, more: dict[str, Any], timings: dict[str, Any] | None, role: str, name: str) -> bytes:
    """A chunk as servers write it: ids, times and paddings that change, llama.cpp's timings, thinking."""
    delta = {"role": role, "content": text} if name == "content" else {"role": role, "content": None, name: text}
    body: dict[str, Any] = {"object": "chat.completion.chunk", **more, "model": "m"}
    body |= {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    return json.dumps(body if timings is None else body | {"timings": timings}).encode("utf-8", "surrogatepass")


MORE = st.fixed_dictionaries(
    {"id": st.text(max_size=4), "created": NUMBERS}, optional={"obfuscation": st.text(max_size=6), "n": NUMBERS}
)
TIMINGS = st.one_of(
    st.none(),
    st.fixed_dictionaries({"predicted_n": st.integers(0, 40), "predicted_ms": NUMBERS}, optional={"cache_n": NUMBERS}),
)
TEXTS = st.one_of(
    st.text(max_size=12).map(chunk),
    st.text(max_size=12).map(lambda text: chunk(text, ascii_only=True)),
    st.builds(
        with_more,
        st.text(max_size=5),
        MORE,
        TIMINGS,
        st.just("assistant"),
        st.sampled_from(["content", "content", "reasoning_content", "reasoning"]),
    ),
    st.sampled_from(ODD),
)


def read(body: bytes, cuts: list[int], *, broken: bool = False, book: TemplateBook | None = None) -> tuple[Any, ...]:
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [(number, body[a:b]) for number, (a, b) in enumerate(pairwise(places))]
    reply = HttpReply(0, status=200, headers={"content-type": "text/event-stream"}, pieces=pieces, ended_ns=len(pieces))
    reply.broken = "reset" if broken else None
    answer = StreamedAnswer()
    for _ in read_completion(reply, answer, book=book):
        pass
    times = (answer.stamps_ns, answer.text_ns, answer.thinking)
    failure = answer.failure and (answer.failure.kind, answer.failure.message)
    told = (answer.tokens, answer.server_timings, answer.usage, answer.model, answer.choice)
    return answer.text, answer.reasoning, times, told, failure, answer.finish_reason, len(answer.calls)


@contextmanager
def nothing_read_by_its_bytes() -> Iterator[None]:
    before = stream._TEMPLATES
    stream._TEMPLATES = 0
    try:
        yield
    finally:
        stream._TEMPLATES = before


BOOK = TemplateBook()  # of a server that gave all the answers of the property below


@given(
    st.lists(TEXTS, max_size=40),
    st.lists(st.integers(0, 20_000), max_size=60),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"data: ", b"data:"]),
    st.booleans(),
)
def test_an_answer_is_the_same_as_if_each_chunk_had_been_decoded(
    chunks: list[bytes], cuts: list[int], line_end: bytes, head: bytes, broken: bool
) -> None:
    body = b"".join(head + data + line_end + line_end for data in chunks) + b"data: [DONE]" + line_end * 2
    with nothing_read_by_its_bytes():
        expected = read(body, cuts, broken=broken)
    assert read(body, cuts, broken=broken) == expected
    BOOK._made = 0  # however odd the servers before were
    assert read(body, cuts, broken=broken, book=BOOK) == expected


def changing(place: int, *, timings: bool = False, name: str = "content") -> bytes:
    """Chunk ``place`` of a stream in which everything changes that a server may change."""
    more = {"id": f"chatcmpl-{place * 7919:x}", "created": 1_700_000_000 + place, "obfuscation": "xY" * (place % 5)}
    told = {"predicted_n": place + 1, "predicted_ms": place * 5.25, "prompt_n": 40} if timings else None
    return with_more(f" w{place}", more, told, "assistant", name)


@pytest.mark.parametrize("name", ["content", "reasoning_content"])
@pytest.mark.parametrize("timings", [False, True])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_ids_times_paddings_and_timings_that_change_are_read_by_their_bytes_too(
    name: str, timings: bool, line_end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    plain = stream.decode_json
    monkeypatch.setattr(stream, "decode_json", lambda data: (decoded.append(data), plain(data))[1])
    book = TemplateBook()
    body = b"".join(b"data: " + changing(place, timings=timings, name=name) + line_end * 2 for place in range(60))
    for _ in range(2):
        found = read(body, list(range(0, len(body), 97)), book=book)
        assert [*found[0], *found[1]] == [f" w{place}" for place in range(60)]
        assert found[3][0] == ([1] * 60 if timings else [])
        assert found[3][1] == ({"predicted_n": 60, "predicted_ms": 59 * 5.25, "prompt_n": 40} if timings else {})
        assert found[3][3] == "m"
    assert len(decoded) < 12


def test_a_book_of_a_server_whose_chunks_never_repeat_stays_small_and_stops_learning() -> None:
    book = TemplateBook()
    for place in range(400):
        data = json.dumps({f"k{place}": {}, "choices": [{"delta": {"content": "a"}}]}).encode()
        book.learn(data, json.loads(data))
    assert len(book.templates) <= 4
    assert book._made < 20


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
        b'{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}',
        b'{"choices":[{"delta":{"content":"a"},"usage":{"prompt_tokens":1}}]}',
        b'{"timings":{"predicted_n":1,"by":"x"},"choices":[{"delta":{"content":"a"}}]}',
        b'{"timings":{"predicted_n":1},"choices":[{"delta":{"content":"a"}}]}',
        b'{"choices":[{"delta":{"reasoning":"a","reasoning_content":"a"}}]}',
        b'{"choices":[{"delta":\n{"content":"a"}}]}',
    ],
)
def test_a_chunk_that_says_more_or_cannot_be_proven_is_no_template(data: bytes) -> None:
    assert template_of(data, json.loads(data)) is None


def test_a_chunk_of_text_is_one() -> None:
    template = template_of(chunk("a"), json.loads(chunk("a")))
    assert template is not None
    body = b"".join(b"data: " + chunk(text) + b"\n\n" for text in ("b", 'c"\n', "")) + b"data: [DONE]\n\n"
    found = template.chunks_from(body, 0)
    assert found.texts == ["b", 'c"\n']
    assert body[: found.ends[1]].endswith(TAIL + b"\n\n")
    assert json.loads(found.last)["choices"][0]["delta"]["content"] == 'c"\n'
