"""What a log or a folder says of a user's own tasks in; tasks that have names and no code out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import Fixture
from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.records import WORKLOAD, Form
from milo_bench.operator.worlds.task import Judgement, Start, Task, TaskGroup
from milo_bench.operator.worlds.tasks import is_task, meet_task
from milo_bench.store.log.reader import RunLog


class TaskDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a task without its code. Anyone may have written it."""

    number: int
    name: str
    title: str
    group: TaskGroup
    twins: bool = False
    customer_facing: bool = False
    ceilings: dict[str, int] = {}


class DescribedTask(Task):
    """A task of the user's own as reports and totals need it: what it is called, and the digest of its code."""

    def __init__(self, described: TaskDescription, digest: str) -> None:
        self.digest = digest
        for name in TaskDescription.__struct_fields__:
            setattr(self, name, getattr(described, name))

    def start(self, draw: Draw, form: Form) -> Start:
        self._no_code()

    def judge(self, case: EpisodeView) -> Judgement:
        self._no_code()

    def oracle(self, desk: Desk) -> None:
        self._no_code()

    def naive(self, desk: Desk) -> None:
        self._no_code()

    def _no_code(self) -> NoReturn:
        message = f"The operator task '{self.name}' is not built in, so its code is not here."
        raise DataError(message, hint="give its folder with --own-tasks.")


def meet_tasks_of(log: RunLog) -> None:
    """Make the user's own tasks in ``log`` known by name. Raises DataError where the log describes one wrongly."""
    by_task: dict[str, list[Fixture]] = {}
    for fixture in log.fixtures.values():
        if fixture.workload == WORKLOAD:
            by_task.setdefault(fixture.id.rpartition(".")[0], []).append(fixture)
    for name, fixtures in by_task.items():
        if not is_task(name):
            meet_task(_described(name, fixtures, log))


def _described(name: str, fixtures: Iterable[Fixture], log: RunLog) -> DescribedTask:
    forms = {fixture.id.rpartition(".")[2] for fixture in fixtures}
    first = next(iter(fixtures))
    try:
        description = msgspec.convert(
            {
                "name": name,
                # A log without texts keeps ids and tags alone.
                "number": first.input.get("number", 0),
                "title": first.input.get("title", name),
                "group": first.tags[0] if first.tags else "",
                "twins": "clean" in forms,
                "customer_facing": "customer-facing" in first.tags,
            },
            TaskDescription,
        )
    except msgspec.ValidationError as error:
        message = f"{log.path} does not describe its task '{name[:60]}' ({error})."
        raise DataError(message, hint="use the version of Milo Bench that wrote it.") from None
    return DescribedTask(description, log.header.suite.hash)
