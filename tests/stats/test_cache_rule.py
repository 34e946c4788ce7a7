"""A time is warm by what the server took from its cache, and by what it was asked before where it does not say."""

from __future__ import annotations

import math

import msgspec
import pytest

from milo_bench.core.records import Attempt, AttemptKey, Failure, Fixture, Graded, Plan, TargetRecord, Timings, Usage
from milo_bench.stats.cases.cache import CacheRule, cache_rule, cached_share
from milo_bench.stats.cases.columns import CasesBuilder, fixture_table
from milo_bench.stats.cases.measures import measure_cases
from milo_bench.stats.cases.warm_failures import with_failures_aside


def attempt(repeat: int = 0, *, cached: int | None = None, shared: float = 0.0, latency_s: float = 2.0) -> Attempt:
    times = Timings(0.0, 0.0, latency_s, first_content_s=latency_s / 2)
    usage = Usage(prompt_tokens=660, completion_tokens=5, cached_tokens=cached)
    return Attempt(AttemptKey("f", "t", repeat), "r", times, "x", usage=usage, shared_share=shared)


@pytest.mark.parametrize(
    ("made", "warm"),
    [
        (attempt(cached=0), False),
        (attempt(cached=659), True),
        (attempt(cached=40), False),  # what a chat template puts before every prompt
        (attempt(cached=300, shared=0.45), False),  # the instructions that every request begins with
        (attempt(cached=659, shared=0.45), True),
        (attempt(1, cached=0), False),
        (attempt(), False),
        (attempt(1), True),
    ],
)
def test_more_than_the_shared_beginning_is_warm_and_so_is_a_repeat_of_unknown_share(made: Attempt, warm: bool) -> None:
    assert CacheRule(repeats_are_cold=False).is_warm(made) == warm


def test_a_server_that_was_kept_from_its_cache_has_cold_repeats_and_who_wants_warm_times_gets_them() -> None:
    off, unknown = TargetRecord("t", "openai", "m", cache="off"), TargetRecord("t", "openai", "m")
    plan = Plan(("f",), ("t",), repeats=2)
    assert not cache_rule(plan, off).is_warm(attempt(1))
    assert cache_rule(plan, unknown).is_warm(attempt(1))
    assert not cache_rule(msgspec.structs.replace(plan, cache="warm"), unknown).is_warm(attempt(1, cached=659))


def test_warm_times_are_in_no_time_measure_and_are_listed_beside_them() -> None:
    builder = CasesBuilder("w", "t", "", "free", None, CacheRule(repeats_are_cold=False))
    for repeat, cached, latency_s in ((0, 0, 2.0), (1, 659, 0.1), (2, 659, 0.1)):
        made = attempt(repeat, cached=cached, latency_s=latency_s)
        builder.add(made, Graded(made.key, "w", (), True), 0)
    failed = msgspec.structs.replace(attempt(3), failure=Failure("reset", "gone"))
    builder.add(failed, Graded(failed.key, "w", (), None), 0)
    cases, table = builder.build(), fixture_table([Fixture("f", "w", {})])
    cold = measure_cases(cases, table, "latency_p50_s")
    assert (cold.value, cold.n) == (2.0, 2)  # the failure is infinitely slow, warm or not
    assert cold.note == "2 warm answers are listed separately"
    warm = measure_cases(cases, table, "warm_latency_p50_s")
    assert (warm.value, warm.n) == (0.1, 2)
    assert measure_cases(cases, table, "cached_share_mean").value == pytest.approx(2 / 3 * 659 / 660)
    assert math.isnan(cached_share(attempt()))


@pytest.mark.parametrize("cached", [None, 659])
def test_failed_repeats_do_not_turn_a_median_infinite_where_most_attempts_are_answered(cached: int | None) -> None:
    """37 of 100 fail in each of three repeats; the repeats' answers are warm, so their failures go with them."""
    builder = CasesBuilder("w", "t", "", "free", None, CacheRule(repeats_are_cold=False))
    for repeat in range(3):
        for number in range(100):
            made = attempt(repeat, cached=0 if cached and not repeat else cached, latency_s=0.1 if repeat else 2.0)
            if number % 100 < 37:
                made = msgspec.structs.replace(made, failure=Failure("server_error", "no"), usage=Usage())
            builder.add(made, Graded(made.key, "w", (), None if made.failure else True), number)
    cases = with_failures_aside(builder.build())
    table = fixture_table([Fixture(f"f{number}", "w", {}) for number in range(100)])
    cold, warm = (measure_cases(cases, table, name) for name in ("latency_p50_s", "warm_latency_p50_s"))
    assert (cold.value, cold.n) == (2.0, 100)
    assert cold.note == "126 warm answers are listed separately"
    assert (warm.value, warm.n) == (0.1, 200)
    assert measure_cases(cases, table, "latency_p95_s").value is None
    assert measure_cases(cases, table, "ttft_p50_s").value == 1.0


def test_failures_of_a_server_whose_repeats_were_cold_stay_where_they_are() -> None:
    builder = CasesBuilder("w", "t", "", "free", None, CacheRule(repeats_are_cold=False))
    for repeat, failure in ((0, None), (1, None), (2, Failure("reset", "gone"))):
        made = msgspec.structs.replace(attempt(repeat, cached=0), failure=failure)
        builder.add(made, Graded(made.key, "w", (), None if failure else True), 0)
    cases = builder.build()
    assert with_failures_aside(cases) is cases


def test_a_run_of_warm_prompts_alone_has_no_time() -> None:
    builder = CasesBuilder("w", "t", "", "free", None, CacheRule())
    made = attempt(cached=659)
    builder.add(made, Graded(made.key, "w", (), True), 0)
    measure = measure_cases(builder.build(), fixture_table([Fixture("f", "w", {})]), "ttft_p95_s")
    assert measure.value is None
    assert measure.note == "all 1 prompts came out of the server's cache"


UNREPORTED = TargetRecord("t", "openai", "m", cache="unreported", new_token_s=0.002)  # 1.32 s for 660


@pytest.mark.parametrize(
    ("made", "warm"),
    [
        (attempt(latency_s=2.6), False),
        (attempt(latency_s=1.4), False),  # a first token after 0.7 s, in more than half the time
        (attempt(latency_s=0.2), True),  # an earlier command sent it
        (attempt(latency_s=0.2, cached=0), True),  # and whatever the server says of it
        (attempt(latency_s=0.2, shared=0.99), False),  # nothing but instructions that every request begins with
        (attempt(1, latency_s=2.6), True),
    ],
)
def test_of_a_cache_that_is_not_reported_the_time_tells(made: Attempt, warm: bool) -> None:
    rule = cache_rule(Plan(("f",), ("t",)), UNREPORTED)
    assert rule.is_warm(made) == warm
    assert math.isnan(rule.share(made))
    assert not cache_rule(Plan(("f",), ("t",), cache="warm"), UNREPORTED).is_warm(made)
