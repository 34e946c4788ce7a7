"""The shipped claims_v1: as generated, gold true of its packets, the same difficulty for every seed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade.document_names import read_documents
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.grade.packet_lines import packet_lines
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.check import check_suite
from milo_bench.suites.generators.claims_v1 import handoff, notes, packets
from milo_bench.suites.generators.claims_v1.story import load_parts, load_stories
from milo_bench.suites.regenerate import generate_files
from tests.suites.claims.claims_answers import ideal_handoff, ideal_summary

SUITE = load_suite("claims_v1")
ROOT: Path = SUITE.root
PACKETS = [f for f in SUITE.fixtures if f.workload == "packet_summary"]
HANDOFFS = [f for f in SUITE.fixtures if f.workload == "handoff"]
_HEADING = re.compile(r"^=== (.*) ===$")


def headings(fixture: Fixture) -> list[str]:
    """Headings of this claim's own documents."""
    found = [match[1] for line in packet_lines(fixture).values() if (match := _HEADING.match(line))]
    return [heading for heading in found if "closed claim" not in heading]


def tag_counts(fixtures: list[Fixture]) -> Counter[str]:
    return Counter(tag for fixture in fixtures for tag in fixture.tags)


def test_the_shipped_suite_has_no_problem() -> None:
    assert check_suite("claims_v1", validate_checks=validate_checks) == []


def test_the_shipped_fixtures_are_those_of_seed_1_in_files_of_moderate_size() -> None:
    total = 0
    for name, text in generate_files(SUITE, 1).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, name
        assert len(text.encode()) < 1_500_000, name
        total += len(text.encode())
    assert total < 5_000_000


@pytest.mark.parametrize("module", [packets, notes, handoff], ids=["packets", "notes", "handoff"])
def test_another_seed_gives_other_cases_of_the_same_kinds(module: object) -> None:
    one, other = module.generate(1, ROOT), module.generate(2, ROOT)  # type: ignore[attr-defined]  # modules with generate
    assert tag_counts(one) == tag_counts(other)
    assert len({f.hash for f in one}) == len(one)
    assert not {f.hash for f in one} & {f.hash for f in other}


def test_the_suite_has_the_sizes_of_the_mission() -> None:
    counts = Counter(f.workload for f in SUITE.fixtures)
    assert counts == {"packet_summary": 120, "escalation": 1_000, "handoff": 150}
    labels = Counter(f.expect["label"] for f in SUITE.fixtures if f.workload == "escalation")
    assert labels == {"routine": 800, "watch": 130, "escalate": 70}


def test_packets_have_1200_to_8500_words_in_their_bands_and_a_median_near_3000() -> None:
    words = sorted(f.expect["words"] for f in PACKETS)
    assert words[0] >= 1_200 and words[-1] <= 8_500
    assert 2_400 <= words[60] <= 3_400
    bounds = {f"length:{band}": (low, high) for band, low, high, _, _ in packets.BANDS}
    for fixture in PACKETS:
        low, high = bounds[fixture.tags[0]]
        assert low <= fixture.expect["words"] <= high, fixture.id


def test_the_bases_are_many_and_written_by_hand() -> None:
    stories, parts = load_stories(ROOT), load_parts(ROOT)
    assert len(stories) >= 14
    assert sum(len(story.documents) for story in stories) + len(parts) >= 150
    assert len({core.text for core in notes.load_cores(ROOT)}) >= 250


def test_no_mark_of_the_bases_is_left_in_any_fixture() -> None:
    for fixture in SUITE.fixtures:
        text = fixture.input.get("packet") or fixture.input["note"]
        assert not re.search(r"[{}<>]|\|\||\(\?|\?\)|@\w", text.replace("'burn", "")), fixture.id


@pytest.mark.parametrize("seed", [1, 5])
def test_a_missing_document_has_no_heading_and_a_present_one_has(seed: int) -> None:
    for fixture in packets.generate(seed, ROOT):
        titles = headings(fixture)
        for document in read_documents(fixture.expect["missing_documents"]):
            assert not any(document.spoken_of(title) for title in titles), (fixture.id, document.name)
            lines = packet_lines(fixture)
            assert document.lines and all(document.spoken_of(lines[number]) for number in document.lines)
        for document in read_documents(fixture.expect["waived_documents"]):
            assert not any(document.spoken_of(title) for title in titles), (fixture.id, document.name)
        for entry in fixture.expect["present_documents"]:
            start, end = entry["document"]
            assert _HEADING.match(packet_lines(fixture)[start]) and end > start


def test_a_document_only_referenced_is_none_of_the_reviewed_ones() -> None:
    for fixture in HANDOFFS:
        for document in read_documents(fixture.expect["referenced_documents"]):
            assert not any(document.spoken_of(title) for title in headings(fixture)), (fixture.id, document.name)


def test_key_facts_stand_in_the_lines_that_the_gold_names() -> None:
    for fixture in [*PACKETS, *HANDOFFS]:
        lines = packet_lines(fixture)
        assert len(fixture.expect["key_facts"]) >= 3, fixture.id
        for fact in fixture.expect["key_facts"]:
            assert fact["value"] in lines[fact["line"]], (fixture.id, fact)


def test_a_raised_signal_has_lines_that_show_it_and_a_routine_one_has_none() -> None:
    for fixture in PACKETS:
        gold = fixture.expect["escalation"]
        assert bool(gold["lines"]) == (gold["level"] != "routine"), fixture.id


def test_every_prompt_of_every_variant_renders() -> None:
    for variants in ({}, {"packet_summary": "original", "handoff": "extraction_first"}):
        suite = load_suite("claims_v1", variants=variants)
        for fixture in suite.fixtures:
            workload = suite.workloads[fixture.workload]
            variables = {"input": fixture.input, "prepared": {}, "resources": workload.resources}
            text = "\n".join(message.content for message in render_prompt(workload, variables))
            assert (fixture.input.get("packet") or fixture.input["note"]) in text


def test_perfect_answers_pass_on_a_fresh_seed_too() -> None:
    for fixture in [*packets.generate(11, ROOT)[:40], *handoff.generate(11, ROOT)[:60]]:
        answer = ideal_summary(fixture) if fixture.workload == "packet_summary" else ideal_handoff(fixture)
        key = AttemptKey(fixture=fixture.id, target="written by hand")
        attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=answer)
        graded = grade_attempt(SUITE.workloads[fixture.workload], fixture, attempt)
        assert graded.passed, [v for v in graded.verdicts if v.outcome == "fail"]
