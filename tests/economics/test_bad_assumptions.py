"""Every mistake in economics.yaml is one error that says where, what, and what instead."""

import re
from pathlib import Path
from typing import Literal

import pytest

from milo_bench.config.economics.file import example_path, load_economics, read_economics
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.economics import Definition, Sheet, make_case
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.formulas import parse_formula
from milo_bench.economics.units import parse_unit

GOOD = """\
counted: [packet]
assumptions:
  packets: {unit: packet/month, low: 900, base: 1000, high: 1100, source: a count}
  minutes: {unit: min/packet, exact: 6, source: a stop watch}
  wage: {unit: USD/hour, exact: 48, source: finance}
  saved: {unit: share, low: 0.2, base: 0.4, high: 0.5, source: a guess}
lines:
  skim:
    kind: capacity_returned
    volume: packets
    time: minutes
    factors: [saved]
    wage: wage
"""


def test_the_file_that_the_others_spoil_is_good() -> None:
    assert make_case(read_economics(GOOD)).figure("skim.hours").value == pytest.approx(40)


@pytest.mark.parametrize(
    ("old", "new", "line", "said", "hint"),
    [
        ("volume: packets", "volume: pakets", 10, "is not an assumption: 'pakets'", "Did you mean 'packets'?"),
        ("[saved]", "[savd]", 12, "is not an assumption: 'savd'", "Did you mean 'saved'?"),
        ("capacity_returned", "capacity_return", 9, "kind is 'capacity_return'", "Did you mean 'capacity_returned'?"),
        ("    wage: wage\n", "", 8, "'lines.skim.wage' is missing", "add 'wage: …'."),
        ("    wage: wage", "    wages: wage", 13, "unknown setting 'lines.skim.wages'", "mean 'wage'?"),
        ("    time: minutes", "    times: minutes", 11, "unknown setting 'lines.skim.times'", "mean 'time'?"),
        ("    time: minutes", "    time_before: minutes", 8, "time_before and time_after belong together", ""),
        ("    time: minutes\n", "", 8, "line needs a time", "either time, or time_before and time_after"),
        ("low: 900", "low: -900", 3, "is -900, less than 0", "at least 0"),
        ("low: 900", "low: .nan", 3, "not a finite number", "ordinary number"),
        ("high: 1100", "high: .inf", 3, "", ""),
        ("low: 900", "low: 1001", 3, "are not in this order", ""),
        ("low: 900, ", "", 3, "low, base and high belong together", ""),
        ("exact: 6", "exact: six", 4, "assumptions.minutes.exact", ""),
        ("exact: 6", "exact: true", 4, "assumptions.minutes.exact", ""),
        ("exact: 6", "exct: 6", 4, "unknown setting 'assumptions.minutes.exct'", "Did you mean 'exact'?"),
        ("exact: 6, ", "", 4, "has no value", ""),
        (", source: finance", "", 5, "source is missing", ""),
        ("unit: share, low: 0.2", "unit: shre, low: 0.2", 6, "Unknown unit 'shre'", "Did you mean 'share'?"),
        ("unit: packet/month", "unit: packets/month", 3, "Unknown unit 'packets'", "Did you mean 'packet'?"),
        ("high: 0.5", "high: 5", 6, "a share above 1", "percent"),
        (
            "unit: min/packet",
            "unit: USD/packet",
            8,
            "skim.hours: packets * saved * minutes is in USD/month",
            "units of",
        ),
        ("  saved:", "  wage:", 6, "duplicate key 'wage'", ""),
        ("  saved:", "  over:", 6, "'over' cannot be a name", ""),
        ("  saved:", "  monthly_net:", 12, "is not an assumption: 'saved'", ""),
        ("counted:", "conted:", 1, "unknown setting 'conted'", "Did you mean 'counted'?"),
        ("lines:\n", "lines: [\n", 9, "", "check indentation"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write_instead(
    old: str, new: str, line: int, said: str, hint: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        make_case(read_economics(GOOD.replace(old, new)))
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert f"economics.yaml line {line}:" in caught.value.message


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_economics(tmp_path / "economics.yaml")
    file = tmp_path / "economics.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_economics(file)
    file.write_text("- a\n")
    with pytest.raises(ConfigError, match="the file is a list"):
        load_economics(file)


def test_hours_are_not_added_to_dollars() -> None:
    text = GOOD + "  mixed: {kind: figure, formula: skim.hours + skim.usd, unit: USD/month}\n"
    with pytest.raises(ConfigError, match="adds USD/month to hour/month") as caught:
        make_case(read_economics(text))
    assert "line 14" in caught.value.message


def test_hours_of_packets_are_not_hours_of_cases() -> None:
    text = GOOD.replace("min/packet", "min/item")
    with pytest.raises(ConfigError, match="not in hour/month"):
        make_case(read_economics(text))


def test_an_own_figure_that_names_nothing_known_is_refused_with_the_nearest_name() -> None:
    text = GOOD + "  own: {kind: figure, formula: skim.hour * 2, unit: hour/month}\n"
    with pytest.raises(ConfigError, match=r"unknown name 'skim\.hour'") as caught:
        make_case(read_economics(text))
    assert "Did you mean 'skim.hours'?" in caught.value.hint


def test_a_figure_cannot_rest_on_itself() -> None:
    text = GOOD + "  own: {kind: figure, formula: own.value + skim.hours, unit: hour/month}\n"
    with pytest.raises(ConfigError, match=r"unknown name 'own\.value'"):
        make_case(read_economics(text))


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "a.b.c",
        "a[0]",
        "lambda: 1",
        "a if a else b",
        "f(a, b)",
        "over(a)",
        "'a'",
        "a ** 9",
        "-a",
        "",
    ],
)
def test_a_formula_only_calculates(formula: str) -> None:
    with pytest.raises(DataError):
        parse_formula(formula)


@pytest.mark.parametrize(
    "formula", ["(" * 3000 + "a" + ")" * 900, "+".join(["a"] * 1500), "a+" * 5000 + "a", "9" * 3900]
)
def test_an_overlong_formula_is_refused_and_not_followed(formula: str) -> None:
    with pytest.raises(DataError):
        parse_formula(formula)


def test_dividing_by_what_can_be_zero_is_refused_and_over_is_named() -> None:
    text = GOOD.replace("low: 0.2", "low: 0") + "  own: {kind: figure, formula: packets / saved, unit: packet/month}\n"
    with pytest.raises(ConfigError, match="divides by a figure that can be zero") as caught:
        make_case(read_economics(text))
    assert "over(a, b)" in caught.value.hint


def test_hardware_bought_and_depreciated_is_counted_twice_and_refused() -> None:
    text = GOOD.replace(
        "lines:\n", "  box: {unit: USD, exact: 5000, source: x}\n  life: {unit: year, exact: 3, source: x}\nlines:\n"
    )
    text += "  wear: {kind: depreciation, price: box, life: life}\n  buy: {kind: one_off_cost, amount: box}\n"
    with pytest.raises(ConfigError, match="'box' is counted twice: in 'buy' and in 'wear'"):
        make_case(read_economics(text))


@pytest.mark.parametrize("example", ["case_ops", "claims"])
def test_a_benefit_that_is_booked_twice_is_refused_whatever_it_is_called(
    example: Literal["case_ops", "claims"],
) -> None:
    text = example_path(example).read_text(encoding="utf-8")
    benefits = re.findall(r"^  (\w+)(: \{kind: (?:capacity_returned|engineering_avoided).*)$", text, re.M)
    assert benefits
    for name, rest in benefits:
        line = f"  {name}{rest}"
        same = text.replace(line, f"{line}\n  another{rest}")
        make_case(
            read_economics(text.replace(line, line.replace("title:", "booked: false, title:") + f"\n  another{rest}"))
        )
        with pytest.raises(ConfigError, match=f"'another' counts the same as '{name}'"):
            make_case(read_economics(same))


MORE = """
  seconds: {unit: s/packet, exact: 75, source: x}
  after: {unit: s/packet, exact: 15, source: x}
  most: {unit: share, exact: 0.7, source: x}
  few: {unit: percent, exact: 30, source: x}
lines:
"""


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("time: seconds, factors: [most]", "time: seconds, factors: [few]", ""),
        ("time: seconds, factors: [most]", "time: seconds, factors: [1 - most]", ""),
        ("time: seconds, factors: [most]", "time: seconds, factors: [1 - few, most]", "119%"),
        ("time: seconds", "time: seconds, factors: [few]", "130%"),
        ("time: seconds, factors: [few]", "time_before: seconds, time_after: after", "110%"),
        ("time: seconds, factors: [few]", "time: after", ""),
    ],
)
def test_lines_return_no_more_time_than_their_items_take(first: str, second: str, together: str) -> None:
    line = "kind: capacity_returned, volume: packets, wage: wage"
    text = GOOD.replace("lines:\n", MORE.removeprefix("\n"))
    text += f"  one: {{{line}, {first}}}\n  two: {{{line}, {second}}}\n"
    if not together:
        assert make_case(read_economics(text)).figure("two.hours").value
        return
    with pytest.raises(
        ConfigError, match=f"'two' and 'one' together count {together} of 'seconds' for each of 'packets'"
    ):
        make_case(read_economics(text))


def test_trusted_work_without_any_cost_is_refused() -> None:
    text = GOOD + "  trust: {kind: trusted_work, volume: packets, trusted_share: saved}\n"
    with pytest.raises(ConfigError, match="'trust' has no price, and the file has no monthly cost"):
        make_case(read_economics(text))


def test_an_unknown_figure_is_answered_with_the_nearest() -> None:
    case = make_case(load_economics(example_path("claims")))
    with pytest.raises(DataError) as caught:
        case.figure("quarter_nett")
    assert "Did you mean 'quarter_net'?" in caught.value.hint


def test_an_assumption_that_is_no_number_is_refused_however_it_comes_in() -> None:
    for low, share in ((float("nan"), False), (-1.0, False), (3.0, False), (0.0, True)):
        with pytest.raises(DataError):
            Assumption("a", parse_unit("share"), low, 2.0, 2.5, "x", "stated", None, share)


def test_a_name_that_stands_for_two_things_is_refused() -> None:
    a = Assumption("a", parse_unit("USD"), 1.0, 1.0, 1.0, "x", "exact")
    with pytest.raises(DataError, match="means two things"):
        Sheet([Definition("a", "", "a * 2", parse_unit("USD"))], {"a": a})


def test_an_assumption_cannot_take_the_name_of_a_total() -> None:
    text = GOOD.replace("  wage: {", "  payback: {").replace("    wage: wage", "    wage: payback")
    with pytest.raises(ConfigError, match="line 5: 'payback' is a built-in name"):
        make_case(read_economics(text))


def test_the_most_lines_with_the_longest_names_are_worked_out() -> None:
    names = [f"line_{number:03d}_{'x' * 31}" for number in range(100)]
    times = "".join(f"  t{name[5:8]}: {{unit: min/packet, exact: 6, source: a stop watch}}\n" for name in names)
    rows = [f"  {name}: {{kind: capacity_returned, volume: packets, time: t{name[5:8]}, wage: wage}}" for name in names]
    case = make_case(read_economics(GOOD.partition("lines:")[0] + times + "lines:\n" + "\n".join(rows)))
    assert case.figure("hours_returned").value == pytest.approx(100 * 100)
    assert case.figure("hours_returned").low == pytest.approx(100 * 90)
    too_many = [*rows, rows[0].replace("line_000", "line_100")]
    with pytest.raises(ConfigError, match="more than 100 entries"):
        read_economics(GOOD.partition("lines:")[0] + "lines:\n" + "\n".join(too_many))
