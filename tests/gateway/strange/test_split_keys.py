"""A key that a server writes in pieces, or in another form, reaches no client: the stream is cut before it is told."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from milo_bench.core.hiding import KeySearch
from milo_bench.gateway.answering.events import EventScan
from milo_bench.gateway.answering.split_keys import said_in_pieces

KEY = "sk-live-4242-do-not-leak"
DONE = b"data: [DONE]\n\n"


def chunk(text: str, field: str = "content", choice: int = 0) -> bytes:
    return f"data: {json.dumps({'choices': [{'index': choice, 'delta': {field: text}}]})}\n\n".encode()


def call(text: str) -> bytes:
    calls = [{"index": 0, "function": {"arguments": text}}]
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'tool_calls': calls}}]})}\n\n".encode()


def scanned(events: list[bytes]) -> tuple[str, EventScan]:
    scan = EventScan(KeySearch((KEY,)))
    left = b"".join(scan.feed(event) for event in events)
    return left.decode(), scan


def said(left: str) -> str:
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in left.split("\n\n") if line]
    return "".join(next(iter(delta.values())) for delta in deltas)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 23])
@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
def test_a_key_in_pieces_never_leaves(size: int, field: str) -> None:
    text = f"it is {KEY} indeed"
    left, scan = scanned([chunk(text[at : at + size], field) for at in range(0, len(text), size)] + [DONE])
    assert scan.problem == "the stream contains a key" and not scan.ended
    assert len(said(left)) < len("it is ") + 5


@pytest.mark.parametrize("whole", [True, False])
def test_a_key_in_one_read_of_many_events_never_leaves(whole: bool) -> None:
    events = [chunk("one "), *(chunk(char) for char in KEY), chunk(" two"), DONE]
    left, scan = scanned([b"".join(events)] if whole else events)
    assert scan.problem and said(left) == "one " + KEY[:4]


@pytest.mark.parametrize(
    "form",
    [base64.b64encode(f"Bearer {KEY}".encode()).decode(), KEY.encode().hex(), quote(KEY.replace("-", "%2D"), safe="")],
)
def test_a_key_in_another_form_in_pieces_never_leaves_whole(form: str) -> None:
    left, scan = scanned([chunk(form[at : at + 4]) for at in range(0, len(form), 4)] + [DONE])
    assert scan.problem and form not in said(left)


def test_a_key_by_numbers_and_one_in_the_arguments_of_a_call_are_found() -> None:
    numbered = "".join(f"\\u{ord(char):04x}" for char in KEY)
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"' + numbered.encode() + b'"}}]}\n\n'
    assert scanned([raw])[1].problem
    assert scanned([call(f'{{"k": "{KEY[:9]}'), call(f'{KEY[9:]}"}}')])[1].problem


def test_what_only_begins_like_a_key_leaves_once_it_goes_on_otherwise() -> None:
    events = [chunk("sk-li"), chunk("ve-"), chunk("stream"), chunk(" sk-live")]
    scan = EventScan(KeySearch((KEY,)))
    assert [len(scan.feed(event)) > 0 for event in events] == [False, False, True, False]
    assert scan.feed(DONE) == events[3] and scan.ended and not scan.problem


def test_a_stream_without_its_end_mark_gives_what_waited() -> None:
    scan = EventScan(KeySearch((KEY,)))
    assert scan.feed(chunk("sk-live")) == b"" and scan.rest() == chunk("sk-live")


def test_what_waits_is_bounded() -> None:
    scan = EventScan(KeySearch((KEY,)))
    assert scan.feed(chunk("sk-live", "reasoning_content")) == b""
    given = [scan.feed(chunk("x" * 1_000)) for _ in range(100)]
    assert any(given) and sum(map(len, given)) > 50_000


def test_pieces_of_two_answers_make_no_key_together() -> None:
    left, scan = scanned([chunk(KEY[:9], choice=0), chunk(KEY[9:], choice=1), chunk(" a"), DONE])
    assert not scan.problem and scan.ended and KEY[9:] in left


def test_odd_chunks_and_many_texts_are_followed_without_an_error() -> None:
    odd = [{"index": [], "delta": {"content": ["sk-live", {"index": {}, "text": "x"}]}}, {"delta": None}, {"text": "y"}]
    scan = EventScan(KeySearch((KEY,)))
    scan.feed(f"data: {json.dumps({'choices': odd})}\n\n".encode())
    for number in range(600):
        scan.feed(chunk("x", field=f"f{number}"))
    assert not scan.problem


def parted(*texts: str) -> bytes:
    delta = {"content": [{"type": "text", "text": text} for text in texts]}
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()


def test_a_key_over_the_parts_of_one_content_is_found() -> None:
    assert scanned([parted(KEY[:7], KEY[7:]), DONE])[1].problem
    assert scanned([parted("it is ", KEY[:7]), chunk(KEY[7:12]), parted(KEY[12:]), DONE])[1].problem
    assert not scanned([parted(KEY[7:], KEY[:7]), DONE])[1].problem


def test_a_key_over_the_parts_of_a_whole_answer_is_found() -> None:
    keys = KeySearch((KEY,))

    def document(*texts: str) -> dict[str, object]:
        parts = [{"type": "text", "text": text} for text in texts]
        return {"choices": [{"index": 0, "message": {"role": "assistant", "content": parts}}]}

    assert said_in_pieces(document("so: ", KEY[:5], KEY[5:20], KEY[20:]), keys)
    assert not said_in_pieces(document(KEY[5:], KEY[:5]), keys)
    two = [{"index": n, "message": {"content": text}} for n, text in enumerate((KEY[:9], KEY[9:]))]
    assert not said_in_pieces({"choices": two}, keys)
