"""case_ops_v1 in other languages: as generated, the same stories and difficulty, and gold that no check calls wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.check import check_suite
from milo_bench.suites.load import in_language, language_names
from milo_bench.suites.regenerate import generate_files, regenerate_suite
from tests.suites.case_ops.language_answers import ideal

NAMES = [name for name in language_names() if name.startswith("case_ops_v1@")]
# What every document of a language has, whoever sends it and however it was scanned.
_OF_THE_STORY = ("story:", "corrected_status", "contradictory", "escalate", "draft", "open_request", "injection")


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_fixtures_are_those_of_seed_1_and_have_no_problem(name: str) -> None:
    suite = load_suite(name)
    # A check that does not read the language yet is a warning, and leaves answers unjudged.
    assert [one for one in check_suite(name, validate_checks=validate_checks) if one.severity == "error"] == []
    for path, text in generate_files(suite, 1).items():
        assert (suite.root / path).read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize("name", NAMES)
def test_stories_endings_and_difficulty_are_those_of_english(name: str) -> None:
    english, other = load_suite("case_ops_v1"), load_suite(name)

    def counts(suite: object) -> dict[str, Counter[str]]:
        return {
            workload: Counter(
                tag
                for fixture in suite.fixtures  # type: ignore[attr-defined]  # a suite
                if fixture.workload == workload
                for tag in fixture.tags
                if tag.startswith(_OF_THE_STORY)
            )
            for workload in ("timeline", "drafting")
        }

    assert counts(english) == counts(other)
    sizes = Counter(fixture.workload for fixture in other.fixtures)
    assert sizes == {"extraction": 70, "timeline": 60, "drafting": 50}
    assert not {f.hash for f in english.fixtures} & {f.hash for f in other.fixtures}


@pytest.mark.parametrize("name", NAMES)
def test_the_gold_given_as_an_answer_fails_no_check(name: str) -> None:
    suite = load_suite(name)
    for fixture in suite.fixtures:
        answer = ideal(fixture, name.partition("@")[2])
        attempt = Attempt(AttemptKey(fixture.id, "gold"), "", Timings(0, 0, 1), output=answer)
        graded = grade_attempt(suite.workloads[fixture.workload], fixture, attempt)
        wrong = [(v.check, v.category, v.reason) for v in graded.verdicts if v.outcome == "fail"]
        assert not wrong, (fixture.id, wrong)
        if fixture.workload == "extraction":
            assert graded.passed, fixture.id


@pytest.mark.parametrize("name", NAMES)
def test_no_slot_of_a_text_is_left_and_every_prompt_renders(name: str) -> None:
    suite = load_suite(name, variants={"timeline": "raw_dump"})
    for fixture in suite.fixtures:
        workload = suite.workloads[fixture.workload]
        variables = {"input": fixture.input, "prepared": {}, "resources": workload.resources}
        text = "\n".join(message.content for message in render_prompt(workload, variables))
        asked = text.rpartition("<document>")[2] if fixture.workload == "extraction" else text
        assert "{{" not in asked
        assert "||" not in asked


def test_a_regenerated_suite_of_a_language_can_be_regenerated_again(tmp_path: Path) -> None:
    regenerate_suite(load_suite("case_ops_v1@de"), seed=3, out=tmp_path / "de")
    again = load_suite(str(tmp_path / "de"))
    for path, text in generate_files(again, 3).items():
        assert (tmp_path / "de" / path).read_text(encoding="utf-8") == text, path
    assert all(workload.locale == "de-DE" for workload in again.workloads.values())


def test_a_language_that_there_is_not_is_an_error_that_names_those_there_are() -> None:
    assert in_language("case_ops_v1", "en") == "case_ops_v1"
    with pytest.raises(UsageError) as wrong:
        in_language("case_ops_v1", "pl")
    assert "de" in wrong.value.hint
    with pytest.raises(UsageError):
        in_language("my-suite", "de")


_SURER = {
    "de": "Die Ursache ist eindeutig und endgültig ein Defekt der Steuerung.",
    "fr": "Il est certain, sans aucun doute, que la commande est en panne.",
    "es": "La causa es definitivamente un fallo del mando.",
}


@pytest.mark.parametrize("name", [one for one in language_names() if one.partition("@")[2] in _SURER])
def test_a_draft_or_summary_that_is_surer_than_its_input_fails_in_each_language(name: str) -> None:
    suite = load_suite(name)
    for workload in {"timeline", "drafting", "packet_summary", "handoff"} & suite.workloads.keys():
        fixture = next(one for one in suite.fixtures if one.workload == workload)
        attempt = Attempt(AttemptKey(fixture.id, "surer"), "", Timings(0, 0, 1), output=_SURER[name.partition("@")[2]])
        found = [one for one in grade_attempt(suite.workloads[workload], fixture, attempt).verdicts
                 if one.check == "unsupported_confidence"]  # fmt: skip
        assert [one.outcome for one in found] == ["fail"], (workload, found)
