"""The built-in demo_v1: as generated, its gold true of its messages, and no message or shot used twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from milo_bench.core.records import Fixture
from milo_bench.grade.engine import validate_checks
from milo_bench.suites.check import check_suite
from milo_bench.suites.load import load_suite
from milo_bench.suites.regenerate import generate_files

SUITE = load_suite("demo_v1")


def of(workload: str) -> list[Fixture]:
    return [fixture for fixture in SUITE.fixtures if fixture.workload == workload]


def test_the_fixtures_are_those_of_the_suites_seed_and_every_seed_has_other_numbers() -> None:
    for path, text in generate_files(SUITE, 1).items():
        assert (SUITE.root / path).read_text(encoding="utf-8") == text, path
    assert generate_files(SUITE, 2) != generate_files(SUITE, 1)
    assert check_suite("demo_v1", validate_checks=validate_checks) == []


@pytest.mark.parametrize(
    ("workload", "field", "pattern"), [("orders", "order", r"MX-\d{5}"), ("tracking", "tracking", r"\d{4} \d{4} \d{4}")]
)
def test_each_message_contains_the_number_to_copy_once_and_no_other_like_it(
    workload: str, field: str, pattern: str
) -> None:
    for fixture in of(workload):
        assert re.findall(pattern, fixture.input["message"]) == [fixture.expect["fields"][field]]


def test_labels_are_spread_evenly_and_no_message_is_used_twice_in_a_workload() -> None:
    assert Counter(one.expect["label"] for one in of("languages")) == dict.fromkeys(
        ("English", "German", "French", "Spanish"), 7
    )
    assert Counter(one.expect["label"] for one in of("topics")) == dict.fromkeys(
        ("late", "damaged", "return", "invoice"), 4
    )
    for workload in SUITE.workloads:
        messages = [one.input["message"] for one in of(workload)]
        assert len(set(messages)) == len(messages)


def test_no_number_of_a_prompts_examples_is_one_to_copy() -> None:
    for workload in ("orders", "tracking"):
        prompt = SUITE.workloads[workload].prompt_source
        for fixture in of(workload):
            assert all(value not in prompt for value in fixture.expect["fields"].values())
