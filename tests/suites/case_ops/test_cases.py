"""The timeline and drafting fixtures of case_ops_v1: shipped as generated, gold as the rails find it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.records import Fixture
from milo_bench.guards.event_selection import as_document, select_events
from milo_bench.suites import find_case, load_cases, load_suite, render_prompt
from milo_bench.suites.generators.case_ops_v1 import drafting, timeline
from milo_bench.suites.regenerate import fixture_text
from tests.suites.case_ops.case_ops_answers import faulty_draft, ideal_draft, ideal_timeline

ROOT: Path = load_suite("case_ops_v1").root
SEEDS = (1, 2, 31337)


def tag_counts(fixtures: list[Fixture]) -> Counter[str]:
    return Counter(tag for fixture in fixtures for tag in fixture.tags)


@pytest.mark.parametrize("name", ["timeline", "drafting"])
def test_the_shipped_fixtures_are_those_of_seed_1(name: str) -> None:
    made = {"timeline": timeline, "drafting": drafting}[name].generate(1, ROOT)
    assert (ROOT / "fixtures" / f"{name}.jsonl").read_text(encoding="utf-8") == fixture_text(made)


def test_the_shipped_case_records_are_those_that_the_generator_makes() -> None:
    assert list(load_cases(ROOT / "cases.jsonl")) == timeline.case_records(ROOT)


@pytest.mark.parametrize("module", [timeline, drafting], ids=["timeline", "drafting"])
def test_another_seed_gives_other_cases_of_the_same_kinds(module: object) -> None:
    one, other = module.generate(1, ROOT), module.generate(2, ROOT)  # type: ignore[attr-defined]  # a module with generate
    assert tag_counts(one) == tag_counts(other)
    assert not {f.hash for f in one} & {f.hash for f in other}


@pytest.mark.parametrize("seed", SEEDS)
def test_policy_v2_finds_the_status_and_the_route_that_the_cases_were_built_with(seed: int) -> None:
    fixtures = timeline.generate(seed, ROOT)
    assert len(fixtures) == 60
    for fixture in fixtures:
        chosen = select_events(msgspec.convert(fixture.input["case"], CaseRecord))
        found = (chosen.route, chosen.current_status)
        assert found == (fixture.expect["route"], fixture.expect["current_status"]), fixture.id
        assert set(fixture.expect["current_status_events"]) <= {e.id for e in chosen.events}


def test_eight_of_sixty_timelines_contradict_themselves_and_twenty_four_storylines_are_told() -> None:
    fixtures = timeline.generate(1, ROOT)
    assert sum(f.expect["route"] == "human_review" for f in fixtures) == 8
    assert len({t for f in fixtures for t in f.tags if t.startswith("story:")}) >= 24


def test_every_draft_has_one_current_template_that_fits_and_an_old_version_beside_it() -> None:
    fixtures = drafting.generate(1, ROOT)
    assert Counter(f.expect["action"] for f in fixtures) == {"draft": 32, "escalate": 18}
    for fixture in fixtures:
        offered = {t["id"]: t for t in fixture.input["templates"]}
        if fixture.expect["action"] == "draft":
            chosen = offered[fixture.expect["template_id"]]
            assert not chosen["valid_until"]
            assert chosen["valid_from"] <= fixture.input["case"]["as_of"]
            assert sum(t["title"] == chosen["title"] for t in offered.values()) == 2


def test_no_slot_is_left_unfilled_and_every_prompt_renders() -> None:
    for variants in ({}, {"timeline": "raw_dump"}):
        suite = load_suite("case_ops_v1", variants=variants)
        for fixture in suite.fixtures:
            if fixture.workload == "extraction":
                continue
            workload = suite.workloads[fixture.workload]
            case = msgspec.convert(fixture.input["case"], CaseRecord)
            prepared = as_document(select_events(case)) if workload.prepare else {}
            variables = {"input": fixture.input, "prepared": prepared, "resources": workload.resources}
            text = "\n".join(message.content for message in render_prompt(workload, variables))
            assert "{day" not in text and "{gbp" not in text and "{name}" not in text
            assert len(text) < 14_000


def test_the_ideal_answers_name_every_open_request_and_the_faulty_ones_differ() -> None:
    for fixture in timeline.generate(1, ROOT):
        if fixture.expect["route"] == "summarise":
            assert all(document in ideal_timeline(fixture) for document in fixture.expect["open_documents"])
    for fixture in drafting.generate(1, ROOT):
        if fixture.expect["action"] == "draft":
            ideal = ideal_draft(fixture)
            assert all(sentence in ideal for sentence in fixture.expect["required_text"])
            for fault in ("promise", "softened_policy", "expired_template", "uncited_fact"):
                assert faulty_draft(fixture, fault) != ideal


def test_case_84291_is_long_and_its_late_correction_is_the_current_status() -> None:
    case = find_case("84291")
    chosen = select_events(case)
    assert len(case.events) > 24
    assert (chosen.route, chosen.current_status, len(chosen.events)) == ("summarise", "on_hold", 24)
    assert next(e for e in case.events if e.id == chosen.current_status_events[0]).kind == "correction"
