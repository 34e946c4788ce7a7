"""Check, redact and regenerate: from a suite to what is wrong with it, or to a new folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.core.errors import UsageError
from milo_bench.grade.engine import validate_checks
from milo_bench.guards.personal.data import Redactor
from milo_bench.suites import load_suite
from milo_bench.suites.check import check_suite
from milo_bench.suites.fixtures import make_fixture
from milo_bench.suites.redact import redact_fixture, redact_suite
from milo_bench.suites.regenerate import generate_files, regenerate_suite
from milo_bench.suites.write import change_manifest


def test_the_shipped_suite_has_no_problem() -> None:
    assert check_suite("case_ops_v1", validate_checks=validate_checks) == []


def test_shipped_fixtures_are_what_the_generator_gives_for_the_named_seed() -> None:
    suite = load_suite("case_ops_v1")
    for name, text in generate_files(suite, suite.manifest.seed).items():
        assert (suite.root / name).read_text(encoding="utf-8") == text, name


def test_another_seed_gives_other_fixtures_of_the_same_counts(tmp_path: Path) -> None:
    shipped = load_suite("case_ops_v1")
    fresh = load_suite(str(regenerate_suite(shipped, seed=7, out=tmp_path / "fresh")))
    assert check_suite(str(tmp_path / "fresh"), validate_checks=validate_checks) == []
    assert len(fresh.fixtures) == len(shipped.fixtures) == 180
    assert not {fixture.hash for fixture in fresh.fixtures} & {fixture.hash for fixture in shipped.fixtures}
    again = load_suite(str(regenerate_suite(shipped, seed=7, out=tmp_path / "again")))
    assert again.ref == fresh.ref


def test_a_suite_without_a_generator_cannot_be_regenerated(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no generator"):
        regenerate_suite(load_suite(str(toy)), seed=2, out=tmp_path / "x")


def test_redacted_gold_values_and_spans_still_match_their_documents(tmp_path: Path) -> None:
    shipped = load_suite("case_ops_v1")
    counts = redact_suite(shipped, redactor=Redactor(), out=tmp_path / "red")
    redacted = {fixture.id: fixture for fixture in load_suite(str(tmp_path / "red")).fixtures}
    assert counts["person"] > 100
    for before in shipped.fixtures:
        after = redacted[before.id]
        for field in ("case_id", "received_date", "issue_type", "urgency"):
            assert before.expect.get("fields", {}).get(field) == after.expect.get("fields", {}).get(field)
        for field, span in before.expect.get("spans", {}).items():
            old, new = (
                before.input["document"][slice(*span)],
                after.input["document"][slice(*after.expect["spans"][field])],
            )
            assert new == old or "[" in new, (before.id, field)
            if field == "claimant_name":
                assert new == after.expect["fields"]["claimant_name"], before.id
        if "case" in before.input:
            assert before.input["case"]["claimant_name"] not in str(after.input), before.id
        assert "sensitive" not in after.tags


def test_a_redacted_suite_leaves_its_source_material_behind(tmp_path: Path) -> None:
    redact_suite(load_suite("case_ops_v1"), redactor=_FindsNothing(), out=tmp_path / "red")
    assert not list((tmp_path / "red").glob("bases*")) and not (tmp_path / "red" / "cases.jsonl").exists()


class _AsItIs(str):
    """A text as a redactor gives it that finds nothing."""

    @property
    def text(self) -> str:
        return str(self)

    def move(self, start: int, end: int) -> tuple[int, int]:
        return start, end


class _FindsNothing:
    def begin(self, known: tuple[str, ...]) -> None: ...

    def learn(self, text: str) -> None: ...

    def redact(self, text: str) -> _AsItIs:
        return _AsItIs(text)

    def counts(self) -> dict[str, int]:
        return {}


def test_an_earlier_version_is_redacted_with_the_files_that_it_has_from_later_ones(tmp_path: Path) -> None:
    earlier = load_suite("case_ops_v1@de@3")
    assert not all((earlier.root / name).exists() for name in earlier.files)
    redact_suite(earlier, redactor=_FindsNothing(), out=tmp_path / "red")
    written = load_suite(str(tmp_path / "red"))
    assert [fixture.hash for fixture in written.fixtures] == [fixture.hash for fixture in earlier.fixtures]
    assert set(written.files) == set(earlier.files)


def test_check_names_the_line_of_a_check_that_does_not_exist(toy: Path) -> None:
    path = toy / "suite.yaml"
    path.write_text(path.read_text().replace("- answer_present", "- answer_presnt"))
    (problem,) = check_suite(str(toy), validate_checks=validate_checks)
    assert problem.where == f"{path} line 10"
    assert "answer_presnt" in problem.what and "Did you mean 'answer_present'?" in problem.hint


def test_check_lists_every_problem_and_doubt(toy: Path) -> None:
    (toy / "prompts" / "label.jinja").write_text("{{ inptu.text }}")
    (toy / "prompts" / "unused.jinja").write_text("x")
    with (toy / "fixtures" / "a.jsonl").open("a") as file:
        file.write('{"id": "a-2", "workload": "label", "input": {"text": "hail"}, "expect": {"label": "roof"}}\n')
        file.write('{"id": "a-3", "workload": "label", "input": {"txt": "snow"}}\n')
        file.write('{"id": "a-4", "workload": "label", "input": {"text": "wind"}}\n')
    found = [(problem.severity, problem.what) for problem in check_suite(str(toy))]
    assert found == [
        ("error", "unknown variable 'inptu'"),
        ("error", "fixture 'a-3': prompt 'terse' line 1: 'text' is missing"),
        ("warning", "fixture 'a-2' is a copy of 'a-1'"),
        ("warning", "fixture 'a-3' and 1 more have no expectation"),
        ("warning", "suite.yaml does not mention this file"),
    ]


def test_changing_the_manifest_keeps_comments_and_everything_else() -> None:
    text = "# mine\nname: a\nversion: '1'\nseed: 3  # why\nworkloads: {}\n"
    assert change_manifest(text, {"seed": None, "version": "2"}) == "# mine\nname: a\nversion: '2'\nworkloads: {}\n"


def test_personal_numbers_keys_and_ids_are_redacted_as_texts_are() -> None:
    fixture = make_fixture(
        {
            "id": "pat@example.com-1",
            "workload": "s",
            "input": {
                "phone": 2125550187,
                "card": [4111111111111111],
                "account": 81270045,
                "year": 2025,
                "amount": 1250000,
                "by": {"pat@example.com": 3},
            },
            "expect": {"fields": {"phone": 2125550187}},
            "tags": ["pat@example.com"],
        }
    )
    redacted = redact_fixture(fixture, Redactor())
    assert redacted.input["phone"] == redacted.expect["fields"]["phone"] == "[PHONE_1]"
    assert redacted.input["card"] == ["[CARD_1]"] and redacted.input["account"] == "[ACCOUNT_1]"
    assert (redacted.input["year"], redacted.input["amount"]) == (2025, 1250000)
    assert redacted.input["by"] == {"[EMAIL_1]": 3}
    assert redacted.id == "EMAIL_1-1" and redacted.tags[0] == "EMAIL_1"


def test_the_names_of_facts_and_documents_are_no_persons() -> None:
    packet = "Cut foot. Contact: Yusuf Yardley. The round sheet is in the office. maria lopez called."
    facts = [{"name": "foot", "value": "right", "line": 1}]
    documents = [{"name": "round sheet", "aliases": ["sheet"], "state": "referenced"}]
    fixture = make_fixture(
        {
            "id": "a",
            "workload": "s",
            "input": {"packet": packet, "caller": {"name": "maria lopez", "state": "TX"}},
            "expect": {"key_facts": facts, "missing_documents": documents},
        }
    )
    redacted = redact_fixture(fixture, Redactor())
    assert "Cut foot." in redacted.input["packet"] and "round sheet is" in redacted.input["packet"]
    assert "Yardley" not in redacted.input["packet"] and "maria" not in redacted.input["packet"]
    assert redacted.expect["key_facts"] == facts and redacted.expect["missing_documents"] == documents
