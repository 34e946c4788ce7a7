"""Tasks of a user's own are proven and played like built-in ones, with their code in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError, DataError, PrerequisiteError, UsageError
from milo_bench.operator.own.folder import read_task_folder
from milo_bench.operator.own.tasks import read_own_tasks
from milo_bench.operator.worlds import tasks as known
from milo_bench.operator.worlds.records import Landed, Rejected, ToolResult
from milo_bench.sandbox import require_sandbox
from milo_bench.store.log.reader import read_run_log

PAGE = Path(__file__).parents[3] / "docs/how-to/own-operator-tasks.md"


@pytest.fixture(autouse=True)
def _sandbox_holds() -> None:
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(f"{error.message} {error.hint}")


@pytest.fixture(autouse=True)
def _forgets() -> Iterator[None]:
    """A process keeps the tasks that it has met; each test meets its own."""
    yield
    known._OWN.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example of the page."""
    for block in re.findall(r"```python\n# badge_tasks/(\S+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        (tmp_path / "badge_tasks").mkdir(exist_ok=True)
        (tmp_path / "badge_tasks" / block[0]).write_text(block[1])
    return tmp_path / "badge_tasks"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def test_the_tasks_on_their_page_are_sound(folder: Path) -> None:
    result = api.selftest_operators(8, folder, trusted=True)
    assert result.faults == ()
    (row,) = result.rows
    assert (row.task, row.scores["oracle"], row.scores["trust-the-first-output"]) == ("lost_badge", 25, 0)
    assert [total.of for total in result.totals] == [25] * len(result.totals)


def test_an_unsound_task_is_found_by_the_selftest(folder: Path) -> None:
    task = folder / "lost_badge.py"
    task.write_text(task.read_text().replace("trap=blocked == [current] and", "trap=True or"))
    result = api.selftest_operators(2, folder, trusted=True)
    assert any("always-done scores" in fault for fault in result.faults)


def test_an_episode_in_the_sandbox_is_played_and_scored(folder: Path) -> None:
    (task,) = read_own_tasks(read_task_folder(folder)).tasks
    assert task.forms == ("trap", "clean")
    with task.open_session(3, "trap") as session:
        facts = dict(re.findall(r"^(\w+): (.+)$", session.brief, flags=re.MULTILINE))
        assert set(session.tools) == {"badge_show", "badges_of", "badge_block"}
        assert session.tools["badge_show"].schema()["required"] == ["badge"]
        assert isinstance(session.call("badge_show", '{"badge": 7}'), Rejected)
        assert isinstance(session.call("no_tool", "{}"), Rejected)
        owned = session.call("badges_of", {"person": facts["person"]})
        assert isinstance(owned, ToolResult)
        (current,) = owned.data["badges"]
        assert current != facts["reported_badge"]
        session.call("badge_block", {"badge": current})
        shown = session.call("badge_show", {"badge": current})
        assert isinstance(shown, ToolResult)
        assert (session.finish, session.over, len(session.visible)) == (None, False, 5)
        claim = {"text": "It is blocked.", "kind": "observed", "evidence": [shown.id]}
        session.call("finish", msgspec.json.encode({"status": "done", "claims": [claim]}).decode())
        assert session.finish is not None
        assert session.over
        assert session.score().points == 25
        assert any(isinstance(line, Landed) for line in session.log)


def test_code_that_is_not_trusted_does_not_run_and_a_change_needs_new_trust(
    folder: Path, env: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(PrerequisiteError, match="is not trusted") as caught:
        api.selftest_operators(1, folder, env)
    assert f"milo-bench operator trust {folder}" in caught.value.hint
    api.trust_tasks(folder, env)
    assert api.selftest_operators(1, folder, env).faults == ()
    (folder / "tools.py").write_text((folder / "tools.py").read_text() + "# changed\n")
    with pytest.raises(PrerequisiteError, match="has changed since you trusted it"):
        api.selftest_operators(1, folder, env)
    api.trust_tasks(folder, env, remove=True)
    with pytest.raises(PrerequisiteError, match="is not trusted"):
        api.selftest_operators(1, folder, env)


def test_a_model_plays_own_tasks_and_the_log_alone_is_enough_afterwards(
    folder: Path, env: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "script.yaml"
    refusal = '{"tool": "finish", "arguments": {"status": "refused", "claims": []}}'
    script.write_text("reply:\n  text: |\n    ```json\n    " + refusal + "\n    ```\n")
    options = api.OperatorOptions(
        models=("scripted",),
        out=tmp_path / "badges.jsonl",
        protocol="fenced",
        own_tasks=folder,
        trust_tasks=True,
        targets={"scripted": TargetConfig(name="scripted", api="fake", model="fake", script=str(script))},
    )
    finished = api.run_operators(options, env)
    assert finished.end.complete
    assert finished.done == 2
    header = read_run_log(finished.path).header
    assert (header.suite.name, header.suite.hash) == ("tasks:badge_tasks", read_task_folder(folder).digest)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    known._OWN.clear()
    board = api.report_operators([finished.path], tmp_path / "board", today=date(2026, 3, 5))
    assert any("A report names a badge" in path.read_text() for path in board if path.suffix == ".html")
    decision = api.decide_logs(api.DecideOptions(logs=finished.path), created_at="2026-03-05T12:00:00Z")
    (permit,) = decision.permits
    assert {kind.level for kind in permit.kinds} == {"none"}
    assert f"--own-tasks {folder}" in decision.logs[0].command


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (("def start(self", "def start(self,,"), ConfigError, r"lost_badge.py line \d+: not valid Python"),
        (("TASKS.add(LostBadge.name", "print(LostBadge.name"), DataError, "no file adds a task"),
        (
            ("number = 1", "number = 1 / 0"),
            DataError,
            r"ZeroDivisionError: division by zero \(lost_badge.py line \d+\)",
        ),
        (('group = "stale source of truth"', 'group = "mine"'), DataError, "describes itself wrongly"),
        (('name = "lost_badge"', 'name = "reply_lost"'), DataError, "needs a name of its own"),
        (("from .tools", "import os; os._exit(3)\nfrom .tools"), DataError, r"the sandbox ended \(exited\)"),
        (("from .tools", "while True: pass\nfrom .tools"), DataError, r"the sandbox ended \(wall_time\)"),
    ],
)
def test_tasks_that_cannot_be_used_say_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], error: type[Exception], said: str
) -> None:
    from milo_bench.operator.own import tasks
    from milo_bench.sandbox import SandboxLimits

    monkeypatch.setattr(tasks, "_LIMITS", SandboxLimits(wall_s=5.0))
    task = folder / "lost_badge.py"
    task.write_text(task.read_text().replace(*change))
    with pytest.raises(error, match=said):
        read_own_tasks(read_task_folder(folder))


def test_a_folder_without_tasks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder of operator tasks"):
        read_task_folder(tmp_path / "none")
    with pytest.raises(UsageError, match=r"no \.py file"):
        read_task_folder(tmp_path)
    (tmp_path / "outside.py").write_text("")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "task.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(DataError, match="link out of its folder"):
        read_task_folder(inner)
