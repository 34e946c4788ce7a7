"""Backup jobs, the backups that they leave, and probes that restore one."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "backups"


class Database(ToolArguments, frozen=True):
    database: ShortText


class Backup(ToolArguments, frozen=True):
    backup: ShortText


@tool(GROUP, Database, "Show the last backup job of a database, as the job reported itself.")
def backup_job(world: World, arguments: Database) -> Seen:
    found = world.entry("backup_jobs", arguments.database, noun="backup job for database")
    return Seen({"database": arguments.database, **found}, (f"backups:{arguments.database}",))


@tool(GROUP, Database, "Run a backup of a database now.", cost_s=300, writes=True)
def backup_run(world: World, arguments: Database) -> Seen:
    found = world.entry("backup_jobs", arguments.database, noun="backup job for database")
    runs = found.setdefault("runs", 0) + 1
    name = f"{arguments.database}-manual-{runs}"
    found |= {"runs": runs, "last_backup": name, "status": "ok"}
    world.section("backups")[name] = dict(world.entry("next_backups", arguments.database, noun="backup"))
    world.wrote(f"backups:{arguments.database}", name)
    return Seen({"database": arguments.database, "backup": name, "status": "ok"})


@tool(
    GROUP,
    Backup,
    "Restore a backup into a scratch place and count what came back; production is not touched.",
    cost_s=200,
)
def restore_probe(world: World, arguments: Backup) -> Seen:
    found = world.entry("backups", arguments.backup, noun="backup")
    return Seen({"backup": arguments.backup, **found}, (f"backups:{found['database']}",))
