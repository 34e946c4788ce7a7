"""Failures are the same share of the times of new documents as of requests, however many documents were sent again."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Failure, FailureKind, TargetRecord, Timings, Usage
from milo_bench.run.asked.failed_repeats import RepeatCounts, set_aside
from milo_bench.run.cache_probe import see_cache
from milo_bench.run.load.documents import LoadDocuments
from milo_bench.run.load.rows import LoadRow, RowFailure, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.warmth import mark_warm, needs_a_probe
from milo_bench.run.load.window import LoadRequest
from milo_bench.stats.load.figures import window_figures

TOOK_S, WARM_S = 0.095, 0.02


def made(place: int, *, documents: int, failure: RowFailure | None, cached: int | None, is_again: bool) -> LoadRow:
    took_s = 0.001 if failure else WARM_S if is_again and cached != 0 else TOOK_S
    return LoadRow(
        f"d{place % documents}", place * 0.01, place * 0.01, place * 0.01 + took_s,
        first_content_s=None if failure else place * 0.01 + took_s / 2,
        prompt_tokens=None if failure else 100, cached_tokens=None if failure or cached is None else cached * is_again,
        failure=failure,
    )  # fmt: skip


def window(*rows: LoadRow, to_s: float = 1e6) -> WindowRows:
    return WindowRows("closed", 2.0, 0.0, 0.0, to_s, to_s, rows, "", "")


def marked(rows: WindowRows, *, repeats_are_cold: bool = False) -> WindowRows:
    requests: list[LoadRequest] = []
    again = LoadDocuments(requests).sent(rows)
    return mark_warm(rows, again, repeats_are_cold=repeats_are_cold, shared_share=lambda _: 0.3)


def failing(share: float, *, n: int, documents: int, cached: int | None, after: int = 0) -> WindowRows:
    """``share`` of the requests from ``after`` on fail, evenly spread."""
    per_hundred = round(share * 100)
    return window(
        *(
            made(
                place,
                documents=documents,
                failure="server_error" if place >= after and place * per_hundred % 100 < per_hundred else None,
                cached=cached,
                is_again=place >= documents,
            )
            for place in range(n)
        )
    )


@pytest.mark.parametrize("cached", [None, 0, 99])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.37, 0.44])
@pytest.mark.parametrize("documents", [40, 150, 399])
def test_a_median_is_an_answer_where_most_requests_are_answered(
    cached: int | None, share: float, documents: int
) -> None:
    told = marked(failing(share, n=400, documents=documents, cached=cached))
    figures = window_figures(told, level=ServiceLevel(latency_s=1.0))
    cold = figures.distributions.latency
    assert figures.latency_p50_s == pytest.approx(TOOK_S)
    assert figures.failure_share is not None
    # No smaller, and larger only where those sent for the first time failed more often.
    assert cold.infinite / cold.n >= figures.failure_share - 1e-12
    first = [row for row in told.rows if not row.is_repeated]
    of_first = sum(row.failure is not None for row in first) / len(first)
    assert cold.infinite / cold.n <= max(figures.failure_share, of_first) + 1 / cold.n
    assert figures.met_share == pytest.approx(1 - cold.infinite / cold.n)


def test_without_a_cache_nothing_is_set_aside() -> None:
    told = marked(failing(0.4, n=300, documents=50, cached=None), repeats_are_cold=True)
    assert not any(row.is_warm for row in told.rows)
    assert window_figures(told, level=ServiceLevel()).distributions.latency.n == 300


def test_failures_that_all_came_late_do_not_leave_the_times_of_new_documents() -> None:
    """A server that dies when only repeats are left makes its tail no better by it, and no capacity of its own."""
    told = marked(failing(1.0, n=200, documents=100, cached=None, after=140))
    figures = window_figures(told, level=ServiceLevel(latency_s=1.0))
    assert figures.failure_share == pytest.approx(0.3)
    assert figures.latency_p95_s is None
    assert figures.met_share is not None and figures.met_share <= 0.7


def test_where_every_answer_was_warm_its_failures_are_beside_it() -> None:
    rows = failing(0.3, n=200, documents=1, cached=99)
    told = marked(rows)
    figures = window_figures(told, level=ServiceLevel())
    assert figures.warm_latency_p50_s == pytest.approx(WARM_S)
    mostly = marked(failing(0.7, n=200, documents=1, cached=99))
    assert window_figures(mostly, level=ServiceLevel()).warm_latency_p50_s is None


def test_a_request_that_was_never_sent_repeats_nothing() -> None:
    unsent = LoadRow("a", 0.0, 0.0, 5.0, failure="unsent")
    first, second = (
        made(place, documents=1, failure=None, cached=None, is_again=False) for place in (0, 1)
    )  # both on d0
    rows = window(unsent, unsent, first, second)
    assert LoadDocuments([]).sent(rows) == {3}
    assert window_figures(rows, level=ServiceLevel()).distinct_prompts == 1


def test_a_cache_is_looked_for_where_an_answer_does_not_say() -> None:
    silent = made(3, documents=1, failure=None, cached=None, is_again=True)
    said = made(3, documents=1, failure=None, cached=99, is_again=True)
    broken = made(3, documents=1, failure="reset", cached=None, is_again=True)
    assert needs_a_probe([silent, said], {0})
    assert not needs_a_probe([silent, said, broken], {1, 2})
    assert needs_a_probe([silent, said], set(), earlier=True)
    assert not needs_a_probe([said, broken], set(), earlier=True)


def test_a_note_does_not_claim_a_cache_that_nobody_saw() -> None:
    unknown = window_figures(marked(failing(0.0, n=20, documents=15, cached=None)), level=ServiceLevel())
    known = window_figures(marked(failing(0.0, n=20, documents=15, cached=99)), level=ServiceLevel())
    assert unknown.notes[-1].startswith("5 of 20 documents were sent again and may have been cached.")
    assert known.notes[-1].startswith("5 of 20 documents were in the server's cache.")


def test_the_counts_that_are_set_aside_are_a_share_of_what_there_is() -> None:
    for answered, warm, failures, failed in itertools.product((1, 3, 50), (0, 1, 3, 40), (1, 7, 60), (1, 7, 60)):
        if warm > answered or failed > failures:
            continue
        aside = set_aside(RepeatCounts(answered, warm, max(1, warm), warm, failures, failed))
        left, cold = failures - len(aside), answered - warm
        assert len(set(aside)) == len(aside) <= failed
        assert all(0 <= place < failed for place in aside)
        assert left * (answered + failures) >= failures * (cold + left)


class Flaky:
    """Answers at once, but fails each request whose number is in ``fails``."""

    record = TargetRecord("s", "openai", "m")

    def __init__(self, fails: frozenset[int], kind: FailureKind = "server_error") -> None:
        self.fails, self.kind, self.asked = fails, kind, 0

    async def ask(self, request: object, **_: object) -> Exchange:
        self.asked += 1
        failure = Failure(self.kind, "no") if self.asked in self.fails else None
        return Exchange(Timings(0.0, 0.0, 1.0, first_content_s=1.0), "yes", usage=Usage(), failure=failure)


@pytest.mark.parametrize(
    ("server", "found", "asked"),
    [
        (Flaky(frozenset({1, 4, 5})), False, 11),
        (Flaky(frozenset(range(1, 100))), None, 13),
        (Flaky(frozenset({1}), "connect_refused"), None, 1),
    ],
)
def test_a_server_that_fails_some_requests_still_tells_whether_it_keeps_prompts(
    server: Flaky, found: bool | None, asked: int
) -> None:
    seen = asyncio.run(see_cache(server, lambda: 0.0))  # type: ignore[arg-type]
    assert (seen if seen is None else seen.keeps) is found
    assert server.asked == asked
