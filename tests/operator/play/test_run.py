"""milo-bench operator run over real TCP: points in the log, kill and resume, broken runtimes, and stored text."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from milo_bench.api.operating import OperatorOptions, run_operators
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.evidence.log_checks import check_log
from milo_bench.operator.play.episode import EpisodeLimits
from milo_bench.operator.play.plan import choose_tasks, fixtures_of, operator_suite
from milo_bench.operator.play.prompt import Protocol
from milo_bench.operator.play.recorded import FinishedOperatorRun
from milo_bench.operator.worlds.grade import CLAIMS, TASK_POINTS, grade
from milo_bench.operator.worlds.replay import replay
from milo_bench.operator.worlds.task import TaskGroup
from milo_bench.operator.worlds.tasks import CORE, describe_tasks, find_task
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.fake.server import start_fake
from tests.operator.log_text import log_from_text
from tests.operator.operator_logs import COMMAND_WITH_KNOWN_IDS
from tests.operator.play.operator_models import fake_config, oracle_calls, script_of
from tests.sealing import seal_anew

TASKS = ("provider_503", "tests_on_another_commit")
QUICK = EpisodeLimits(retries=0)
# A call before the oracle's own moves every evidence id by one, and its claims cite the wrong results.
ONE_CALL_MORE = TASK_POINTS - CLAIMS


def all_calls(*, seed: int = 0) -> list[Any]:
    return [call for name in TASKS for call in both(name, seed)]


def both(task: str, seed: int = 0) -> list[Any]:
    """The oracle's calls in the trap and then in the clean variant."""
    return [call for form in find_task(task).forms for call in oracle_calls(task, seed, form)]


def run(tmp_path: Path, script: dict[str, Any], protocol: Protocol = "tools", **changes: Any) -> FinishedOperatorRun:
    config = fake_config(tmp_path / "script.json", script)
    options: dict[str, Any] = {"tasks": TASKS, "protocol": protocol, "limits": QUICK, "seed": 0, **changes}
    log = options.pop("out", tmp_path / "log.jsonl")
    return run_operators(OperatorOptions(models=("scripted",), out=log, targets={"scripted": config}, **options), {})


@pytest.mark.parametrize("protocol", ["tools", "fenced"])
def test_the_oracle_as_a_model_has_all_points_on_both_variants_and_the_log_repeats(
    tmp_path: Path, protocol: Protocol
) -> None:
    finished = run(tmp_path, script_of(all_calls(), protocol), protocol)
    assert (finished.planned, finished.done, finished.end.complete) == (4, 4, True)
    assert (finished.totals[0].points.value, finished.totals[0].points.of) == (2 * TASK_POINTS, 2 * TASK_POINTS)
    log = read_run_log(finished.path)
    assert list(log.fixtures) == [episode.key.fixture for episode in log.episodes]
    assert [fixture.split(".")[1] for fixture in log.fixtures] == ["trap", "clean"] * 2
    assert log.header.suite == operator_suite() and log.header.targets[0].settings["operator_protocol"] == protocol
    assert log.end is not None and log.end.attempts == 4
    for episode in log.episodes:
        lines = "\n".join(json.dumps(line) for line in episode.log)
        assert grade(replay(log_from_text(lines))).points == episode.points == TASK_POINTS


def test_a_run_commits_itself_to_the_secret_of_each_episode_before_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # each episode has a secret of its own, so the scripted calls cite what is not there
    finished = run(tmp_path, script_of(all_calls(), "tools"))
    log = read_run_log(finished.path)
    secrets = [episode.log[0]["secret"] for episode in log.episodes]
    assert len(set(secrets)) == 4
    assert list(log.header.commitments.values()) == [sha256_text(secret) for secret in secrets]
    assert not check_log(finished.path).faults
    said = finished.path.read_text(encoding="utf-8")
    finished.path.write_text(said.replace(secrets[1], "0" * 32), encoding="utf-8")
    seal_anew(finished.path)
    (fault,) = check_log(finished.path).faults
    assert fault.place == f"episode {log.episodes[1].key.fixture} scripted 0"


def test_a_resume_without_the_secrets_of_its_run_is_refused(tmp_path: Path) -> None:
    finished = run(tmp_path, script_of(all_calls(), "tools"))
    finished.path.with_suffix(".secret").unlink()
    with pytest.raises(DataError, match="secret is missing"):
        run(tmp_path, script_of([], "tools"), resume=True)


def test_repeats_are_played_at_seeds_of_their_own(tmp_path: Path) -> None:
    script = script_of([*both("provider_503", 7), *both("provider_503", 8)], "tools")
    finished = run(tmp_path, script, tasks=("provider_503",), repeats=2, seed=7)
    played = [(e.key.repeat, e.seed, e.form, e.points) for e in read_run_log(finished.path).episodes]
    assert played == [(r, 7 + r, form, 25) for r in (0, 1) for form in ("trap", "clean")]


def test_auto_takes_tools_where_a_question_is_answered_by_a_call_and_fenced_objects_else(tmp_path: Path) -> None:
    asked = [("report_ready", {"ready": True})]
    calls = both("provider_503")
    able = run(tmp_path, script_of([*asked, *calls], "tools"), "auto", tasks=("provider_503",))
    assert (able.protocols["scripted"].protocol, able.totals[0].points.value) == ("tools", TASK_POINTS)
    script = script_of(calls, "fenced", first=2)
    unable = run(tmp_path, script, "auto", tasks=("provider_503",), out=tmp_path / "other.jsonl")
    assert (unable.protocols["scripted"].protocol, unable.totals[0].points.value) == ("fenced", TASK_POINTS)
    assert "without a call" in unable.protocols["scripted"].why
    script = {"rules": [{"when": {"to_request": 2}, "fault": "context_overflow"}]}
    refusing = run(tmp_path, script, "auto", tasks=("provider_503",), out=tmp_path / "third.jsonl")
    assert refusing.protocols["scripted"].why == "a request with a tool failed 2 times: context_overflow"


@pytest.mark.parametrize("fault", ["reset_before_headers", "cut_stream", "malformed_json"])
def test_a_runtime_that_breaks_costs_the_task_and_is_not_called_judgement(tmp_path: Path, fault: str) -> None:
    finished = run(tmp_path, {"rules": [{"fault": fault}]})
    total = finished.totals[0]
    assert (total.points.value, total.kinds["runtime"], total.kinds["judgement"]) == (0, 2, 0)
    assert total.headline == "The runtime could not complete the harness: all 2 trials ended in a runtime failure."
    assert (finished.end.failures, finished.end.complete) == (4, True)


def test_a_server_process_that_dies_is_started_again_for_the_next_episode(tmp_path: Path) -> None:
    config = fake_config(tmp_path / "script.json", {"rules": [{"when": {"requests": [1]}, "fault": "process_death"}]})
    config = config.model_copy(update={"settings": {"process": True}})
    options = OperatorOptions(
        models=("scripted",),
        tasks=("provider_503",),
        protocol="tools",
        limits=QUICK,
        out=tmp_path / "log.jsonl",
        targets={"scripted": config},
    )
    run_operators(options, {})
    first, second = read_run_log(tmp_path / "log.jsonl").episodes
    assert first.turns[-1].failure is not None and first.turns[-1].failure.kind == "server_died"
    assert first.ending == second.ending == "runtime_failure"
    # It died again, of its own first request: it was there again.
    assert second.turns[-1].failure is not None and "exit code" in second.turns[-1].failure.message


def test_a_torn_log_resumes_without_playing_what_is_in_it(tmp_path: Path) -> None:
    whole = run(tmp_path, script_of(all_calls(), "tools"))
    lines = whole.path.read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if b'"type":"episode"' in line)
    whole.path.write_bytes(b"".join(lines[: first + 1]) + lines[first + 1][:500])
    rest = all_calls()[len(oracle_calls("provider_503")) :]
    resumed = run(tmp_path, script_of(rest, "tools"), resume=True)
    assert (resumed.done, resumed.totals[0].points.value) == (4, 2 * TASK_POINTS)
    log = read_run_log(whole.path)
    assert [episode.points for episode in log.episodes] == [TASK_POINTS] * 4
    assert log.episodes[1].started_s >= log.episodes[0].ended_s


def test_a_resume_under_other_limits_is_refused(tmp_path: Path) -> None:
    run(tmp_path, script_of([], "tools"))
    with pytest.raises(DataError, match="another run"):
        run(tmp_path, script_of([], "tools"), resume=True, limits=EpisodeLimits(turns=3, retries=0))


async def test_a_killed_run_goes_on_from_the_episode_that_it_was_in(tmp_path: Path) -> None:
    first, others = oracle_calls("provider_503"), all_calls()[len(oracle_calls("provider_503")) :]
    hello = 1  # the request that proves a target ready
    script = script_of([("hello", {}), *first], "tools")
    hang = hello + len(first) + 1
    script["rules"].append({"when": {"requests": [hang]}, "fault": "hang_before_headers"})
    script["rules"] += script_of(others, "tools", first=hang + 1 + hello)["rules"]
    async with start_fake(script) as fake:
        targets = {"far": {"api": "openai", "base_url": fake.base_url, "model": "fake-1"}}
        (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"targets": targets}))
        words = [
            "operator",
            "run",
            "--models",
            "far",
            "--tasks",
            ",".join(TASKS),
            "--protocol",
            "tools",
            "--json",
            "--seed",
            "0",
        ]
        words += ["--config", str(tmp_path / "bench.yaml"), "--out", str(tmp_path / "log.jsonl")]
        command = [sys.executable, "-c", COMMAND_WITH_KNOWN_IDS, *words]
        killed = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        await fake.wait_for_requests(hang)
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
        again = await asyncio.create_subprocess_exec(*command, "--resume", stdout=asyncio.subprocess.PIPE)
        said, _ = await again.communicate()
    record = json.loads(said)
    assert (again.returncode, record["complete"], record["done"]) == (0, True, 4)
    assert record["totals"][0]["points"]["value"] == 2 * TASK_POINTS


def test_stored_as_hashes_no_text_of_a_model_or_a_world_is_left_and_points_are(tmp_path: Path) -> None:
    word = "xylophone"
    calls = [("journal_write", {"done": [word], "remaining": []}), *both("provider_503")]
    finished = run(tmp_path, script_of(calls, "fenced"), "fenced", tasks=("provider_503",), store_text="hashes")
    assert finished.totals[0].points.value == ONE_CALL_MORE
    assert word not in finished.path.read_text()
    episode, clean = read_run_log(finished.path).episodes
    assert clean.points == TASK_POINTS
    assert (episode.points, episode.log, episode.why) == (ONE_CALL_MORE, (), ())
    assert all(turn.output == "" and turn.tool_calls == () for turn in episode.turns)


def test_stored_redacted_a_person_in_an_answer_is_a_placeholder(tmp_path: Path) -> None:
    call = ("journal_write", {"done": [], "remaining": [], "note": "ask anna.berg@example.org"})
    script = script_of([call, *both("provider_503")], "tools")
    finished = run(tmp_path, script, tasks=("provider_503",), store_text="redacted")
    assert finished.totals[0].points.value == ONE_CALL_MORE
    assert "anna.berg" not in finished.path.read_text()
    assert "[EMAIL" in finished.path.read_text()


def test_an_episode_under_another_key_or_twice_is_told_with_its_line(tmp_path: Path) -> None:
    finished = run(tmp_path, script_of([], "tools"), tasks=("provider_503",))
    lines = finished.path.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if '"type":"episode"' in line)
    finished.path.write_text("".join([*lines[: at + 1], lines[at]]))
    with pytest.raises(DataError, match=f"line {at + 2}.*already"):
        read_run_log(finished.path)
    lines[at] = lines[at].replace('"task":"provider_503"', '"task":"reply_lost"')
    finished.path.write_text("".join(lines))
    with pytest.raises(DataError, match=f"line {at + 1}"):
        read_run_log(finished.path)


def test_core_is_nine_tasks_out_of_every_group() -> None:
    tasks = choose_tasks("core")
    assert [task.name for task in tasks] == sorted(CORE, key=lambda name: find_task(name).number)
    assert len(tasks) * TASK_POINTS == 225
    assert {task.group for task in tasks} == set(TaskGroup.__args__)
    assert len(choose_tasks("all")) * TASK_POINTS == 600
    assert len(fixtures_of(choose_tasks("all"))) == sum(len(task.forms) for task in choose_tasks("all"))


def test_every_task_describes_finish_with_the_schema_that_is_checked() -> None:
    for task in describe_tasks():
        tools = task["tools"]
        assert isinstance(tools, list)
        finish = tools[-1]
        assert finish["name"] == "finish"
        assert finish["arguments"]["required"] == ["status"]
        assert "$ref" not in json.dumps(finish["arguments"])


@pytest.mark.parametrize("changes", [{"tasks": ("no_such",)}, {"models": ()}, {"models": ("nobody",)}])
def test_what_cannot_be_played_is_said_before_anything_starts(tmp_path: Path, changes: dict[str, Any]) -> None:
    options: dict[str, Any] = {"models": ("smollm2",), "out": tmp_path / "log.jsonl", **changes}
    with pytest.raises(UsageError):
        run_operators(OperatorOptions(**options), {})
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_points_by_behaviour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = fake_config(tmp_path / "script.json", script_of(both("provider_503"), "tools"))
    (tmp_path / "bench.yaml").write_text(f"targets:\n  scripted: {{api: fake, script: {config.script}}}\n")
    words = ["operator", "run", "--models", "scripted", "--tasks", "provider_503", "--protocol", "tools", "--seed", "0"]
    words += ["--config", str(tmp_path / "bench.yaml"), "--out", str(tmp_path / "log.jsonl")]
    assert run_command(milo_bench, "milo-bench", words) == 0
    out, err = capsys.readouterr()
    assert "scripted: 25 of 25 points (tools)" in out and "provider fails mid-task" in out
    assert "1/2 scripted provider_503.trap seed 0: 25 points, finished" in err
