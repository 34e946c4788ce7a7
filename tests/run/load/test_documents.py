"""No document is timed twice as if it were new: fresh ones where a suite has a generator, marks where it has none."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import TargetRecord, Timings, Usage
from milo_bench.run.cache_probe import finds_cache
from milo_bench.run.load.documents import LoadDocuments
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.window import LoadRequest, Profile
from milo_bench.stats.load.figures import window_figures


def request(name: str) -> LoadRequest:
    return LoadRequest(name, ChatRequest((Message("user", name),)))


def row(name: str, at_s: float, took_s: float, *, warm: bool = False, repeated: bool = False) -> LoadRow:
    return LoadRow(
        name, at_s, at_s, at_s + took_s, first_content_s=at_s + took_s / 2, prompt_tokens=100,
        cached_tokens=99 if warm else 0, is_warm=warm, is_repeated=repeated,
    )  # fmt: skip


def window(*rows: LoadRow) -> WindowRows:
    return WindowRows("closed", 2.0, 0.0, 0.0, 10.0, 10.0, rows, "", "")


def test_a_generator_gives_a_window_as_many_documents_as_it_will_send() -> None:
    numbers = itertools.count()
    documents = LoadDocuments(
        [request("a")], lambda have, count: [request(f"new-{next(numbers)}") for _ in range(count)]
    )
    profile = Profile(mode="open", level=50.0, duration_s=4.0, warmup_s=1.0, arrivals=lambda: iter(()))
    documents.prepare(profile, sent=100)
    assert len(documents.requests) >= 100 + 50 * 5
    assert len({one.fixture for one in documents.requests}) == len(documents.requests)


def test_a_suite_without_a_generator_is_sent_again_and_that_is_known() -> None:
    documents = LoadDocuments([request("a"), request("b")])
    assert documents.prepare(Profile(mode="open", level=9.0, duration_s=9.0, arrivals=lambda: iter(())), 0) == 0
    first = documents.sent(window(row("a", 0, 1), row("b", 1, 1), row("a", 2, 1)))
    assert first == {2}
    assert documents.sent(window(row("b", 11, 1))) == {0}


def test_warm_documents_are_in_no_distribution_and_in_no_service_level() -> None:
    rows = [row("a", 0, 2.0), row("a", 2, 0.1, warm=True, repeated=True), row("b", 3, 2.0)]
    figures = window_figures(window(*rows), level=ServiceLevel(latency_s=1.0))
    assert figures.latency_p50_s == 2.0
    assert figures.distributions.latency.n == 2
    assert (figures.warm, figures.repeated, figures.met) == (1, 1, 0)
    assert figures.warm_latency_p50_s == pytest.approx(0.1)
    assert figures.cached_share == pytest.approx(0.33)
    assert "1 of 3 documents were in the server's cache" in figures.notes[-1]


class Server:
    """Takes a second for a prompt it has not seen, and none for one that it keeps."""

    record = TargetRecord("s", "openai", "m")

    def __init__(self, *, keeps: bool, says: bool = False) -> None:
        self._keeps, self._says, self._seen = keeps, says, set[str]()

    async def ask(self, request: ChatRequest, **_: object) -> Exchange:
        text = request.messages[0].content
        kept = self._keeps and text in self._seen
        self._seen.add(text)
        wait_s = 0.01 if kept else 1.0
        usage = Usage(prompt_tokens=900, cached_tokens=899 if kept and self._says else None)
        return Exchange(Timings(0.0, 0.0, wait_s, first_content_s=wait_s), "yes", usage=usage)


@pytest.mark.parametrize(("keeps", "says"), [(True, False), (True, True), (False, False)])
def test_asking_twice_finds_out_whether_a_server_keeps_prompts(keeps: bool, says: bool) -> None:
    server = Server(keeps=keeps, says=says)
    assert asyncio.run(finds_cache(server, lambda: 0.0)) is keeps  # type: ignore[arg-type]
