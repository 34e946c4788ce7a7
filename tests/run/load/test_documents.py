"""No document is timed twice as if it were new: fresh ones where a suite has a generator, marks where it has none."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Behaviour, Plan, TargetRecord, Timings, Usage
from milo_bench.run.cache_probe import SeenCache, find_cache, see_cache
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
    """Takes a second for a prompt it has not seen, and little for one that it keeps. ``says`` what it took."""

    record = TargetRecord("s", "openai", "m")

    def __init__(self, *, keeps: bool, says: int | None = None, new_s: float = 1.0) -> None:
        self._keeps, self._says, self._new_s, self._seen = keeps, says, new_s, set[str]()
        self.words = 0

    async def ask(self, request: ChatRequest, **_: object) -> Exchange:
        text = request.messages[0].content
        kept = self._keeps and text in self._seen
        self._seen.add(text)
        self.words = max(self.words, len(text.split()))
        wait_s = 0.01 * self._new_s if kept else self._new_s
        usage = Usage(prompt_tokens=900, cached_tokens=self._says if kept or self._says == 0 else None)
        return Exchange(Timings(0.0, 0.0, wait_s, first_content_s=wait_s), "yes", usage=usage)

    async def behaviour(self) -> Behaviour:
        return Behaviour()


@pytest.mark.parametrize(
    ("server", "seen"),
    [
        (Server(keeps=True), SeenCache(keeps=True, says=False, new_token_s=1 / 900)),
        (Server(keeps=True, says=899), SeenCache(keeps=True, says=True, new_token_s=1 / 900)),
        (Server(keeps=True, says=0), SeenCache(keeps=True, says=False, new_token_s=1 / 900)),
        (Server(keeps=False), SeenCache(keeps=False, says=False, new_token_s=1 / 900)),
        (Server(keeps=False, says=0), SeenCache(keeps=False, says=False, new_token_s=1 / 900)),
    ],
)
def test_asking_twice_finds_out_whether_a_server_keeps_prompts_and_says_so(server: Server, seen: SeenCache) -> None:
    assert asyncio.run(see_cache(server, lambda: 0.0)) == seen  # type: ignore[arg-type]


def test_a_slow_server_is_asked_short_prompts_and_a_quick_one_long_ones() -> None:
    slow, quick = Server(keeps=True), Server(keeps=True, new_s=0.05)
    for server in (slow, quick):
        asyncio.run(see_cache(server, lambda: 0.0))  # type: ignore[arg-type]
    assert slow.words < 200 < 500 < quick.words


@pytest.mark.parametrize(
    ("record", "server", "found"),
    [
        ({}, Server(keeps=True), "unreported"),
        ({}, Server(keeps=True, says=899), ""),
        ({}, Server(keeps=False), "none found"),
        ({"cache": "salted"}, Server(keeps=True), "unreported"),  # whoever is between drops the salt
        ({"cache": "salted"}, Server(keeps=False), "salted"),
        ({"hosted": True}, Server(keeps=True), ""),  # not asked: it costs, and nothing is asked twice
    ],
)
def test_a_run_finds_what_its_servers_keep(record: dict[str, Any], server: Server, found: str) -> None:
    plan = Plan(("f",), ("s",))
    server.record = TargetRecord("s", "openai", "m", **record)
    told = asyncio.run(find_cache(plan, server, server.record, lambda: 0.0, look=True))  # type: ignore[arg-type]
    assert told.cache == found
    unasked = asyncio.run(find_cache(plan, server, server.record, lambda: 0.0, look=False))  # type: ignore[arg-type]
    assert unasked == server.record
