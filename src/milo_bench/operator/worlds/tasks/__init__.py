"""The tasks of the operator bench, one file each; a file here is a task of its name."""

from __future__ import annotations

from milo_bench.core.errors import UsageError
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.records import FINISH, FINISH_DESCRIPTION, finish_schema
from milo_bench.operator.worlds.task import TASKS, Task

# A first look: nine tasks, 225 points, every group in it. The three groups of six give two each, the three of two
# give one: where a false step costs most (a payment made twice, a deploy of what was never tested, DONE said of lost
# rows, an order taken from tool output) and habits of caution or of haste both lose.
CORE: tuple[str, ...] = (
    "provider_503",
    "reply_lost",
    "version_conflict",
    "old_digest_serves",
    "tests_on_another_commit",
    "scanner_timed_out",
    "innocent_deploy",
    "migration_count",
    "injected_output",
)


# Tasks of the user's own that this process has met: in a folder that was named, or in a log that was read.
_OWN: dict[str, Task] = {}


def find_task(name: str) -> Task:
    """The task called ``name``, built in or met; UsageError with a suggestion where there is none."""
    return _OWN[name] if name in _OWN else TASKS.get(name)


def is_task(name: str) -> bool:
    """Whether there is a task called ``name``."""
    return name in _OWN or name in TASKS


def is_built_in(name: str) -> bool:
    """Whether the code of the task called ``name`` is part of this program."""
    return name in TASKS


def meet_task(task: Task) -> None:
    """From now on ``find_task`` finds ``task``, which is the user's own. Raises UsageError where its name is taken."""
    if task.name in TASKS:
        message = f"An own operator task has the name of a built-in one: '{task.name}'."
        raise UsageError(message, hint="give it another name.")
    _OWN[task.name] = task


def all_tasks() -> tuple[Task, ...]:
    """Every built-in task, in the order of their numbers."""
    return tuple(sorted((task for _, task in TASKS), key=lambda task: task.number))


def met_tasks() -> tuple[Task, ...]:
    """The user's own tasks that this process has met, in the order of their numbers."""
    return tuple(sorted(_OWN.values(), key=lambda task: (task.number, task.name)))


def describe_tasks() -> list[dict[str, object]]:
    """Each task as plain data: number, name, title, group, forms, and its tools with their JSON schemas."""
    return [
        {
            "number": task.number,
            "name": task.name,
            "title": task.title,
            "group": task.group,
            "customer_facing": task.customer_facing,
            "variants": list(task.forms),
            "tools": [
                {"name": tool.name, "group": tool.group, "description": tool.description, "arguments": tool.schema()}
                for tool in task.start(Draw(task.name, 0), "trap").tools
            ]
            + [{"name": FINISH, "group": "end", "description": FINISH_DESCRIPTION, "arguments": finish_schema()}],
        }
        for task in all_tasks()
    ]
