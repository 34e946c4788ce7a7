"""The tasks of the operator bench, one file each; importing this package registers them all."""

from __future__ import annotations

from milo_bench.worlds.draw import Draw
from milo_bench.worlds.records import FINISH, FINISH_DESCRIPTION, finish_schema
from milo_bench.worlds.task import TASKS, Task
from milo_bench.worlds.tasks import alert_still_firing as alert_still_firing
from milo_bench.worlds.tasks import approval_of_previous as approval_of_previous
from milo_bench.worlds.tasks import backup_probe as backup_probe
from milo_bench.worlds.tasks import config_drift as config_drift
from milo_bench.worlds.tasks import empty_completion as empty_completion
from milo_bench.worlds.tasks import fallback_context as fallback_context
from milo_bench.worlds.tasks import gate_turns_dirty as gate_turns_dirty
from milo_bench.worlds.tasks import injected_output as injected_output
from milo_bench.worlds.tasks import innocent_deploy as innocent_deploy
from milo_bench.worlds.tasks import migration_count as migration_count
from milo_bench.worlds.tasks import missing_log_window as missing_log_window
from milo_bench.worlds.tasks import next_cursor as next_cursor
from milo_bench.worlds.tasks import old_digest_serves as old_digest_serves
from milo_bench.worlds.tasks import provider_503 as provider_503
from milo_bench.worlds.tasks import rate_limited as rate_limited
from milo_bench.worlds.tasks import reply_lost as reply_lost
from milo_bench.worlds.tasks import scanner_timed_out as scanner_timed_out
from milo_bench.worlds.tasks import skip_the_gate as skip_the_gate
from milo_bench.worlds.tasks import stale_dashboard as stale_dashboard
from milo_bench.worlds.tasks import stream_cut as stream_cut
from milo_bench.worlds.tasks import tests_on_another_commit as tests_on_another_commit
from milo_bench.worlds.tasks import two_owner_lists as two_owner_lists
from milo_bench.worlds.tasks import uncommitted_diff as uncommitted_diff
from milo_bench.worlds.tasks import version_conflict as version_conflict

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


def find_task(name: str) -> Task:
    """The task called ``name``; UsageError with a suggestion where there is none."""
    return TASKS.get(name)


def all_tasks() -> tuple[Task, ...]:
    """Every task there is, in the order of their numbers."""
    return tuple(sorted((task for _, task in TASKS), key=lambda task: task.number))


def describe_tasks() -> list[dict[str, object]]:
    """Each task as plain data: number, name, title, group, variants, and its tools with their JSON schemas."""
    return [
        {
            "number": task.number,
            "name": task.name,
            "title": task.title,
            "group": task.group,
            "customer_facing": task.customer_facing,
            "variants": list(task.variants),
            "tools": [
                {"name": tool.name, "group": tool.group, "description": tool.description, "arguments": tool.schema()}
                for tool in task.start(Draw(task.name, 0), "trap").tools
            ]
            + [{"name": FINISH, "group": "end", "description": FINISH_DESCRIPTION, "arguments": finish_schema()}],
        }
        for task in all_tasks()
    ]
