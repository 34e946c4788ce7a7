"""Measured rates enter with their intervals, hosted prices with their source, and every figure can be traced."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.config.economics.file import example_path, load_economics, read_economics
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.records import Interval, Measure, Price
from milo_bench.economics import BusinessCase, hosted_price, make_case, simulate
from milo_bench.stats.intervals import wilson

TEXT = """\
assumptions:
  items: {unit: item/month, exact: 18000, source: a count}
  right: {unit: share, measure: {workload: extraction, target: local_8b, name: pass_rate}}
  rent: {unit: USD/month, exact: 100, source: a contract}
  answer: {unit: s/item, measure: {workload: extraction, target: local_8b, name: latency_p50}}
  capture: {unit: s/item, exact: 75, source: a stop watch}
  wage: {unit: USD/hour, exact: 42, source: finance}
  tokens_in: {unit: token/item, low: 800, base: 900, high: 1200, source: a sample}
  tokens_out: {unit: token/item, low: 50, base: 80, high: 120, source: a sample}
  price_in: {unit: USD/Mtoken, hosted_price: {model: gpt-4o-mini, provider: openai, tokens: input, as_of: 2026-05-08}}
  price_out: {unit: USD/Mtoken, hosted_price: {model: gpt-4o-mini, provider: openai, tokens: output, as_of: 2026-05-08}}
lines:
  extraction: {kind: capacity_returned, volume: items, factors: [right], time: capture, wage: wage}
  rest: {kind: review_time, volume: items, factors: [1 - right], time: capture, wage: wage}
  hosted:
    {kind: hosted_spend_displaced, volume: items, input_tokens: tokens_in, input_price: price_in,
     output_tokens: tokens_out, output_price: price_out}
  trust: {kind: trusted_work, volume: items, trusted_share: right, cleanup_time: capture, wage: wage}
  rent: {kind: monthly_cost, amount: rent}
  waiting: {kind: figure, formula: items * answer, unit: hour/month}
"""


def measures(k: int = 66, n: int = 70) -> list[Measure]:
    rate = Measure("pass_rate", "extraction", "local_8b", k / n, "share", n, interval=wilson(k, n), k=k)
    other = Measure("pass_rate", "timeline", "local_8b", 0.5, "share", 60, interval=wilson(30, 60), k=30)
    latency = Measure("latency_p50", "extraction", "local_8b", 1.5, "s", n, interval=Interval(1.2, 1.9, 0.95, "order"))
    return [rate, other, latency]


def case(k: int = 66, n: int = 70) -> BusinessCase:
    return make_case(read_economics(TEXT), measures(k, n))


def test_a_measured_rate_brings_its_interval_and_says_what_it_is() -> None:
    right = next(one for one in case().assumptions if one.name == "right")
    interval = wilson(66, 70)
    assert (right.low, right.base, right.high) == (interval.low, 66 / 70, interval.high)
    assert right.origin == "measured" and right.confidence == 0.95
    assert right.source == "measured: pass rate of extraction on local_8b, n = 70, 95% Wilson interval"


def test_the_rest_of_a_rate_is_the_same_assumption_and_not_a_second_one() -> None:
    made = case()
    rest, interval = made.figure("rest.hours"), wilson(66, 70)
    assert rest.formula == "items * (1 - right) * capture"
    assert (rest.low, rest.high) == pytest.approx(((1 - interval.high) * 375, (1 - interval.low) * 375))
    net = simulate(made.sheet(), ("extraction.hours", "rest.hours", "hours_net"), seed=2)
    # What is not automated is reviewed, in every draw: 375 hours in all.
    assert net[2].p05 == pytest.approx(2 * net[0].p05 - 375)


def test_capacity_follows_the_measured_interval() -> None:
    hours = case().figure("extraction.hours")
    interval = wilson(66, 70)
    assert (hours.low, hours.high) == pytest.approx((interval.low * 375, interval.high * 375))


def test_a_draw_of_a_measured_rate_misses_its_interval_as_often_as_its_confidence_says() -> None:
    made = case(40, 70)
    likely = simulate(made.sheet(), ("extraction.hours",), seed=5, draws=200_000)[0]
    interval = wilson(40, 70)
    rate = 40 / 70
    expected = rate - (rate - interval.low) * 1.644854 / 1.959964
    assert likely.p05 / 375 == pytest.approx(expected, abs=0.001)


def test_more_fixtures_make_the_range_narrower() -> None:
    small, large = case(33, 35).figure("extraction.hours"), case(330, 350).figure("extraction.hours")
    assert large.high - large.low < small.high - small.low


@settings(max_examples=40, deadline=None)
@given(k=st.integers(0, 69))
def test_a_better_rate_never_gives_less_trusted_work_for_a_dollar(k: int) -> None:
    worse, better = case(k).figure("trust.per_dollar"), case(k + 1).figure("trust.per_dollar")
    assert worse.unit == "item/USD"
    assert better.value >= worse.value and better.low >= worse.low
    assert better.high is None or better.high >= worse.high


@pytest.mark.parametrize(
    ("inside", "old", "new", "said", "hint"),
    [
        ("right:", "extraction", "extractoin", "No measure has workload 'extractoin'", "mean 'extraction'?"),
        ("answer:", "local_8b", "local_7b", "No measure has target 'local_7b'", "mean 'local_8b'?"),
        ("answer:", "latency_p50", "latency_p5", "No measure has name 'latency_p5'", "mean 'latency_p50'?"),
        ("answer:", "s/item", "USD/item", "was measured in s, but 'answer' is in USD/item", "write unit: s"),
        ("price_in:", "gpt-4o-mini", "gpt-4o-mni", "has no model 'gpt-4o-mni'", "mean 'gpt-4o-mini'?"),
        ("price_in:", "openai", "opnai", "has no provider 'opnai'", "mean 'openai'?"),
        ("price_in:", "USD/Mtoken", "USD/hour", "a hosted price is in USD/Mtoken", ""),
    ],
)
def test_what_cannot_be_found_is_named_with_its_line_and_the_nearest(
    inside: str, old: str, new: str, said: str, hint: str
) -> None:
    rows = TEXT.splitlines()
    line = next(number for number, row in enumerate(rows) if row.strip().startswith(inside))
    assert old in rows[line]
    rows[line] = rows[line].replace(old, new)
    with pytest.raises(ConfigError) as caught:
        make_case(read_economics("\n".join(rows)), measures())
    assert said in caught.value.message and f"line {line + 1}" in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("value", "interval"),
    [(None, wilson(1, 2)), (0.5, None), (0.5, Interval(0.2, None, 0.95, "order"))],
)
def test_a_measure_that_the_data_do_not_bound_is_refused(value: float | None, interval: Interval | None) -> None:
    open_ended = [Measure("pass_rate", "extraction", "local_8b", value, "share", 3, interval=interval)]
    with pytest.raises(ConfigError, match=r"no value|no closed interval") as caught:
        make_case(read_economics(TEXT), open_ended)
    assert "state low, base and high" in caught.value.hint


def test_two_measures_that_fit_are_refused_and_not_chosen_between() -> None:
    with pytest.raises(ConfigError, match="2 measures are 'pass_rate'"):
        make_case(read_economics(TEXT), [*measures(), measures()[0]])


def test_hosted_prices_are_published_ones_of_their_day_and_can_be_overridden() -> None:
    published = hosted_price("gpt-4o-mini", "openai", date(2026, 5, 8))
    assert published.source.startswith("genai-prices ") and published.source.endswith("2026-05-08")
    spent = case().figure("hosted.usd").value
    each = (900 * published.input_usd_per_mtok + 80 * published.output_usd_per_mtok) / 1e6
    assert spent == pytest.approx(18_000 * each)
    ours = make_case(read_economics(TEXT), measures(), {"gpt-4o-mini": Price(1.0, 2.0, "our contract")})
    assert ours.figure("hosted.usd").value == pytest.approx(18_000 * (900 * 1 + 80 * 2) / 1e6)
    assert "our contract" in {one.source for one in ours.sources("hosted.usd")}
    text = TEXT.replace(
        "price_in: {unit: USD/Mtoken, ", "price_in: {unit: USD/Mtoken, low: 1, base: 2, high: 3, source: ours, "
    )
    stated = next(one for one in make_case(read_economics(text), measures()).assumptions if one.name == "price_in")
    assert (stated.low, stated.base, stated.origin) == (1, 2, "stated")


@pytest.mark.parametrize("name", ["case_ops", "claims"])
def test_every_figure_can_be_traced_to_named_sources_and_worked_out_again(name: str) -> None:
    made = make_case(load_economics(example_path(name)))
    again = msgspec.json.decode(msgspec.json.encode(made), type=BusinessCase)
    assert again == made
    sheet = again.sheet()
    for figure in made.figures:
        assert figure.formula and figure.inputs and figure.assumptions
        assert all(source.source for source in made.sources(figure.name))
        assert sheet.figure(figure.name, note=figure.note) == figure


def test_a_changed_digit_shows_when_figures_are_worked_out_again() -> None:
    made = case()
    right = msgspec.structs.replace(made.assumptions[1], base=0.95)
    changed = msgspec.structs.replace(made, assumptions=(made.assumptions[0], right, *made.assumptions[2:]))
    assert changed.sheet().figure("extraction.hours") != made.figure("extraction.hours")


def test_a_case_of_costs_alone_has_a_headline_and_no_invented_benefit() -> None:
    text = "assumptions: {rent: {unit: USD/year, exact: 1200, source: x}}\n"
    text += "lines: {rent: {kind: monthly_cost, amount: rent}}\n"
    made = make_case(read_economics(text))
    assert made.headline == "monthly_costs" and made.tornado == ()
    assert [figure.name for figure in made.figures] == ["rent.usd", "monthly_costs", "quarter_costs"]
    assert made.figure("quarter_costs").value == pytest.approx(300)
    with pytest.raises(DataError):
        made.figure("payback")


def test_a_value_that_leaves_its_interval_by_the_last_digit_of_a_float_is_within_it() -> None:
    value = 0.1 + 0.2
    just_below = Interval(0.3, 0.3, 0.95, "bootstrap_t")
    latency = Measure("latency_p50", "extraction", "local_8b", value, "s", 70, interval=just_below)
    made = make_case(read_economics(TEXT), [*measures()[:2], latency])
    answer = next(one for one in made.assumptions if one.name == "answer")
    assert (answer.low, answer.base, answer.high) == (0.3, value, value)
