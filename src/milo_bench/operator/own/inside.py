"""Questions about a user's own tasks as lines of JSON in, answers as lines out: the program that runs in the sandbox.

``describe`` tells what the tasks are, ``selftest`` proves them as it proves the built-in ones, ``start`` begins an
episode of one, and ``call`` and ``score`` belong to that episode. An answer is
``{"said": …}``, or ``{"broken": …}`` where the tasks' own code raised.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.modules import modules_of
from milo_bench.operator.worlds.grade import grade
from milo_bench.operator.worlds.selftest import selftest
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import TASKS, Task

MARK: Final = "/.sandbox"  # a file that only the sandbox has
PACKAGE: Final = "own_tasks"


def main() -> None:
    if not Path(MARK).exists():
        sys.exit("This program runs the code of others, so it runs in the sandbox only.")
    answers = open(os.dup(1), "wb", buffering=0)  # noqa: SIM115, PTH123  open as long as the program is
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)  # what a task prints goes nowhere: standard output is for answers alone
    bench = _Bench()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"said": getattr(bench, f"do_{question.pop('do')}")(**question)}
        except BaseException:
            answer = {"broken": _told()}
        answers.write(msgspec.json.encode(answer) + b"\n")


class _Bench:
    """What can be asked for, a method each."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] | None = None
        self._session: Session | None = None
        self._told = 0

    def do_describe(self) -> list[dict[str, Any]]:
        return [
            {
                "number": task.number,
                "name": task.name,
                "title": task.title,
                "group": task.group,
                "twins": task.twins,
                "customer_facing": task.customer_facing,
                "ceilings": dict(task.ceilings),
            }
            for task in self._all()
        ]

    def do_selftest(self, seeds: int) -> Any:
        return msgspec.to_builtins(selftest(self._all(), range(seeds)))

    def do_start(self, task: str, seed: int, form: str, secret: str | None = None) -> dict[str, Any]:
        found = next(one for one in self._all() if one.name == task)
        self._session = Session(found, seed, "clean" if form == "clean" else "trap", secret=secret)
        tools = [
            {"name": tool.name, "group": tool.group, "description": tool.description, "schema": tool.schema()}
            for tool in self._session.tools.values()
        ]
        return {"brief": self._session.brief, "tools": tools, **self._state()}

    def do_call(self, tool: str, arguments: str) -> dict[str, Any]:
        session = self._opened()
        reply = session.call(tool, arguments)
        return {"reply": msgspec.to_builtins(reply), **self._state()}

    def do_score(self) -> Any:
        return msgspec.to_builtins(grade(self._opened()))

    def _state(self) -> dict[str, Any]:
        """What an operator's side has to know after each call; of the log only the lines that are new."""
        session = self._opened()
        new, self._told = session.log[self._told :], len(session.log)
        return {
            "over": session.over,
            "finished": session.finish is not None,
            "visible": len(session.visible),
            "log": [msgspec.to_builtins(line) for line in new],
        }

    def _opened(self) -> Session:
        assert self._session is not None
        return self._session

    def _all(self) -> list[Task]:
        """The tasks that the folder's files add to TASKS, by number."""
        if self._tasks is None:
            built_in = set(modules_of(TASKS.package))
            package = importlib.import_module(PACKAGE)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{PACKAGE}.{module.name}")
            mine = {name: task for name, task in TASKS.added() if type(task).__module__.startswith(f"{PACKAGE}.")}
            for name, task in mine.items():
                if name in built_in or task.name != name:
                    raise ValueError(
                        f"the task '{name}' needs a name of its own, the same in TASKS.add and in the class"
                    )
            if not mine:
                raise ValueError("no file adds a task. End one with TASKS.add(MyTask.name, MyTask())")
            self._tasks = mine
        return sorted(self._tasks.values(), key=lambda task: task.number)


def _told() -> str:
    """The error, with the last line of the tasks' own files that led to it."""
    kind, error, trace = sys.exc_info()
    assert kind is not None
    own = [entry for entry in traceback.extract_tb(trace) if f"/{PACKAGE}/" in entry.filename]
    where = f" ({Path(own[-1].filename).name} line {own[-1].lineno})" if own else ""
    return f"{kind.__name__}: {error}{where}"[:2_000]


if __name__ == "__main__":
    main()
