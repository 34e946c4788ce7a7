"""A package shows the inventory that it was given in tables, with units and reasons, and whole below them."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from milo_bench.decide.records import Decision
from milo_bench.report.package import render_files
from tests.inventory.sample_inventory import inventory
from tests.report.sample_decision import sample_decision

MACHINE = "ab" * 32


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


def page_of(decision: Decision, machine: dict[str, Any]) -> str:
    plain = msgspec.to_builtins(decision) | {"inventories": {MACHINE: machine}}
    shown = render_files(msgspec.convert(plain, Decision))["appendix/inventory.html"].decode()
    return shown.partition(MACHINE)[2]


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.replace("<wbr>", "")).split())


def test_an_inventory_is_shown_in_tables_with_units_and_whole(decision: Decision) -> None:
    machine = msgspec.to_builtins(inventory())
    machine["memory"] |= {"total_bytes": 68_719_476_736, "limit_bytes": None}
    machine["disks"]["unknown"] = {"/srv": "permission denied"}
    page = page_of(decision, machine)
    tables, _, record = page.partition("<details>")
    said = text_of(tables)
    assert "total 64.0 GiB" in said
    assert "limit" not in text_of(tables.partition("Memory</h4>")[2].partition("<h4>")[0])
    assert "/srv unknown: permission denied" in said
    for section in ("Machine", "Processor", "GPUs", "System", "Model files", "Listeners"):
        assert f"<h4>{section}</h4>" in tables
    assert text_of(tables.partition("Listeners</h4>")[2].partition("<h4>")[0]) == "None found."
    assert all(gpu["name"] in said for gpu in machine["gpus"]["devices"])
    assert '<th scope="col">vendor</th>' in tables
    assert "total_bytes: 68719476736" in record


@pytest.mark.parametrize(
    "machine",
    [
        {"a.b": 3, "n": [1, 2.5, "x"], "deep": {"x": {"y": [{"z": 1}]}}, "yes": True, "none": None},
        {"<b>": "<script>alert(1)</script>", "list": [{"1st": "&", "2": 7}, {}], "unknown": {"<i>": "<u>"}},
        {"many": [{"n": n} for n in range(500)], "unknown": "not a table"},
        {"fans": ["upper", ["inner", {"rpm": 900}]], "s": {"unknown": {"part": 5}}},
    ],
)
def test_whatever_a_file_holds_is_shown_as_text(decision: Decision, machine: dict[str, Any]) -> None:
    page = page_of(decision, machine)
    assert "<script>" not in page and "<b>" not in page and "<i>" not in page and "<u>" not in page
    assert page.count("<tr>") < 80


def test_a_long_list_says_where_the_rest_is(decision: Decision) -> None:
    long = page_of(decision, {"parts": {"bolts": [{"size": n} for n in range(61)]}})
    short = page_of(decision, {"parts": {"bolts": [{"size": n} for n in range(60)]}})
    assert "The others are in the record below." in long
    assert "The others are in the record below." not in short
