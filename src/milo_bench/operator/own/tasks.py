"""A folder of a user's own tasks in; the same tasks with their code in the sandbox, proven and played, out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import SuiteRef
from milo_bench.operator.own.described import DescribedTask, TaskDescription
from milo_bench.operator.own.folder import TaskFolder
from milo_bench.operator.worlds.grade import Score
from milo_bench.operator.worlds.records import Form, LogLine, ToolReply
from milo_bench.operator.worlds.selftest import Selftest
from milo_bench.operator.worlds.session import BENCH_VERSION
from milo_bench.operator.worlds.task import OpenSession, Task
from milo_bench.sandbox import SandboxEnded, SandboxLimits, SandboxSession, python_command

_INSIDE: Final = Path(__file__).with_name("inside.py")
_LIMITS: Final = SandboxLimits(wall_s=300.0, memory_bytes=1 << 30, output_bytes=64 << 20, scratch_bytes=64 << 20)
_PROVED: Final = SandboxLimits(wall_s=3_600.0, memory_bytes=1 << 30, output_bytes=64 << 20, scratch_bytes=64 << 20)


class SandboxedTask(DescribedTask):
    """A task of the user's own whose code runs in the sandbox."""

    def __init__(self, folder: TaskFolder, described: TaskDescription) -> None:
        super().__init__(described, folder.digest)
        self.folder = folder

    def open_session(self, seed: int, form: Form, secret: str | None = None) -> AbstractContextManager[OpenSession]:
        return _open_session(self, seed, form, secret)


@dataclass(frozen=True)
class OwnTasks:
    """The tasks of one folder, by number."""

    folder: TaskFolder
    tasks: tuple[SandboxedTask, ...]

    @property
    def suite(self) -> SuiteRef:
        """As a log names them: the folder's name, with the digest of its code."""
        return SuiteRef(f"tasks:{self.folder.name}", str(BENCH_VERSION), self.folder.digest)


def read_own_tasks(folder: TaskFolder) -> OwnTasks:
    """What tasks a folder has. Raises DataError where its code breaks, PrerequisiteError without a sandbox."""
    with _program(folder, _LIMITS) as program:
        said = program.ask("describe")
    try:
        described = msgspec.convert(said, tuple[TaskDescription, ...])
    except msgspec.ValidationError as error:
        raise _broken(folder, f"a task describes itself wrongly: {error}") from None
    return OwnTasks(folder, tuple(SandboxedTask(folder, one) for one in described))


def prove(folder: TaskFolder, seeds: int) -> Selftest:
    """The selftest of the built-in tasks, on those of ``folder``, in the sandbox."""
    with _program(folder, _PROVED) as program:
        said = program.ask("selftest", seeds=seeds)
    try:
        return msgspec.convert(said, Selftest)
    except msgspec.ValidationError as error:
        raise _broken(folder, f"its selftest cannot be read: {error}") from None


@dataclass(frozen=True)
class _ShownTool:
    """A tool as an operator sees it."""

    name: str
    group: str
    description: str
    given_schema: dict[str, Any]

    def schema(self) -> dict[str, Any]:
        return self.given_schema


class SandboxedSession:
    """One episode whose world is in the sandbox; to whoever plays it, a session like any other."""

    def __init__(
        self, task: SandboxedTask, seed: int, form: Form, program: _Program, secret: str | None = None
    ) -> None:
        self.task: Task = task
        self.seed = seed
        self.form: Form = form
        self._program = program
        self._log: list[LogLine] = []
        started = program.ask("start", task=task.name, seed=seed, form=form, secret=secret)
        self.brief: str = str(started["brief"])
        shown = (_ShownTool(one["name"], one["group"], one["description"], one["schema"]) for one in started["tools"])
        self.tools: Mapping[str, Any] = {tool.name: tool for tool in shown}
        self._take(started)

    @property
    def log(self) -> Sequence[LogLine]:
        return tuple(self._log)

    @property
    def finish(self) -> object | None:
        return self._program if self._finished else None

    @property
    def over(self) -> bool:
        return self._over

    @property
    def visible(self) -> Sized:
        return range(self._visible)

    def call(self, tool: str, arguments: str | bytes | Mapping[str, Any]) -> ToolReply:
        said = self._program.ask("call", tool=tool, arguments=_text(arguments))
        self._take(said)
        reply: ToolReply = msgspec.convert(said["reply"], ToolReply)
        return reply

    def score(self) -> Score:
        return msgspec.convert(self._program.ask("score"), Score)

    def _take(self, said: Mapping[str, Any]) -> None:
        self._over, self._finished = bool(said["over"]), bool(said["finished"])
        self._visible = int(said["visible"])
        self._log += [msgspec.convert(line, LogLine) for line in said["log"]]


@contextmanager
def _open_session(task: SandboxedTask, seed: int, form: Form, secret: str | None) -> Iterator[SandboxedSession]:
    with _program(task.folder, _LIMITS) as program:
        yield SandboxedSession(task, seed, form, program, secret)


class _Program:
    """Questions to the program in the sandbox; its errors as ours."""

    def __init__(self, folder: TaskFolder, session: SandboxSession) -> None:
        self._folder = folder
        self._session = session

    def ask(self, do: str, **question: Any) -> Any:
        try:
            answer = msgspec.json.decode(self._session.ask(_line({"do": do, **question})))
        except SandboxEnded as error:
            raise _broken(self._folder, f"the sandbox ended ({error.ending})") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _broken(self._folder, f"an answer cannot be read ({error})") from None
        if "said" not in answer:
            raise _broken(self._folder, str(answer.get("broken", "no answer"))[:1_000])
        return answer["said"]


@contextmanager
def _program(folder: TaskFolder, limits: SandboxLimits) -> Iterator[_Program]:
    files = {"inside.py": _INSIDE.read_bytes(), "own_tasks/__init__.py": b""}
    files |= {f"own_tasks/{name}": text.encode() for name, text in folder.files.items()}
    package = next(folder for folder in _INSIDE.parents if folder.name == "milo_bench")
    with SandboxSession(python_command("inside.py", files=files, limits=limits, packages=(package,))) as session:
        yield _Program(folder, session)


def _line(question: Mapping[str, Any]) -> bytes:
    return json.dumps(question).encode()  # a model may write half a character, which only this escapes


def _text(arguments: str | bytes | Mapping[str, Any]) -> str:
    if isinstance(arguments, bytes):
        return arguments.decode("utf-8", "replace")
    return arguments if isinstance(arguments, str) else msgspec.json.encode(dict(arguments)).decode()


def _broken(folder: TaskFolder, why: str) -> DataError:
    message = f"The operator tasks in {folder.path} cannot be used: {why}."
    return DataError(message, hint=f"milo-bench operator selftest --own-tasks {folder.path} shows whether they work.")
