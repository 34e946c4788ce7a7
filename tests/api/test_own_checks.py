"""A suite's own Python judges recorded answers: only if it is trusted, only in the sandbox, and only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError, IncompleteRun, PrerequisiteError, UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.grade.engine import CheckBroken
from milo_bench.run.own_checks import execute
from milo_bench.sandbox import require_sandbox
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.trust import trust_path

POLITE = """
def polite(case):
    word = case.params.get("word", "please")
    if word in case.output:
        return True
    return False, f"the answer does not say {word!r}"

def same_total(case):
    if case.json is None:
        return None
    return {
        "outcome": "pass" if case.json["total"] == case.expect["total"] else "fail",
        "category": "" if case.json["total"] == case.expect["total"] else "other_total",
        "subject": "total",
        "expected": case.expect["total"],
        "got": case.json["total"],
        "spans": [[0, 5]],
    }
"""
SUITE = """
name: letters
version: "1"
own_checks: checks.py
fixtures: [fixtures.jsonl]
workloads:
  answer:
    prompt: prompts/answer.jinja
    checks:
      - polite: {word: thanks}
      - same_total
"""
ANSWERS = {"one": '{"total": 3, "said": "thanks"}', "two": '{"total": 4}', "three": "thanks a lot", "four": "no"}


@pytest.fixture(autouse=True)
def _sandbox_holds() -> None:
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(f"{error.message} {error.hint}")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    (folder / "prompts").mkdir(parents=True)
    (folder / "suite.yaml").write_text(SUITE)
    (folder / "prompts" / "answer.jinja").write_text("Answer: {{ input.text }}\n")
    lines = (
        f'{{"id": "{name}", "workload": "answer", "input": {{"text": "{name}"}}, "expect": {{"total": 3}}}}\n'
        for name in ANSWERS
    )
    (folder / "fixtures.jsonl").write_text("".join(lines))
    (folder / "checks.py").write_text(POLITE)
    return folder


def targets(tmp_path: Path) -> dict[str, TargetConfig]:
    script = tmp_path / "script.yaml"
    rules = "".join(
        f"  - when: {{contains: '{name}'}}\n    reply: {{text: '{text}'}}\n" for name, text in ANSWERS.items()
    )
    script.write_text(f"rules:\n{rules}")
    return {"scripted": TargetConfig(name="scripted", api="fake", model="fake", script=str(script))}


def run(suite: Path, env: dict[str, str], **more: object) -> api.FinishedRun:
    folder = suite.parent
    out = more.pop("out", folder / "log.jsonl")
    options = api.RunOptions(suite=suite, models=("scripted",), out=out, targets=targets(folder), **more)  # type: ignore[arg-type]
    return api.run_suite(options, env)


def said(log: Path) -> dict[str, list[str]]:
    return {row.fixture.id: [one.category or one.outcome for one in row.graded.verdicts] for row in api.grade_logs(log)}


def test_the_suites_python_judges_at_the_end_of_a_run_and_never_again(
    suite: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = run(suite, env, trust_suite=True)
    assert (finished.executed.count, finished.executed.broken) == (8, [])
    monkeypatch.setattr(execute, "run_sandboxed", None)  # from here on nothing can be run
    assert said(finished.path) == {
        "one": ["pass", "pass"],
        "two": ["own_check", "other_total"],
        "three": ["pass", "skip"],
        "four": ["own_check", "skip"],
    }
    (card,) = api.score_logs([finished.path])
    assert next(m.value for m in card.measures if m.name == "pass_rate" and not m.slice) == 0.5


def test_a_verdict_names_the_code_that_gave_it_with_its_reason_and_place(suite: Path, env: dict[str, str]) -> None:
    log = run(suite, env, trust_suite=True).path
    rows = {row.fixture.id: row for row in api.grade_logs(log)}
    polite, total = rows["two"].graded.verdicts
    assert polite.reason == "the answer does not say 'thanks'"
    assert {polite.version, total.version} == {f"sha256:{sha256_text(POLITE)}"}
    assert (total.expected, total.got, total.subject) == ("3", "4", "total")
    assert [(span.start, span.end) for span in total.spans] == [(0, 5)]
    header = read_run_log(log).header
    assert header.workloads[0].own is not None
    assert header.workloads[0].own.source == POLITE


def test_python_that_is_not_trusted_stops_the_run_before_any_model_is_asked(suite: Path, env: dict[str, str]) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        run(suite, env)
    assert "checks.py" in caught.value.message and "is not trusted" in caught.value.message
    assert f"milo-bench suite trust {suite}" in caught.value.hint
    assert not (suite.parent / "log.jsonl").exists()


def test_a_trust_record_holds_for_this_text_alone_and_lies_outside_the_suite(suite: Path, env: dict[str, str]) -> None:
    assert not api.suite_trust(str(suite), env).trusted
    recorded = api.trust_suite(str(suite), env)
    assert recorded.kept_in == trust_path(env)
    assert oct(trust_path(env).stat().st_mode)[-3:] == "600"
    assert run(suite, env).executed.count == 8
    (suite / "checks.py").write_text(POLITE + "# one letter more\n")
    with pytest.raises(PrerequisiteError, match="has changed since you trusted it"):
        run(suite, env, out=suite.parent / "other.jsonl")
    (suite / "checks.py").write_text(POLITE)
    assert api.suite_trust(str(suite), env).trusted
    api.distrust_suite(str(suite), env)
    with pytest.raises(PrerequisiteError, match="is not trusted"):
        run(suite, env, out=suite.parent / "other.jsonl")


def test_answers_recorded_first_are_executed_later_and_until_then_nothing_is_decided(
    suite: Path, env: dict[str, str]
) -> None:
    log = run(suite, env, execute_later=True).path
    for work in (lambda: list(api.grade_logs(log)), lambda: api.score_logs([log])):
        with pytest.raises(IncompleteRun) as caught:
            work()
        assert caught.value.hint == f"milo-bench grade {log} --trust-suite"
    with pytest.raises(PrerequisiteError, match="not trusted"):
        api.execute_own_checks(log, env=env)
    assert api.execute_own_checks(log, trusted=True, env=env).count == 8
    assert api.execute_own_checks(log, env=env).count == 0  # nothing is missing, so nobody is asked
    assert said(log)["one"] == ["pass", "pass"]


def test_a_decision_on_executions_is_made_reported_and_verified_without_running_anything(
    suite: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = run(suite, env, trust_suite=True).path
    monkeypatch.setattr(execute, "run_sandboxed", None)
    api.write_policy(suite)
    decision = api.decide_logs(api.DecideOptions(logs=log), created_at="2026-03-05T12:00:00Z")
    assert {gate.slice for gate in decision.findings[0].gates} >= {"check=polite", "check=same_total"}
    path = suite.parent / "decision.json"
    api.write_decision(path, decision)
    api.report_decision(path, suite.parent / "package")
    assert api.verify_package(suite.parent / "package").differences == ()


def test_changed_python_judges_an_old_log_again_and_its_verdicts_say_so(suite: Path, env: dict[str, str]) -> None:
    log = run(suite, env, trust_suite=True).path
    before = log.read_bytes()
    stricter = POLITE.replace("if word in case.output", "if word in case.output and case.json")
    (suite / "checks.py").write_text(stricter)
    executed = api.execute_own_checks(log, suite=suite, trusted=True, env=env)
    assert executed.count == 8
    assert log.read_bytes().startswith(before)
    assert said(log)["three"] == ["own_check", "skip"]
    versions = {one.version for row in api.grade_logs(log) for one in row.graded.verdicts}
    assert versions == {f"sha256:{sha256_text(stricter)}"}


def test_a_log_judged_in_part_by_newer_code_is_not_decided_on(suite: Path, env: dict[str, str]) -> None:
    log = run(suite, env, trust_suite=True).path
    lines = log.read_bytes().splitlines(keepends=True)
    newer = next(line for line in lines if line.startswith(b'{"type":"execution"'))
    log.write_bytes(log.read_bytes() + newer.replace(sha256_text(POLITE).encode(), b"0" * 64))
    with pytest.raises(IncompleteRun, match="two versions of the check 'polite'"):
        list(api.grade_logs(log))


def test_a_check_that_breaks_is_reported_at_once_and_gives_no_verdict(suite: Path, env: dict[str, str]) -> None:
    (suite / "checks.py").write_text(POLITE.replace('case.json["total"]', 'case.json["sum"]', 1))
    finished = run(suite, env, trust_suite=True)
    problems = [one.problem for one in finished.executed.broken]
    assert problems == ["KeyError: 'sum' (line 12)"] * 2
    with pytest.raises(CheckBroken, match=r"same_total.*KeyError: 'sum' \(line 12\)"):
        list(api.grade_logs(finished.path))


@pytest.mark.parametrize(
    ("code", "ending", "problem"),
    [
        ("while True: pass", "time", "it did not answer in time"),
        ("import os; os._exit(0)", "raised", "its process ended by its own exit before it answered"),
        ("import os; os.abort()", "raised", "its process ended by signal 6 before it answered"),
        ("kept = bytearray(4 << 30)", "memory", "it needs more memory than it may use"),
        ("return 7", "raised", "TypeError: a check returned int"),
        ("return {'outcome': 'maybe'}", "raised", "ValueError: a verdict's outcome is one of"),
        ("return {'outcome': 'fail', 'colour': 1}", "raised", "ValueError: a verdict has no 'colour'"),
        ("return [True] * 500", "raised", "ValueError: a check returned 500 verdicts"),
        ("import os; os.kill(os.getppid(), 9)", "lost", "the sandbox ended during this call"),
    ],
)
def test_a_call_that_does_not_answer_costs_only_itself(
    suite: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, code: str, ending: str, problem: str
) -> None:
    monkeypatch.setattr(execute, "CALL_S", 1)
    body = f"def polite(case):\n    if case.fixture == 'two':\n        {code}\n    return True\n"
    (suite / "checks.py").write_text(POLITE.replace("def polite", "def _polite") + body)
    finished = run(suite, env, trust_suite=True)
    (broken,) = finished.executed.broken
    assert (broken.ending, broken.key.fixture) == (ending, "two")
    assert problem in broken.problem
    assert finished.executed.count == 8


def test_calls_leave_nothing_for_each_other(suite: Path, env: dict[str, str]) -> None:
    body = """
import os, sys, time
seen = []
def polite(case):
    seen.append(case.fixture)
    print("noise", file=sys.stdout, flush=True)
    os.write(1, b'{"n": 0, "ending": "done", "results": [{"outcome": "pass"}]}\\n')
    fresh = not os.path.exists("/tmp/left")
    open("/tmp/left-" + case.fixture, "w").close()
    if os.fork() == 0:
        while True:
            time.sleep(1)
    others = [name for name in os.listdir("/proc") if name.isdigit()]
    return len(seen) == 1 and len(others) <= 5 and sys.stdin.read() == "" and fresh
def same_total(case):
    return None
"""
    (suite / "checks.py").write_text(body)
    assert {outcomes[0] for outcomes in said(run(suite, env, trust_suite=True).path).values()} == {"pass"}


def test_python_that_cannot_be_loaded_says_where(suite: Path, env: dict[str, str]) -> None:
    (suite / "checks.py").write_text(POLITE + "\nraise RuntimeError('not today')\n")
    with pytest.raises(PrerequisiteError) as caught:
        run(suite, env, trust_suite=False)
    assert caught.value.exit_code == 3
    log = run(suite, env, execute_later=True).path
    with pytest.raises(Exception, match=r"checks.py cannot be used: RuntimeError: not today \(line \d+\)"):
        api.execute_own_checks(log, trusted=True, env=env)


def test_a_private_log_is_refused_before_the_run(suite: Path, env: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="need the full text"):
        run(suite, env, trust_suite=True, store_text="hashes")


def test_a_suite_without_python_has_nothing_to_trust(env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no Python of its own"):
        api.trust_suite("case_ops_v1", env)


def test_a_misspelt_own_check_is_recognised_and_a_name_is_used_once(suite: Path, env: dict[str, str]) -> None:
    manifest = suite / "suite.yaml"
    text = manifest.read_text()
    manifest.write_text(text.replace("- same_total", "- same_totl"))
    with pytest.raises(ConfigError) as caught:
        run(suite, env, trust_suite=True)
    assert caught.value.hint == "Did you mean 'same_total', of checks.py?"
    (problem,) = [one for one in api.check_suite(str(suite)) if one.severity == "error"]
    assert (problem.where, problem.hint) == (f"{manifest} line 11", "Did you mean 'same_total', of checks.py?")
    manifest.write_text(text.replace("- same_total", "- polite"))
    assert any("'polite' is listed twice" in one.what for one in api.check_suite(str(suite)))
    manifest.write_text(text)
    (suite / "checks.py").write_text(POLITE.replace("def polite", "def length"))
    manifest.write_text(text.replace("- polite: {word: thanks}", "- length: {max_words: 3}"))
    assert any("has the name of a built-in one" in one.what for one in api.check_suite(str(suite)))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def polite(case:", "line 1: not valid Python"),
        ("limit = 3", "no check in it"),
        ("def polite(case, limit): pass", "no check in it"),
        ("class polite: pass", "no check in it"),
        ("(" * 300 + ")" * 300, "not valid Python"),
    ],
)
def test_a_file_without_a_usable_check_is_named_before_anything_runs(suite: Path, code: str, said: str) -> None:
    (suite / "checks.py").write_text(code)
    assert any(said in str(one) for one in api.check_suite(str(suite)))
