"""The command, the session and the records: exit codes, one JSON document, a run log that can be read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.cli.commands.probe import probe
from milo_bench.cli.entry import run_command
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES
from milo_bench.probes.builtin.truncation import Truncation
from milo_bench.probes.session import all_probes
from milo_bench.store.log.reader import read_run_log


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    """A bench.yaml with one scripted target; gives the path."""

    def write(script: dict[str, Any], **more: Any) -> str:
        (tmp_path / "script.json").write_text(json.dumps(script))
        target = {"api": "fake", "script": str(tmp_path / "script.json"), "settings": {"process": True}, **more}
        (tmp_path / "bench.yaml").write_text(json.dumps({"targets": {"scripted": target}}))
        return str(tmp_path / "bench.yaml")

    return write


def test_the_probes_run_in_an_order_that_ends_servers_last() -> None:
    names = [probe.name for probe in all_probes()]
    assert set(names) == set(PROBES.names()) and len(names) == 16
    assert names[0] == "readiness" and names[-2:] == ["recovery", "privacy_leak"]
    assert all(PROBES.get(name).title and PROBES.get(name).name == name for name in names)


def test_a_grave_failure_is_exit_code_1_and_one_json_document(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    config = bench({"context_window": 500, "overflow": "truncate"}, context_window=1000)
    code = run_command(probe, "probe", ["scripted", "--probe", "truncation", "--config", config, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert document["schema"] == "milo-bench.probes/1" and document["counts"] == {"pass": 0, "fail": 1, "undecided": 0}
    assert document["results"][0]["evidence"]["declared_window_tokens"] == 1000


def test_undecided_and_minor_failures_are_exit_code_0(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    config = bench({"reply": {"texts": ["A harbour.", "A port."]}})
    names = ["--probe", "repeatable", "--probe", "truncation"]
    assert run_command(probe, "probe", ["scripted", *names, "--config", config]) == 0
    shown = capsys.readouterr().out
    assert "undecided" in shown and "minor" in shown and "1 fail, 1 undecided" in shown


def test_an_unknown_probe_is_a_usage_error_with_a_suggestion(bench: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(probe, "probe", ["scripted", "--probe", "truncaton", "--config", bench({})]) == 2
    assert "truncation" in capsys.readouterr().err


def test_results_go_into_a_new_run_log_and_are_added_to_one_that_is_there(bench: Any, tmp_path: Path) -> None:
    config, out = bench({"reply": {"text": "a b c"}}), tmp_path / "probes.jsonl"
    for name in ("streaming", "repeatable"):
        run_command(probe, "probe", ["scripted", "--probe", name, "--config", config, "--out", str(out)])
    log = read_run_log(out)
    assert [result.probe for result in log.probes] == ["streaming", "repeatable"]
    assert log.header.targets[0].name == "scripted" and not log.torn_bytes


def test_an_out_file_that_is_no_run_log_is_left_alone(bench: Any, tmp_path: Path) -> None:
    out = tmp_path / "notes.txt"
    out.write_text("mine\n")
    target = TargetConfig(name="t", api="openai", model="m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(DataError):
        api.probe_target(target, {}, names=["limits"], out=out)
    assert out.read_text() == "mine\n"


def test_a_hosted_target_is_not_probed_unless_told_so() -> None:
    target = TargetConfig(name="h", api="openai", model="m", base_url="http://127.0.0.1:9/v1", hosted=True)
    with pytest.raises(UsageError, match="hosted"):
        api.probe_target(target, {})


def test_a_dead_endpoint_leaves_every_probe_undecided() -> None:
    target = TargetConfig(name="d", api="openai", model="m", base_url="http://127.0.0.1:9/v1")
    results = api.probe_target(target, {})
    assert {result.outcome for result in results} == {"undecided"}
    assert len(results) == 16


def test_a_command_that_could_judge_nothing_is_exit_code_3(tmp_path: Path) -> None:
    config = tmp_path / "bench.yaml"
    config.write_text("targets: {dead: {api: openai, model: m, base_url: 'http://127.0.0.1:9/v1'}}\n")
    assert run_command(probe, "probe", ["dead", "--config", str(config), "--probe", "limits", "--json"]) == 3


def test_a_probe_that_breaks_or_dawdles_is_undecided_and_ends_nothing(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def breaks(self: Truncation, ctx: object) -> ProbeResult:
        raise KeyError("oops")

    async def dawdles(self: object, ctx: object) -> ProbeResult:
        await asyncio.Event().wait()
        raise AssertionError

    streaming = type(PROBES.get("streaming"))
    monkeypatch.setattr(Truncation, "run", breaks)
    monkeypatch.setattr(streaming, "run", dawdles)
    monkeypatch.setattr(streaming, "limit_s", 0.05)
    bench({"reply": {"text": "a b c"}})
    target = TargetConfig(name="d", api="openai", model="m", base_url="http://127.0.0.1:9/v1")
    results = api.probe_target(target, {}, names=["truncation", "streaming", "limits"])
    assert [result.outcome for result in results] == ["undecided"] * 3
    assert "itself crashed: KeyError" in results[0].finding and "did not end within" in results[1].finding
