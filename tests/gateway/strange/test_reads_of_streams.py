"""Many events read together are judged as each alone: the same bytes leave, and the same is wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from milo_bench.core.hiding import KeySearch
from milo_bench.gateway.answering.events import EventScan

MODEL = "one"


def event(**more: object) -> bytes:
    data = {"model": MODEL, "choices": [{"index": 0, "delta": {"content": "wörd"}, "finish_reason": None}], **more}
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


ENDS = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
USED = event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 4})
DONE = b"data: [DONE]\n\n"
ODD = {
    "an error": event(error={"message": "no"}),
    "an empty error": event(error=None),
    "an error as its object": event(object="error"),
    "another model": event(model="two"),
    "two values in one event": b'data: {"choices": []} {"choices": []}\n\n',
    "two values without a space": b'data: {"choices": []}{"choices": []}\n\n',
    "half of a value": b'data: {"choices": []\n\n',
    "half of a value that ends like one": b'data: {"choices": [{}\n\n',
    "the other half": b"data: {}]}\n\n",
    "no choices": b'data: {"id": 1}\n\n',
    "a list": b"data: [1]\n\n",
    "a broken byte": b'data: {"choices": [], "x": "\xff"}\n\n',
    "half of a letter": event()[:40] + b"\xc3\n\n",
    "a carriage return": b'data: {"choices": []}\r\n\r\n',
    "a return within": b'data: {"choices": [],\r "x": {}}\n\n',
    "two lines": b'data: {"choices":\ndata: []}\n\n',
    "an event in two pieces": event()[:20],
    "a named event": b"event: error\ndata: {}\n\n",
    "a comment": b": wait\n\n",
    "a heartbeat": b"data: {}\n\n",
    "an empty line more": b"data: {}\n\n\n",
    "no event": b"<html>\n\n",
    "the end": DONE,
    "a key": event(id="sk-secret-1234567890"),
}
Scan = Callable[[], EventScan]
SCANS: dict[str, Scan] = {
    "plain": EventScan,
    "by model": lambda: EventScan(another_model=lambda model: "it is another" if model == "two" else ""),
    "with keys": lambda: EventScan(KeySearch(("sk-secret-1234567890",))),
}


def left(scan: EventScan, reads: list[list[bytes]], *, together: bool) -> tuple[object, ...]:
    gone: list[bytes] = []
    for pieces in reads:
        if together:
            gone += scan.feed_all(pieces)
        else:
            for piece in pieces:
                if scan.problem or scan.ended:
                    break
                if sound := scan.feed(piece):
                    gone.append(sound)
    return gone, scan.problem, scan.ended, scan.finished, scan.usage(), scan.rest()


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_an_odd_event_among_many_is_found_as_it_is_alone(scan: str, odd: str, at: int) -> None:
    pieces = [event() for _ in range(6)] + [ENDS, USED, DONE]
    pieces.insert(at, ODD[odd])
    assert left(SCANS[scan](), [pieces], together=True) == left(SCANS[scan](), [pieces], together=False)


def test_any_order_of_events_in_any_reads_is_judged_alike() -> None:
    draw = random.Random(5)
    kinds = [*ODD.values(), *[event()] * 30, ENDS, USED]
    reached = set()
    for _ in range(600):
        reads = [[draw.choice(kinds) for _ in range(draw.randint(1, 9))] for _ in range(draw.randint(1, 4))]
        name = draw.choice(list(SCANS))
        found = left(SCANS[name](), reads, together=True)
        assert found == left(SCANS[name](), reads, together=False)
        reached.add(found[1])
    assert len(reached) > 4  # several ways to go wrong, and none


def test_a_read_of_sound_events_leaves_as_the_pieces_that_came() -> None:
    scan = EventScan()
    pieces = [event(), event(), ENDS, USED]
    assert scan.feed_all([*pieces, DONE]) == pieces
    assert (scan.ended, scan.finished, scan.usage(), scan.problem) == (True, True, (3, 4), "")


def test_whole_events_in_odd_pieces_leave_with_the_read_that_makes_them_whole() -> None:
    draw = random.Random(7)
    for _ in range(300):
        read = b"".join(event(id=f"é{number}") for number in range(draw.randint(2, 6)))
        cuts = sorted(draw.sample(range(1, len(read)), draw.randint(1, 5)))
        pieces = [read[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(read)], strict=True)]
        scan = EventScan()
        scan.feed_all([event()])
        assert b"".join(scan.feed_all(pieces)) == read
        assert (scan.problem, scan.ended, scan.rest()) == ("", False, b"")


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_event_in_odd_pieces_never_leaves(odd: str) -> None:
    alone = EventScan()
    sound, wrong = alone.feed(event()), (alone.feed(ODD[odd]), alone.problem, alone.ended)[1:]
    read = event() + ODD[odd] + event()
    for cut in range(1, len(read)):
        scan = EventScan()
        gone = b"".join(scan.feed_all([event()]) + scan.feed_all([read[:cut], read[cut:]]))
        if wrong[0]:
            assert scan.problem == wrong[0]
            assert gone == sound * 2
