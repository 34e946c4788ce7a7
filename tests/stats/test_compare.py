"""Two sides are paired fixture by fixture, or refused."""

import pytest

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, Timings, Usage
from milo_bench.stats.cases.columns import CasesBuilder, fixture_table
from milo_bench.stats.compare import Side, compare_sides


def side(
    name: str,
    outcomes: dict[str, bool | list[bool]],
    seconds: float = 1.0,
    hash: str = "h",
    group: int = 0,
    cached: int | None = None,
) -> Side:
    builder = CasesBuilder("w", name, "", "free")
    for number, (fixture, passed) in enumerate(outcomes.items()):
        for repeat, one in enumerate(passed if isinstance(passed, list) else [passed]):
            key = AttemptKey(fixture, name, repeat)
            timings = Timings(0.0, 0.0, seconds, first_content_s=seconds / 2)
            usage = Usage(prompt_tokens=100, cached_tokens=cached)
            attempt = Attempt(key=key, request_hash="", timings=timings, output="x", usage=usage)
            builder.add(attempt, Graded(key, "w", (), one), number)
    fixtures = fixture_table(
        [
            Fixture(fixture, "w", {}, hash=f"{hash} {fixture}", group=f"g{number % group}" if group else "")
            for number, fixture in enumerate(outcomes)
        ]
    )
    return Side(name, fixtures, [builder.build()])


def test_pass_rates_are_held_against_each_other_with_the_exact_mcnemar_test() -> None:
    first = side("a", {f"f{i}": i < 18 for i in range(20)})
    second = side("b", {f"f{i}": i < 9 for i in range(20)}, seconds=2.0)
    comparison = compare_sides(first, second)
    (rate,) = comparison.rates
    assert (rate.pairs, len(rate.only_first), len(rate.only_second)) == (20, 9, 0)
    assert rate.method == "exact McNemar"
    assert rate.p_value == pytest.approx(2 / 2**9)
    assert rate.difference == pytest.approx(0.45)
    latency, first_token = comparison.means
    assert (latency.name, latency.difference) == ("latency_s", -1.0)
    assert (first_token.name, first_token.difference) == ("ttft_s", -0.5)


def test_repeats_are_paired_as_shares_of_their_fixture() -> None:
    first = side("a", {f"f{i}": [True, True, False] for i in range(6)})
    second = side("b", {f"f{i}": [False, True, False] for i in range(6)})
    (rate,) = compare_sides(first, second).rates
    assert rate.pairs == 6
    assert rate.method == "exact sign flip over fixtures"
    assert rate.p_value == pytest.approx(2 / 2**6)


def test_fixtures_with_other_content_are_refused_by_name() -> None:
    with pytest.raises(DataError, match="2 fixtures differ between the two sides: f0, f1"):
        compare_sides(side("a", {"f0": True, "f1": True}), side("b", {"f0": True, "f1": True}, hash="other"))


def test_sides_without_a_common_fixture_are_refused() -> None:
    with pytest.raises(DataError, match="no fixtures in common"):
        compare_sides(side("a", {"f0": True}), side("b", {"g0": True}))


def test_fixtures_on_one_side_only_are_counted_not_hidden() -> None:
    comparison = compare_sides(side("a", {"f0": True, "f1": True, "f2": False}), side("b", {"f0": True}))
    assert (comparison.only_in_first, comparison.only_in_second) == (2, 0)


def test_fixtures_of_one_story_are_flipped_together() -> None:
    first = side("a", {f"f{i}": True for i in range(20)}, group=4)
    second = side("b", {f"f{i}": False for i in range(20)}, group=4)
    (rate,) = compare_sides(first, second).rates
    assert rate.method == "exact sign flip over groups"
    assert rate.p_value == pytest.approx(2 / 2**4)


def test_times_of_different_cached_shares_are_not_compared() -> None:
    cold, warm = side("a", {"f": True}, cached=0), side("b", {"f": True}, 0.1, cached=20)
    comparison = compare_sides(cold, warm)
    assert not [mean for mean in comparison.means if mean.unit == "s"]
    assert comparison.differs == ("share of prompts from the cache: 0% → 20%, so times are not compared",)
    assert [mean for mean in compare_sides(cold, side("b", {"f": True}, cached=0)).means if mean.unit == "s"]
