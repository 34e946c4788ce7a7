"""The command ``milo-bench suite``: output on the right stream, one error shape, the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.cli.commands.suite import suite
from milo_bench.cli.entry import run_command


def run(*arguments: str) -> int:
    return run_command(suite, "milo-bench suite", arguments)


def test_check_passes_a_good_suite_and_names_the_next_command(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(toy)) == 0
    out, err = capsys.readouterr()
    assert out == f"{toy}: 0 errors, 0 warnings.\n"
    assert err.startswith("next: milo-bench run --suite")


def test_check_of_a_broken_suite_ends_with_code_2_and_lists_it(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "prompts" / "terse.jinja").unlink()
    assert run("check", str(toy), "--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is False
    assert [problem["what"] for problem in report["problems"]] == ["there is no file 'prompts/terse.jinja'"]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["check", "case_ops"], "Unknown suite 'case_ops'.", "Did you mean 'case_ops_v1'?"),
        (["show", "case_ops_v1", "extraction-01"], "Unknown fixture 'extraction-01'", "There are 180 fixtures"),
        (["show", "case_ops_v1", "--variant", "timeline"], "'timeline' is not WORKLOAD=VARIANT.", "WORKLOAD=VARIANT"),
        (["import", "nothing.csv", "--out", "x"], "nothing.csv is missing.", "folder of documents"),
        (["redact", "case_ops_v1", "--out", "x", "--keep", "emial"], "Unknown kind of personal data", "'email'"),
    ],
)
def test_wrong_names_end_with_code_2_and_a_hint(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert message in err and hint in err


def test_show_renders_the_prompt_and_the_expectation(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", str(toy), "a-1", "--variant", "label=terse") == 0
    out = capsys.readouterr().out
    assert "--- user\nSort: hail\n" in out
    assert '"label": "roof"' in out


def test_show_never_lets_a_fixture_steer_the_terminal(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = toy / "fixtures" / "a.jsonl"
    path.write_text(path.read_text().replace("hail", "\\u001b[31mhail\\u202e"))
    assert run("show", str(toy), "a-1") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out and "hail" in out


def test_list_gives_counts_and_variants_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--json") == 0
    (first, *_) = json.loads(capsys.readouterr().out)
    assert first["name"] == "case_ops_v1"
    assert {name: item["fixtures"] for name, item in first["workloads"].items()} == {
        "extraction": 70,
        "timeline": 60,
        "drafting": 50,
    }


def test_redact_prints_what_it_found_beside_its_measured_recall(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = toy / "fixtures" / "a.jsonl"
    path.write_text(path.read_text().replace("hail", "Dear Ms Lopez, write to a@b.example"))
    assert run("redact", str(toy), "--out", str(tmp_path / "red"), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["replaced"] == {"person": 1, "email": 1}
    assert 0.8 < report["measured_on_held_out"]["all"]["recall"] <= 1
    assert "Dear Ms [PERSON_1], write to [EMAIL_1]" in (tmp_path / "red" / "fixtures" / "a.jsonl").read_text()
