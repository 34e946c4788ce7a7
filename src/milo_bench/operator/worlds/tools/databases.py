"""Migrations and counts of a database."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, ToolFailure, World, tool

GROUP = "databases"


class DatabaseTable(ToolArguments, frozen=True):
    table: ShortText


class Migration(ToolArguments, frozen=True):
    migration: ShortText


class Copy(ToolArguments, frozen=True):
    migration: ShortText
    rows: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(max_length=500)]


@tool(GROUP, DatabaseTable, "Count the rows of a table.", cost_s=10)
def table_count(world: World, arguments: DatabaseTable) -> Seen:
    rows = world.entry("tables", arguments.table, noun="table")["rows"]
    return Seen({"table": arguments.table, "rows": len(rows)}, (f"table:{arguments.table}",))


@tool(GROUP, Migration, "Run a migration: copies the rows of one table into another.", cost_s=120, writes=True)
def migration_run(world: World, arguments: Migration) -> Seen:
    found = world.entry("migrations", arguments.migration, noun="migration")
    target = world.entry("tables", found["target"], noun="table")
    if found["ran"]:
        raise ToolFailure("already_ran", f"The migration '{arguments.migration}' has run; it cannot run twice.")
    found["ran"] = True
    source = world.entry("tables", found["source"], noun="table")
    skipped = set(found["skips"])
    target["rows"] = [row for row in source["rows"] if row not in skipped]
    world.wrote(f"table:{found['target']}", len(target["rows"]))
    return Seen({"migration": arguments.migration, "exit_code": 0, "message": "migration complete"})


@tool(GROUP, Migration, "Compare source and target of a migration; lists rows that the target lacks.", cost_s=30)
def migration_compare(world: World, arguments: Migration) -> Seen:
    found = world.entry("migrations", arguments.migration, noun="migration")
    source = world.entry("tables", found["source"], noun="table")["rows"]
    target = world.entry("tables", found["target"], noun="table")["rows"]
    missing = [row for row in source if row not in set(target)]
    subjects = (f"table:{found['source']}", f"table:{found['target']}")
    return Seen({"migration": arguments.migration, "missing_rows": missing}, subjects)


@tool(GROUP, Copy, "Copy single rows of a migration into its target.", cost_s=15, writes=True)
def migration_copy(world: World, arguments: Copy) -> Seen:
    found = world.entry("migrations", arguments.migration, noun="migration")
    source = world.entry("tables", found["source"], noun="table")["rows"]
    target = world.entry("tables", found["target"], noun="table")
    unknown = [row for row in arguments.rows if row not in set(source)]
    if unknown:
        raise ToolFailure("not_found", f"The source has no row {unknown[0]}.")
    target["rows"] = [*target["rows"], *arguments.rows]
    world.wrote(f"table:{found['target']}", arguments.rows)
    return Seen({"migration": arguments.migration, "copied": len(arguments.rows)})
