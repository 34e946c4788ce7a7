"""``milo-bench operator`` says what exists, and its exit code says whether the bench is sound."""

import json

import pytest

from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.operator.worlds.tasks import all_tasks


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_command(milo_bench, "milo-bench", list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_selftest_prints_a_row_for_every_task_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "operator", "selftest", "--seeds", "2")
    assert code == 0
    assert all(task.name in out for task in all_tasks())
    assert f"of {25 * len(all_tasks())}" in out
    assert "next: milo-bench operator tasks" in err


def test_selftest_as_json_is_one_document_with_totals(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "operator", "selftest", "--seeds", "1", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["faults"] == []
    assert {row["task"] for row in document["rows"]} == {task.name for task in all_tasks()}
    most = 25 * len(all_tasks())
    assert document["totals"][0] == {"policy": "oracle", "points": most, "of": most, "share": 1.0}


def test_selftest_of_an_unsound_bench_names_the_fault_and_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(all_tasks()[0]), "oracle", lambda self, desk: desk.finish("done"))
    code, out, _ = run(capsys, "operator", "selftest", "--seeds", "1")
    assert code == 1
    assert f"Fault: {all_tasks()[0].name}: the oracle scores 0 instead of 25." in out


def test_the_list_names_every_registered_task(capsys: pytest.CaptureFixture[str]) -> None:
    _, listed, _ = run(capsys, "operator", "tasks")
    described = json.loads(run(capsys, "operator", "tasks", "--json")[1])
    for task in all_tasks():
        assert task.name in listed
    assert [item["name"] for item in described] == [task.name for task in all_tasks()]
