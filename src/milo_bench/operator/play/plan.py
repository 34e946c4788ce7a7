"""Tasks and limits in, the plan, fixtures, workload and reference of an operator run out; what stands in its header."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.hashing import sha256_bytes, sha256_data, sha256_text
from milo_bench.core.records import AttemptKey, Fixture, Plan, SuiteRef, Workload
from milo_bench.operator.own.described import DescribedTask
from milo_bench.operator.play.choice import ProtocolWish
from milo_bench.operator.play.episode import EpisodeLimits
from milo_bench.operator.play.prompt import FENCED_RULES, PROMPT_NAME, RULES
from milo_bench.operator.worlds.records import SUITE, WORKLOAD, Form
from milo_bench.operator.worlds.session import BENCH_VERSION
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import CORE, all_tasks, describe_tasks, find_task


def choose_tasks(subset: str, names: Sequence[str] = (), own: Sequence[Task] = ()) -> tuple[Task, ...]:
    """The tasks called ``names``, else those of ``subset`` (core or all), by number. Raises UsageError.

    With tasks of the user's ``own`` it chooses among those alone.
    """
    if own:
        wanted = {find_task(name).name for name in names}
        return tuple(task for task in own if not wanted or task.name in wanted)
    if names:
        chosen = {find_task(name).name for name in names}
    elif subset == "core":
        chosen = set(CORE)
    elif subset == "all":
        chosen = {task.name for task in all_tasks()}
    else:
        message = f"Unknown subset '{subset}'."
        raise UsageError(message, hint="Valid subsets are: core, all.")
    return tuple(task for task in all_tasks() if task.name in chosen)


def fixture_of(task: Task, form: Form) -> Fixture:
    """What a log carries of a task; the world itself comes from the task's name and the seed."""
    data = {"task": task.name, "variant": form, "number": task.number, "title": task.title, "group": task.group}
    return Fixture(
        id=f"{task.name}.{form}",
        workload=WORKLOAD,
        input=data,
        tags=(task.group, *(("customer-facing",) if task.customer_facing else ())),
        hash=sha256_data([WORKLOAD, data, _source(task)]),
    )


def fixtures_of(tasks: Sequence[Task]) -> tuple[Fixture, ...]:
    """Each task's forms, the clean twin after the trap."""
    return tuple(fixture_of(task, form) for task in tasks for form in task.forms)


def split_id(fixture: str) -> tuple[Task, Form]:
    """``TASK.FORM`` again. Raises UsageError for what is no task."""
    name, _, form = fixture.rpartition(".")
    return find_task(name), "clean" if form == "clean" else "trap"


def operator_plan(
    tasks: Sequence[Task], targets: Sequence[str], *, repeats: int, seed: int, limits: EpisodeLimits
) -> Plan:
    return Plan(
        fixtures=tuple(fixture.id for fixture in fixtures_of(tasks)),
        targets=tuple(targets),
        repeats=repeats,
        seed=seed,
        timeouts=limits.timeouts,
    )


def plan_episodes(plan: Plan) -> tuple[AttemptKey, ...]:
    """Every episode in the order of play: by repeat, then target, so that a first whole look comes first."""
    return tuple(
        AttemptKey(fixture=fixture, target=target, repeat=repeat)
        for repeat in range(plan.repeats)
        for target in plan.targets
        for fixture in plan.fixtures
    )


def operator_workload(limits: EpisodeLimits, wish: ProtocolWish) -> Workload:
    """The contract: what a model is told, and what it may use. Another limit is another run."""
    source = f"{RULES}\n\n{FENCED_RULES}"
    return Workload(
        name=WORKLOAD,
        title="Proof-gated operator work",
        prompt_name=PROMPT_NAME,
        prompt_source=source,
        prompt_hash=sha256_text(source),
        checks=(),
        max_tokens=limits.max_tokens,
        temperature=limits.temperature,
        resources={
            "protocol": wish,
            "turn_limit": limits.turns,
            "wall_limit_s": limits.wall_s,
            "unread_in_a_row": limits.unread,
            "retries": limits.retries,
        },
    )


@cache
def operator_suite() -> SuiteRef:
    """The bench as a suite; its hash covers the version, what the tasks and tools say, and the source of every task."""
    sources = {task.name: _source(task) for task in all_tasks()}
    described = msgspec.json.encode(describe_tasks()).decode("utf-8")
    return SuiteRef(SUITE, str(BENCH_VERSION), sha256_data([BENCH_VERSION, described, sources]))


def _source(task: Task) -> str:
    """Hash of the file that a task is written in; where a build ships no sources, of its name."""
    if isinstance(task, DescribedTask):
        return task.digest
    package, _, name = type(task).__module__.rpartition(".")
    try:
        data = pkgutil.get_data(package, f"{name}.py")
    except OSError:
        data = None
    return sha256_bytes(data if data is not None else type(task).__module__.encode())
