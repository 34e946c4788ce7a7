from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Plan
from milo_bench.run.plan import PlanRequest, count_planned, make_plan, plan_attempts, sample_fixtures
from tests.run.run_parts import WORKLOADS, make_fixture, make_fixtures, record_of

MIXED = (*make_fixtures(70), *make_fixtures(40, "fields"))


def plan_for(request: PlanRequest, *targets: str, fixtures: tuple = MIXED) -> Plan:
    return make_plan(
        request, fixtures=fixtures, workloads=WORKLOADS, targets=[record_of(name) for name in targets or ("a",)]
    )


def test_the_same_request_gives_the_same_plan() -> None:
    request = PlanRequest(limit=20, seed=3, repeats=2)
    assert plan_for(request, "a", "b") == plan_for(request, "a", "b")
    assert plan_for(request).fixtures != plan_for(PlanRequest(limit=20, seed=4, repeats=2)).fixtures


def test_every_key_is_planned_once() -> None:
    plan = plan_for(PlanRequest(repeats=3, decodings=("free", "constrained")), "a", "b")
    keys = plan_attempts(plan)
    assert len(keys) == len(set(keys)) == 2 * 3 * (70 * 1 + 40 * 2)
    assert {key.decoding for key in keys if key.fixture.startswith("notes")} == {"free"}


@settings(deadline=None)
@given(st.data())
def test_attempts_are_counted_as_they_are_planned(draw: st.DataObject) -> None:
    fixtures = draw.draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    some = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=4).map(tuple)
    plan = Plan(
        fixtures=tuple(fixtures),
        targets=("one", "two", "three")[: draw.draw(st.integers(0, 3))],
        repeats=draw.draw(st.integers(0, 3)),
        decodings=draw.draw(st.sampled_from([("free",), ("constrained",), ("free", "constrained")])),
        order=draw.draw(st.sampled_from(["interleaved", "prefix"])),
        withheld=draw.draw(st.dictionaries(st.sampled_from(["one", "three", "gone"]), some)),
        free_only=draw.draw(some),
    )
    assert count_planned(plan) == len(plan_attempts(plan))


def test_constrained_alone_still_asks_fixtures_without_a_schema() -> None:
    keys = plan_attempts(plan_for(PlanRequest(decodings=("constrained",))))
    assert Counter(key.decoding for key in keys) == {"free": 70, "constrained": 40}


def test_interleaved_asks_every_target_in_turn_and_another_one_first_each_time() -> None:
    keys = plan_attempts(plan_for(PlanRequest(), "a", "b", "c"))
    triples = [keys[i : i + 3] for i in range(0, len(keys), 3)]
    assert all({key.target for key in triple} == {"a", "b", "c"} for triple in triples)
    assert all(len({key.fixture for key in triple}) == 1 for triple in triples)
    assert [triple[0].target for triple in triples[:4]] == ["a", "b", "c", "a"]


def test_interleaved_mixes_workloads_and_prefix_keeps_them_together() -> None:
    def changes(order: str) -> int:
        ids = plan_for(PlanRequest(order=order)).fixtures
        return sum(a.split("-")[0] != b.split("-")[0] for a, b in itertools.pairwise(ids))

    assert changes("prefix") == 1
    assert changes("interleaved") > 10


def test_prefix_order_plans_the_same_attempts_as_interleaved() -> None:
    wishes = {"repeats": 2, "decodings": ("free", "constrained")}
    prefix, interleaved = (
        plan_for(PlanRequest(order=order, **wishes), "a", "b") for order in ("prefix", "interleaved")
    )
    assert set(plan_attempts(prefix)) == set(plan_attempts(interleaved))


def test_sensitive_fixtures_are_withheld_from_hosted_targets_and_the_plan_says_which() -> None:
    fixtures = (
        make_fixture("open"),
        make_fixture("secret", "notes", "sensitive"),
        make_fixture("masked", "notes", "redacted"),
    )
    targets = [record_of("here"), record_of("there", hosted=True)]
    plan = make_plan(PlanRequest(), fixtures=fixtures, workloads=WORKLOADS, targets=targets)
    assert plan.withheld == {"there": ("secret",)}
    asked = {(key.target, key.fixture) for key in plan_attempts(plan)}
    assert asked == {("here", "open"), ("here", "secret"), ("here", "masked"), ("there", "open"), ("there", "masked")}


@given(limit=st.integers(1, 130), seed=st.integers(0, 50))
def test_a_sample_has_its_size_and_each_workload_its_share(limit: int, seed: int) -> None:
    sample = sample_fixtures(MIXED, limit, seed=seed)
    assert len(sample) == min(limit, len(MIXED))
    assert [f for f in MIXED if f in sample] == sample
    shares = Counter(fixture.workload for fixture in sample)
    if 2 <= limit < len(MIXED):
        assert abs(shares["notes"] - limit * 70 / 110) <= 1
        assert min(shares["notes"], shares["fields"]) >= 1


def test_a_sample_has_tags_in_the_proportion_of_the_whole() -> None:
    fixtures = tuple(
        make_fixture(f"f{n:03}", "notes", "hard" if n % 4 == 0 else "easy", "long" if n % 10 == 0 else "short")
        for n in range(80)
    )
    tags = Counter(tag for fixture in sample_fixtures(fixtures, 20, seed=1) for tag in fixture.tags)
    assert tags["hard"] == 5 and tags["long"] == 2


def test_a_sample_has_labels_in_the_proportion_of_the_whole() -> None:
    labels = ["bill"] * 60 + ["parcel"] * 15 + ["other"] * 5
    fixtures = tuple(
        msgspec.structs.replace(make_fixture(f"f{n:03}", "notes"), expect={"label": label})
        for n, label in enumerate(labels)
    )
    sampled = Counter(fixture.expect["label"] for fixture in sample_fixtures(fixtures, 16, seed=3))
    assert sampled == {"bill": 12, "parcel": 3, "other": 1}


def test_a_sample_does_not_depend_on_the_order_of_the_file() -> None:
    sample = {fixture.id for fixture in sample_fixtures(MIXED, 30, seed=2)}
    assert {fixture.id for fixture in sample_fixtures(MIXED[::-1], 30, seed=2)} == sample


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (PlanRequest(workloads=("note",)), "Unknown workload 'note'"),
        (PlanRequest(tags=("gone",)), "No fixture has the tag 'gone'"),
        (PlanRequest(limit=0), "--limit is 0"),
        (PlanRequest(repeats=0), "--repeats is 0"),
        (PlanRequest(concurrency=0), "--concurrency is 0"),
        (PlanRequest(retries=-1), "--retries is -1"),
        (PlanRequest(decodings=()), "decoding"),
    ],
)
def test_a_wish_that_makes_no_sense_is_named(request_: PlanRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan_for(request_)
    assert caught.value.hint


def test_a_target_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="2 times"):
        plan_for(PlanRequest(), "a", "a")
