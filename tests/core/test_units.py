"""A number becomes text in one place and in one way: rounding never changes what it means, units are said once."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.records import Interval, Measure
from milo_bench.core.units import (
    between,
    byte_count,
    change_text,
    dollars,
    estimate,
    figure,
    interval_text,
    measure_text,
    number,
    p_value,
    seconds,
    share,
    things,
    two_digits_up,
)

SRC = Path(__file__).parents[2] / "src" / "milo_bench"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "share", "—"),
        (0.94, "share", "94%"),
        (0.025, "share", "2.5%"),
        (0.997, "share", "99.7%"),
        (0.0, "share", "0%"),
        (1.0, "share", "100%"),
        (0.9999, "share", ">99.9%"),
        (0.0001, "share", "<0.1%"),
        (-0.022, "share", "−2.2%"),
        (12.345, "percent", "12.3%"),
        (0.00084, "s", "840 µs"),
        (0.0, "s", "0 s"),
        (0.0123, "s", "12.3 ms"),
        (1.4239, "s", "1.42 s"),
        (75, "s", "75 s"),
        (200, "s", "3 min 20 s"),
        (7500, "s", "2 h 5 min"),
        (math.inf, "s", "never"),
        (1023, "bytes", "1,023 B"),
        (212 * 2**20, "bytes", "212 MiB"),
        (4.7 * 2**30, "bytes", "4.7 GiB"),
        (0.0, "USD", "$0"),
        (0.00001, "USD", "<$0.0001"),
        (0.00314, "USD", "$0.0031"),
        (0.2, "USD", "$0.20"),
        (48.0, "USD/hour", "$48 per hour"),
        (185.5, "USD", "$185.50"),
        (4150, "USD/month", "$4,150 per month"),
        (-1200, "USD", "−$1,200"),
        (2.5, "USD/Mtoken", "$2.50 per Mtoken"),
        (38.21, "tokens/s", "38.2 tokens/s"),
        (0.01356, "/s", "0.0136/s"),
        (9000, "packet/month", "9,000 packets per month"),
        (1, "packet/month", "1 packet per month"),
        (3, "reply", "3 reply"),  # a bare thing is a unit as its author wrote it
        (0.005, "incident/reply", "0.005 incidents per reply"),
        (12, "J/request", "12 J per request"),
        (338, "hour/month", "338 hours per month"),
        (1, "hour", "1 hour"),
        (6, "min", "6 min"),
        (1234.0, "count", "1,234"),
        (2.5, "count", "2.5"),
        (599.6, "points", "599.6 points"),
        (1, "streams", "1 stream"),
        (4, "streams", "4 streams"),
        (0.25, "1", "0.25"),
        (0.25, "", "0.25"),
        (1_240_000, "", "1,240,000"),
    ],
)
def test_a_figure_reads_as_people_write_it(value: float | None, unit: str, text: str) -> None:
    assert figure(value, unit) == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (0.21, 0.58, "share", "21–58%"),
        (0.0001, 0.03, "share", "<0.1–3%"),
        (-0.022, -0.002, "share", "−2.2 to −0.2%"),
        (-0.01, 0.03, "share", "−1 to 3%"),
        (1.1, 1.9, "s", "1.1–1.9 s"),
        (0.84, 1.2, "s", "840 ms–1.2 s"),
        (200, 260, "s", "3 min 20 s–4 min 20 s"),
        (None, 0.3, "share", "≤ 30%"),
        (3.0, None, "s", "≥ 3 s"),
        (None, None, "s", ""),
        (7500, 12000, "USD", "$7,500–$12,000"),
        (281.04, 18548, "USD/month", "$281–$18,548 per month"),
        (-0.5, 2000, "USD", "−$0.50 to $2,000"),
        (15.25, 30.4, "USD", "$15.25–$30.40"),
        (4800, 33600, "USD/month", "$4,800–$33,600 per month"),
        (-2000, 300, "USD", "−$2,000 to $300"),
        (900, 1100, "packet/month", "900–1,100 packets per month"),
        (1, 3, "hour", "1–3 hours"),
        (1, 1.2, "cent/note", "1–1.2 cents per note"),
        (0.4, 1, "cent/note", "0.4–1 cent per note"),
        (1, 1.5, "s", "1–1.5 s"),
    ],
)
def test_a_range_says_its_unit_once(low: float | None, high: float | None, unit: str, text: str) -> None:
    assert between(low, high, unit) == text


def test_a_measure_is_read_with_its_interval_and_n() -> None:
    interval = Interval(0.71, 0.92, 0.95, "wilson")
    measure = Measure("pass_rate", "notes", "local", 0.84, "share", 1204, interval=interval)
    assert measure_text(measure) == "84% (71–92%, n = 1,204)"
    assert interval_text(None, "share") == ""
    assert estimate(0.84, None, None, "share") == "84%"
    assert estimate(None, None, None, "share", 0) == "— (n = 0)"


@pytest.mark.parametrize(
    ("values", "unit", "text"),
    [
        ((0.032, -0.01, 0.075), "share", "+3.2 points (−1 to +7.5)"),
        ((-3.1, -4.0, -2.2), "s", "−3.1 s (−4 to −2.2)"),
        ((-0.4, -1.2, 0.4), "s", "−400 ms (−1.2 s to +400 ms)"),
        ((0.5, None, 0.7), "s", "+500 ms (no interval)"),
        ((None, None, None), "s", ""),
        ((-0.25, -0.3, -0.2), "share", "−25 points (−30 to −20)"),
    ],
)
def test_a_change_has_a_sign_and_its_unit_once(
    values: tuple[float | None, float | None, float | None], unit: str, text: str
) -> None:
    assert change_text(*values, unit) == text


def test_a_rate_that_is_not_all_or_nothing_never_reads_so() -> None:
    for n in (3, 999, 1_000_000):
        assert share(1 - 1 / n) != "100%"
        assert share(1 / n) != "0%"


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_three_digits_are_within_half_a_per_cent(value: float) -> None:
    read = float(number(value).replace(",", ""))
    assert math.isclose(read, value, rel_tol=0.005)
    assert "e" not in number(value)


@given(st.floats(min_value=0, max_value=1e9))
def test_seconds_bytes_and_dollars_never_show_nothing_for_something(value: float) -> None:
    for text in (seconds(value), dollars(value), byte_count(value)):
        assert text
    assert (dollars(value) == "$0") == (value == 0)


@given(st.floats(min_value=0.001, max_value=1e9))
def test_about_so_many_is_never_too_few(value: float) -> None:
    rounded = two_digits_up(value)
    assert rounded >= value * (1 - 1e-12)
    assert rounded <= value * 1.1 + 1e-9 or value < 10


def test_a_small_p_value_is_not_written_as_nothing() -> None:
    assert [p_value(p) for p in (0.0412, 0.2, 1.0, 0.0004)] == ["p = 0.041", "p = 0.2", "p = 1", "p < 0.001"]


# Where a format of its own is right: drawings, other programs' files, command lines, limits of a file format.
OWN_FORMATS = {
    "core/units.py",
    "report/charts/style.py",  # lengths in an SVG
    "report/pages/interval_bar.py",
    "report/files/csv_cells.py",
    "report/files/junit.py",
    "report/runbook/watch.py",  # numbers within SQL
    "decide/rerun.py",  # flags of a command line
    "decide/load_evidence.py",  # ids
    "economics/assumptions.py",  # what a person wrote
    "targets/fake/wire.py",  # a header
    "report/charts/load.py",
    "report/charts/lanes.py",  # lengths in an SVG
    "suites/sheets/number_format.py",  # digits as a spreadsheet keeps them
    "telemetry/prometheus.py",  # a format of its own
}
# What a person wrote, said again as written; worlds and documents that are generated.
OWN_ROOMS = ("config/", "suites/generators/", "operator/worlds/tasks/", "operator/worlds/tools/")


def test_no_other_room_that_shows_figures_has_a_format_of_its_own() -> None:
    found = []
    for source in sorted(SRC.rglob("*.py")):
        place = source.relative_to(SRC).as_posix()
        if place in OWN_FORMATS or place.startswith(OWN_ROOMS):
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                spec = "".join(str(part.value) for part in ast.walk(node.format_spec) if isinstance(part, ast.Constant))
                if "%Y" not in spec and re.search(r"%|\d[fge]|^[+,]*g$", spec):
                    found.append(f"{place}:{node.lineno} {spec}")
    assert not found, "write numbers with milo_bench.core.units"


def test_no_text_has_a_space_before_a_percent_sign() -> None:
    found = []
    for source in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.search(r"\d %(?![\w(])", node.value)
            ):
                found.append(f"{source.relative_to(SRC)}:{node.lineno}")
    assert not found


@pytest.mark.parametrize(
    ("count", "said"), [(1, "fixture"), (1.0, "fixture"), (0, "fixtures"), (2, "fixtures"), (None, "fixtures")]
)
def test_one_thing_is_one_thing(count: float | None, said: str) -> None:
    assert things(count, "fixture") == said
