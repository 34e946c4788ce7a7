"""Reviews, questions and drafts of the small repository, and the checks that judge them."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade.checks.draft_grounded import draft_problems
from milo_bench.grade.engine import grade_attempt
from milo_bench.roles.coder import CoderCase
from milo_bench.roles.declared import Declared
from milo_bench.roles.git import GitCommit
from milo_bench.roles.labels import label_precision
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.mining import mine as mining
from milo_bench.roles.mining.records import Mined, NoCase
from milo_bench.roles.mining.text import without_answer
from milo_bench.suites.load import load_suite
from milo_bench.suites.prompts import render_prompt
from milo_bench.suites.sheets.labels import LABELS
from tests.roles.repository import commit_files, git


def _of(mined: Path, workload: str) -> list[Fixture]:
    return [fixture for fixture in load_suite(str(mined)).fixtures if fixture.workload == workload]


def _categories(mined: Path, fixture: Fixture, answer: Any) -> set[str]:
    workload = load_suite(str(mined)).workloads[fixture.workload]
    text = answer if isinstance(answer, str) else json.dumps(answer)
    attempt = Attempt(AttemptKey(fixture.id, "t"), "", Timings(0, 0, 0), output=text)
    graded = grade_attempt(workload, fixture, attempt)
    assert graded.passed is not None
    return {verdict.category for verdict in graded.verdicts if verdict.outcome == "fail"}


def test_the_commit_that_brought_the_fault_is_found_by_its_fix(mined: Path, shop: Path) -> None:
    [faulty] = [one for one in _of(mined, "review") if "faulty" in one.tags]
    assert git(shop, "log", "-1", "--format=%s", faulty.provenance["commit"]) == "Add cheapest"
    assert faulty.expect["review"]["lines"] == {"shop/prices.py": [7]}
    assert "    7 +    for price in prices[:3]:" in faulty.input["diff"]


def test_a_review_must_reject_near_the_fault(mined: Path) -> None:
    [faulty] = [one for one in _of(mined, "review") if "faulty" in one.tags]

    def rejected(line: int) -> dict[str, Any]:
        return {"verdict": "reject", "comments": [{"path": "shop/prices.py", "line": line, "text": "x"}]}

    assert _categories(mined, faulty, rejected(7)) == set()
    assert _categories(mined, faulty, rejected(10)) == set()
    assert _categories(mined, faulty, rejected(11)) == {"missed_place"}
    assert _categories(mined, faulty, {"verdict": "accept", "comments": []}) == {"missed_fault"}
    assert _categories(mined, faulty, {"verdict": "maybe"}) == {"malformed_json"}
    six = {"verdict": "reject", "comments": rejected(7)["comments"] * 6}
    assert _categories(mined, faulty, six) == {"malformed_json"}


def test_comments_on_a_control_are_false_alarms(mined: Path) -> None:
    control = next(one for one in _of(mined, "review") if "control" in one.tags)
    assert _categories(mined, control, {"verdict": "accept", "comments": []}) == set()
    comment = {"path": "shop/prices.py", "line": 1, "text": "x"}
    wrong = {"verdict": "reject", "comments": [comment]}
    assert _categories(mined, control, wrong) == {"false_alarm", "rejected_control"}


def test_a_review_without_a_control_is_left_out_and_no_new_case(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "till")
    repository = tmp_path / "till"
    commit_files(repository, 1, "First version", {"README.md": "# Till\n"})
    code = "def vat(amount, rate):\n    tax = int(amount * rate)\n    return tax\n"
    commit_files(repository, 2, "Compute tax", {"till/tax.py": code})
    commit_files(repository, 3, "Fix tax, which was cut off", {"till/tax.py": code.replace("int(", "round(")})
    options = api.MiningOptions(repository, tmp_path / "out", roles=("review", "draft"))
    summary = api.mine_repository(options).summary()
    assert "review" not in summary.cases and summary.rejected["review"]["no control beside it"] == 1
    assert summary.new == summary.cases["draft"] == 2
    assert "1 of 1 fixes lead to a change" in summary.notes[0] and summary.notes[0].endswith("0 new cases")
    assert summary.examined == 3  # whatever the number of roles


def test_fixes_that_there_is_no_time_to_trace_give_no_reviews(shop: Path, tmp_path: Path) -> None:
    options = api.MiningOptions(shop, tmp_path / "out", roles=("review",), minutes=0)
    summary = api.mine_repository(options).summary()
    assert not summary.cases and not summary.rejected
    [note] = summary.notes
    assert note.startswith("review: no new cases") and "trace 0 of 1 fixes" in note and "--minutes" in note


def test_questions_end_with_the_time(mined: Path, shop: Path, tmp_path: Path, roles_env: dict[str, str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    lines = (mined / "mining.jsonl").read_text().splitlines(keepends=True)
    (out / "mining.jsonl").write_text("".join(line for line in lines if '"role":"reason"' not in line))
    for minutes, why in ((0, "stopped after 0 minutes"), (60, "done")):
        options = api.MiningOptions(shop, out, roles=("reason",), minutes=minutes)
        summary = api.mine_repository(options, roles_env).summary()
        assert (summary.why, bool(summary.new)) == (why, minutes > 0)
        left = [note for note in summary.notes if note.startswith("reason: no time was left")]
        assert len(left) == (0 if minutes else 1)


def test_questions_have_time_though_the_search_for_coder_cases_took_all_of_it(
    mined: Path, shop: Path, tmp_path: Path, roles_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    class Slow:
        def __init__(self) -> None:
            self.declared: dict[str, Declared] = {}

        def prove(self, commit: GitCommit) -> list[Mined]:
            now[0] += 3600
            raise NoCase("no test changed")

        def calls(self, case: CoderCase, declared: Declared) -> tuple[tuple[RecordedCall, ...], dict[str, str]]:
            return (), {}

    lines = (mined / "mining.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"role":"reason"' not in line and '"no test changed"' not in line]
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mining.jsonl").write_text("".join(kept))
    monkeypatch.setattr(mining, "time", SimpleNamespace(monotonic=lambda: now[0]))
    options = api.MiningOptions(shop, tmp_path / "out", roles=("coder", "reason"), minutes=60)
    report = mining.mine(options, tmp_path, roles_env, provers=lambda repository, options: Slow())
    assert now[0] >= 3600
    assert report.why == "stopped after 60 minutes"
    assert any(case.role == "reason" for case in report.cases)


def test_a_question_has_the_answer_that_execution_gave(mined: Path) -> None:
    [question] = [one for one in _of(mined, "reason") if "tests" in one.tags]
    failing = ["tests/test_prices.py::test_total_of_many", "tests/test_prices.py::test_total_of_more"]
    assert question.expect["reason"]["answer"] == failing
    assert "+    for price in prices[:3]:" in question.input["diff"]
    assert _categories(mined, question, {"answer": list(reversed(failing))}) == set()
    assert _categories(mined, question, {"answer": failing[:1]}) == {"wrong_answer"}
    assert _categories(mined, question, "both") == {"malformed_json"}


@pytest.mark.parametrize(
    ("answer", "categories"),
    [
        ("Fix total of more than three prices", set()),
        ("Sum all prices in total", set()),
        ("Improve the code", {"symbols_missing"}),
        ("Fix total in shop/basket.py", {"invented"}),
        ("Fix total, see #77", {"invented"}),
        ("Fix total with sum_everything()", {"invented"}),
        (f"Fix total{' of all the prices' * 5}", {"format"}),
        ("", {"empty_answer", "symbols_missing"}),
    ],
)
def test_a_draft_names_what_was_touched_and_invents_nothing(mined: Path, answer: str, categories: set[str]) -> None:
    [fixture] = [one for one in _of(mined, "draft") if "Fix total" in one.expect["draft"]["message"]]
    assert _categories(mined, fixture, answer) == categories


def test_identifiers_that_only_the_answer_has_are_kept_out_of_the_task() -> None:
    text, hidden = without_answer("Use new_helper in total, please", "    return new_helper(total)", "def total(): ...")
    assert text == "Use … in total, please"
    assert hidden == ("new_helper",)


def test_labels_that_a_person_confirmed_give_their_precision(
    mined: Path, shop: Path, roles_env: dict[str, str]
) -> None:
    place = mined / LABELS
    assert "none of 1 sampled labels" in label_precision(mined)
    kept = place.read_text()
    try:
        rows = [f"{row}yes" if row.startswith("review-") else row for row in kept.splitlines()]
        place.write_text("\n".join(rows) + "\n")
        assert "1 of 1 confirmed by hand, precision 100%" in label_precision(mined)
        api.mine_repository(api.MiningOptions(shop, mined, repeats=2, until="2026-03-08T00:00:00Z"), roles_env)
        assert "1 of 1 confirmed by hand" in label_precision(mined)
    finally:
        place.write_text(kept)


def test_a_question_asks_what_a_call_of_the_tests_returns(mined: Path) -> None:
    questions = [one for one in _of(mined, "reason") if "value" in one.tags]
    found = {one.input["call"]: one for one in questions}
    question = found["total([5, 5, 5, 5, 5])"]
    assert question.expect["reason"]["answer"] == "25"
    assert question.input["source"].startswith("def total(prices):")
    for answer in ("25", 25):
        assert _categories(mined, question, {"answer": answer}) == set()
    assert _categories(mined, question, {"answer": "20"}) == {"wrong_answer"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory, roles_env: dict[str, str]) -> dict[str, Fixture]:
    """Draft cases of one commit with a body and an entry in the change log, by their kind."""
    folder = tmp_path_factory.mktemp("texts") / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    old = "- `half()` halves a price.\n"
    commit_files(folder, 1, "First version", {"shop.py": "def half(price):\n    return price / 2\n", "CHANGES.md": old})
    more = "def half(price):\n    return price / 2\n\n\ndef third(price):\n    return price / 3\n"
    message = "Add third (#12)\n\nThe third of a price is what three people pay each.\n"
    commit_files(folder, 2, message, {"shop.py": more, "CHANGES.md": f"- `third()` divides a price by three.\n{old}"})
    out = folder.parent / "out"
    api.mine_repository(api.MiningOptions(folder, out, roles=("draft",)), roles_env)
    suite = load_suite(str(out))
    for fixture in suite.fixtures:
        *_, last = render_prompt(suite.workloads["draft"], {"input": fixture.input})
        assert str(fixture.input["diff"]) in str(last.content)
        assert render_prompt(suite.workloads["draft"], {"input": {**fixture.input, "format": {}}})
    return {str(one.input["kind"]): one for one in suite.fixtures}


@pytest.mark.parametrize(
    ("kind", "answer", "categories"),
    [
        ("commit_message", "Add third", set()),
        ("pull_request", "Add third\n\nIt divides a price.", set()),
        ("pull_request", "Add third", {"format"}),
        ("pull_request", "Add third\n\nIt divides by 7.", {"invented"}),
        ("changelog", "- `third()` is new.", set()),
        ("changelog", "`third()` is new.", {"format"}),
        ("changelog", "- `third()` is new", {"format"}),
        ("changelog", f"- `third()` is new.{' It is good.' * 20}", {"format"}),
        ("changelog", "- `fourth()` is new.", {"invented", "symbols_missing"}),
        ("commit_message", "def third(price):", {"copied"}),
        ("commit_message", "+ def third(price):\n+    return price / 3", {"copied"}),
        ("commit_message", "third", {"names_only"}),
        ("commit_message", "third, price, third, price: new", {"names_only"}),
        ("pull_request", "Add third\n\nThirds, as in:\n\n    def third(price):", set()),
    ],
)
def test_texts_of_each_kind_are_held_to_the_project_s_own_format(
    texts: dict[str, Fixture], kind: str, answer: str, categories: set[str]
) -> None:
    assert sorted(texts) == ["changelog", "commit_message", "pull_request"]
    fixture = texts[kind]
    diff = str(fixture.input["diff"])
    found = list(draft_problems(answer, fixture.expect["draft"], diff, diff))
    assert {category for category, _ in found} == categories


def test_labels_are_shown_with_their_fix_and_kept_as_a_person_says(
    mined: Path, shop: Path, roles_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(mined, folder)
    [name] = [one.fixture for one in api.read_labels(folder).labels]

    def labels(*words: str, typed: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert run_command(milo_bench, "milo-bench", ["roles", "labels", str(folder), *words]) == 0
        return str(capfd.readouterr().out)

    assert "none of 1 sampled labels is confirmed" in labels()
    shown = labels("--ask", "--repository", str(shop), typed="y\n")
    assert ">     7 +    for price in prices[:3]:" in shown
    assert "Fix total of more than three prices" in shown and "-    for price in prices[:3]:" in shown
    assert "1 of 1 confirmed by hand, precision 100%" in shown
    assert "none of 1 sampled labels" in labels("--clear", name)
    assert "0 of 1 confirmed by hand" in labels("--no", name)
    assert labels("--ask", typed="") == labels()  # nothing is open, so nothing is asked
    api.mine_repository(api.MiningOptions(shop, folder, repeats=2, until="2026-03-08T00:00:00Z"), roles_env)
    assert not [one for one in _of(folder, "review") if "faulty" in one.tags]
    assert "0 of 1 confirmed by hand" in labels()
    assert run_command(milo_bench, "milo-bench", ["roles", "labels", str(folder), "--yes", "review-none"]) == 2
    assert run_command(milo_bench, "milo-bench", ["roles", "labels", str(folder), "--yes", name, "--no", name]) == 2
    assert run_command(milo_bench, "milo-bench", ["roles", "labels", str(shop)]) == 2


@pytest.mark.parametrize(
    ("wanted", "answer", "passed"),
    [
        ("10", "10", True),
        ("10", 10, True),
        ("10", "10.0", True),
        ("1", True, False),
        ('"10"', "10", True),
        ('{"a":[1,true]}', '{"a": [1, true]}', True),
        ('{"a":1,"b":2}', {"b": 2, "a": 1}, True),
        ("[1,2]", "[2, 1]", False),
        ('{"a":null}', "{'a': None}", False),
        ('"a"', "'b'", False),
    ],
)
def test_a_javascript_value_is_compared_as_json(mined: Path, wanted: str, answer: Any, *, passed: bool) -> None:
    question = next(one for one in _of(mined, "reason") if "value" in one.tags)
    changed = msgspec.structs.replace(question, expect={"reason": {"answer": wanted, "written_as": "JSON"}})
    assert ("wrong_answer" not in _categories(mined, changed, {"answer": answer})) == passed
