"""Tables of answers become run logs that everything downstream reads, and what cannot be carried over is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.cli.commands.import_ import import_
from milo_bench.cli.entry import run_command
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_file
from milo_bench.store.log.reader import RunLog, read_run_log

LONG = (
    "id;text;model;answer;gold;latency_ms\n"
    "1;Where is my parcel?;a;shipping;shipping;900\n"
    "2;Refund me;a;billing;billing;3\n"
)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def imported(tmp_path: Path, source: Path, **wanted: Any) -> RunLog:
    """The log of an import into a new suite, unless ``suite`` is named."""
    out = tmp_path / "imported.jsonl"
    if "suite" not in wanted:
        wanted["new_suite"] = tmp_path / "suite"
    api.import_recorded(api.RecordedImport(files=[source], out=out, **wanted))
    return read_run_log(out)


def test_a_table_becomes_a_graded_log_with_the_source_of_every_attempt(tmp_path: Path) -> None:
    source = tmp_path / "answers.csv"
    source.write_text(LONG, encoding="utf-8")
    log = imported(tmp_path, source)
    first, second = list(log.attempts)
    assert first.source is not None
    assert (first.source.file, first.source.line, first.source.sha256) == ("answers.csv", 2, sha256_file(source))
    assert [row.graded.passed for row in api.grade_logs(log.path)] == [True, True]
    assert second.source is not None and second.source.times_s == {"latency_s": 0.003}


def test_times_of_another_client_enter_no_measure(tmp_path: Path) -> None:
    source = tmp_path / "answers.csv"
    source.write_text(LONG, encoding="utf-8")
    log = imported(tmp_path, source, gold_kind="label")
    names = {measure.name for card in api.score_logs([log.path]) for measure in card.measures}
    assert "accuracy" in names
    assert not any("latency" in name or "ttft" in name for name in names)


def test_one_column_a_model_is_one_target_each_and_an_empty_cell_is_no_answer(tmp_path: Path) -> None:
    source = tmp_path / "wide.csv"
    source.write_text("id,text,gold,alpha,beta\n1,x,yes,yes,\n2,y,no,no,yes\n", encoding="utf-8")
    log = imported(tmp_path, source, columns={"answers": "alpha,beta"})
    assert [(a.key.fixture, a.key.target, a.output) for a in log.attempts] == [
        ("1", "alpha", "yes"),
        ("2", "alpha", "no"),
        ("2", "beta", "yes"),
    ]
    assert log.end is not None and not log.end.complete


def test_a_list_of_answers_goes_to_the_fixtures_of_the_suite_in_order(tmp_path: Path) -> None:
    texts = write(
        tmp_path / "texts.jsonl", [{"id": f"t{n}", "text": f"text {n}", "gold": str(n % 2)} for n in range(6)]
    )
    api.import_suite(api.ImportRequest(texts, label="gold", inputs=("text",)), out=tmp_path / "suite")
    rows = [{"model": "m", "answers": ["0", "1", "0", "1", "1", "1"]}, {"model": "short", "answers": ["0"]}]
    packed = tmp_path / "answers.jsonl.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    log = imported(tmp_path, packed, suite=str(tmp_path / "suite"))
    assert [row.graded.passed for row in api.grade_logs(log.path)] == [True, True, True, True, False, True]
    assert log.header.plan.targets == ("m",)


def test_cases_are_found_by_their_input_where_ids_differ(tmp_path: Path) -> None:
    texts = write(tmp_path / "texts.jsonl", [{"id": "t1", "text": "Hello  there", "gold": "a"}])
    api.import_suite(api.ImportRequest(texts, label="gold", inputs=("text",)), out=tmp_path / "suite")
    answers = write(
        tmp_path / "a.jsonl", [{"prompt": "Hello there", "response": "a"}, {"prompt": "?", "response": "b"}]
    )
    log = imported(tmp_path, answers, suite=str(tmp_path / "suite"), target="m")
    assert [attempt.key.fixture for attempt in log.attempts] == ["t1"]


def test_a_failed_request_is_a_failure_and_an_empty_answer_is_a_wrong_one(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "text": "x", "model": "m", "output": None, "error": "429 rate limit", "gold": "a"},
        {"id": "2", "text": "y", "model": "m", "output": "", "gold": "a"},
        {"id": "3", "text": "z", "model": "m", "output": None, "gold": "a"},
    ]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    first, second = list(log.attempts)
    assert first.failure is not None and first.failure.kind == "rate_limited"
    assert [row.graded.passed for row in api.grade_logs(log.path)] == [None, False]
    assert second.key.fixture == "2"


def test_a_seed_is_a_repeat_and_no_count(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "x", "model": "m", "output": "a", "seed": seed} for seed in (42, 7)]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert log.header.plan.repeats == 2
    assert sorted(attempt.key.repeat for attempt in log.attempts) == [0, 1]


def test_nested_keys_are_reached_with_a_dot(tmp_path: Path) -> None:
    rows = [{"case": {"n": 7, "q": "What?"}, "reply": {"text": "That", "by": "org/model"}}]
    columns = {"id": "case.n", "input": "case.q", "output": "reply.text", "target": "reply.by"}
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows), columns=columns)
    [attempt] = log.attempts
    assert (attempt.key.fixture, attempt.key.target, attempt.output) == ("7", "org-model", "That")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_the_encoding_that_it_has(tmp_path: Path, encoding: str) -> None:
    source = tmp_path / "answers.csv"
    source.write_bytes("id,text,model,output\n1,Größe,m,über\n".encode(encoding))
    log = imported(tmp_path, source)
    assert [attempt.output for attempt in log.attempts] == ["über"]


def test_labels_of_any_language_and_number_are_labels(tmp_path: Path) -> None:
    labels = ["送料", "Rechnung", "удалить", "оплата"]
    rows = [
        {"id": f"{n}", "text": f"t{n}", "model": "m", "output": labels[n % 4], "gold": labels[n % 4]} for n in range(40)
    ]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert [check.name for check in log.header.workloads[0].checks] == ["answer_present", "label"]
    assert all(row.graded.passed for row in api.grade_logs(log.path))


BAD: list[tuple[list[dict[str, Any]], dict[str, Any], type[Exception], str]] = [
    ([{"id": "1", "x": 1}], {}, UsageError, "Cannot guess which column"),
    ([{"id": "1", "output": "a"}], {}, UsageError, "does not say which model answered"),
    ([{"output": "a", "model": "m"}], {}, UsageError, "neither ids nor inputs"),
    ([{"id": "1", "output": "a", "model": "m"}], {}, DataError, "contains no inputs to make a suite from"),
    ([{"id": "1", "output": "a", "model": "m"}], {"columns": {"outptu": "output"}}, UsageError, "has no 'outptu'"),
    ([{"id": "1", "output": "a", "model": "m"}], {"columns": {"gold": "glod"}}, UsageError, "has no column 'glod'"),
    ([{"id": "1", "output": "a", "model": "m"}], {"format": "jsnl"}, UsageError, "Unknown format 'jsnl'"),
]


@pytest.mark.parametrize(("rows", "wanted", "kind", "said"), BAD, ids=[case[3] for case in BAD])
def test_a_file_that_cannot_be_imported_gives_one_error_with_a_hint(
    tmp_path: Path, rows: list[dict[str, Any]], wanted: dict[str, Any], kind: type[Exception], said: str
) -> None:
    source = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(kind, match=said) as caught:
        imported(tmp_path, source, **wanted)
    assert caught.value.hint  # type: ignore[attr-defined]
    assert not (tmp_path / "imported.jsonl").exists()


def test_a_broken_line_is_named_the_rest_is_imported_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.jsonl"
    good = json.dumps({"id": "1", "text": "x", "model": "m", "output": "a"})
    source.write_text(f"{good}\n{{broken\n[1]\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    words = [str(source), "--format", "jsonl", "--make-suite", str(tmp_path / "s"), "--out", str(out)]
    assert run_command(import_, "milo-bench import", words) == 4
    printed = capsys.readouterr().out
    assert "1 attempt of 1 target" in printed
    assert "broken: 2" in printed and "line 2: broken JSON" in printed


def test_the_same_file_twice_would_count_twice_and_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [{"id": "1", "text": "x", "model": "m", "output": "a"}])
    twin = tmp_path / "b.jsonl"
    twin.write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match="same content"):
        api.import_recorded(
            api.RecordedImport(files=[source, twin], out=tmp_path / "o.jsonl", new_suite=tmp_path / "s")
        )


def test_a_decision_on_imported_answers_is_reported_and_verified(tmp_path: Path) -> None:
    rows = [
        {"id": f"{n}", "text": f"t{n}", "model": "aya_32b", "output": str(n % 2), "gold": str(n % 2)} for n in range(60)
    ]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    api.write_policy(str(tmp_path / "suite"), tmp_path / "policy.yaml")
    decision = api.decide_logs(api.DecideOptions(logs=log.path, policy=tmp_path / "policy.yaml"))
    assert decision.logs[0].command.startswith("milo-bench import a.jsonl --format jsonl")
    api.write_decision(tmp_path / "decision.json", decision)
    api.report_decision(tmp_path / "decision.json", tmp_path / "package")
    assert not api.verify_package(tmp_path / "package").differences


@pytest.mark.parametrize("store", ["redacted", "hashes"])
def test_texts_that_are_not_to_be_stored_are_judged_first(tmp_path: Path, store: str) -> None:
    rows = [
        {"id": f"{n}", "text": f"write to ann.lee{n}@example.com", "model": "m", "output": "ab"[n % 2], "gold": "a",
         "score": "says ann@example.com"}
        for n in range(8)
    ]  # fmt: skip
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows), store_text=store, gold_kind="label")
    assert "@example.com" not in log.path.read_text(encoding="utf-8")
    assert [row.graded.passed for row in api.grade_logs(log.path)] == [True, False] * 4
    [card] = api.score_logs([log.path])
    assert next(one.value for one in card.measures if one.name == "accuracy") == 0.5


@pytest.mark.parametrize("answers", [("true", "false"), ("Yes.", "no"), (True, False)])
def test_true_and_false_are_called_as_the_answers_call_them(tmp_path: Path, answers: tuple[Any, Any]) -> None:
    rows = [
        {"id": f"{n}", "text": f"t{n}", "model": "m", "output": answers[n % 2], "gold": n % 2 == 0} for n in range(20)
    ]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert all(row.graded.passed for row in api.grade_logs(log.path))


def test_a_column_that_the_first_rows_lack_is_found(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": f"{n}", "text": f"t{n}", "model": "m", "output": "a"} for n in range(9)]
    rows[5]["gold"] = "a"
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert [fixture.id for fixture in log.fixtures.values() if fixture.expect] == ["5"]


def test_a_broken_first_line_and_an_array_are_both_read(tmp_path: Path) -> None:
    row = {"id": "1", "text": "x", "model": "m", "output": "a"}
    array = tmp_path / "array.jsonl"
    array.write_text(json.dumps([row], indent=2), encoding="utf-8")
    assert len(imported(tmp_path, array).attempts) == 1


def test_a_suite_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [{"id": "1", "text": "x", "model": "m", "output": "a"}])
    imported(tmp_path, source)
    (tmp_path / "imported.jsonl").unlink()
    with pytest.raises(UsageError, match="already exists"):
        imported(tmp_path, source)


def test_an_opened_answer_shows_where_it_was_recorded_and_the_other_tools_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from milo_bench.cli.commands.grade import grade

    rows = [{"id": "1", "text": "x", "model": "m", "output": "a", "score": 0.5, "latency_s": 1.25}]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert run_command(grade, "milo-bench grade", [str(log.path), "--fixture", "1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "recorded by jsonl in a.jsonl line 1. its own verdict: score 0.5. its times: latency 1.25 s" in printed


@pytest.mark.parametrize(("unit", "answer"), [("", "So it is {n}."), (" kg", "It weighs {n} kg"), ("%", "about {n}%")])
def test_numbers_are_judged_as_numbers_and_with_their_unit(tmp_path: Path, unit: str, answer: str) -> None:
    rows = [
        {"id": f"{n}", "text": f"t{n}", "model": "m", "output": answer.format(n=n + 0.5), "gold": f"{n + 0.5}{unit}"}
        for n in range(20)
    ]
    log = imported(tmp_path, write(tmp_path / "a.jsonl", rows))
    assert [check.name for check in log.header.workloads[0].checks] == ["answer_present", "numeric"]
    assert all(row.graded.passed for row in api.grade_logs(log.path))
