"""Copies of a fixture under other ids are one cluster, whatever their case, spaces and stops."""

from __future__ import annotations

from milo_bench.core.records import Fixture
from milo_bench.stats.cases.columns import fixture_table


def fixture(id: str, text: str, *, workload: str = "qa", group: str = "", erased: bool = False) -> Fixture:
    return Fixture(id=id, workload=workload, hash=text, input={"text": text}, group=group, erased=erased)


def clusters(*fixtures: Fixture) -> list[int] | None:
    group = fixture_table(fixtures).group
    return None if group is None else group.tolist()


def test_the_same_text_under_other_ids_is_one_cluster() -> None:
    assert clusters(fixture("a", "Where is it?"), fixture("b", "where  is it"), fixture("c", "It is here")) == [0, 0, 2]


def test_other_texts_workloads_and_scripts_stay_apart() -> None:
    assert clusters(fixture("a", "x"), fixture("b", "x", workload="other"), fixture("c", "y")) is None
    assert clusters(fixture("a", "荷物はどこ"), fixture("b", "荷物はここ")) is None
    assert clusters(fixture("a", "!?"), fixture("b", "--")) == [
        0,
        0,
    ]  # the names of the input's fields are all there is


def test_a_named_group_counts_before_the_text_and_an_erased_text_by_its_hash() -> None:
    assert clusters(fixture("a", "x", group="g"), fixture("b", "x", group="h")) is None
    assert clusters(fixture("a", "x", group="g"), fixture("b", "y", group="g")) == [0, 0]
    assert clusters(fixture("a", "x", erased=True), fixture("b", "x", erased=True)) == [0, 0]
    assert clusters(fixture("a", "x", erased=True), fixture("b", "y", erased=True)) is None
