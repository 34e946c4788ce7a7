"""Options of ``milo-bench serve`` in; the routing table that they name, and the flags that are on, out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from milo_bench.config.routing.flags import load_flags
from milo_bench.config.settings import Settings
from milo_bench.core.files import stamp_of
from milo_bench.gateway.memory import give_back_memory
from milo_bench.gateway.table import RoutingTable, load_table

FileStamps: TypeAlias = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says. Port 0 takes a free one; ``shadow`` names the target that answers in shadow.

    ``alarms`` None is the alarms.yaml beside the routing table, where there is one.
    """

    routing: Path
    audit: Path
    state: str
    host: str = "127.0.0.1"
    port: int = 8700
    admin_port: int = 8702
    suites: tuple[str, ...] = ()
    head: Path | None = None
    shadow: str | None = None
    alarms: Path | None = None
    registry: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True)
class LoadedTable:
    """A routing table, its flags that are on, and the stamps of the files before they were read."""

    table: RoutingTable
    flags: frozenset[str]
    stamps: FileStamps

    def is_current(self, options: ServeOptions) -> bool:
        """Whether no file has changed since the first of them was read."""
        return file_stamps(options, self.table.file.flags_file) == self.stamps


def load_serving(options: ServeOptions, settings: Settings) -> LoadedTable:
    """The table as its files are now. Raises ConfigError where it cannot be served."""
    before = file_stamps(options, "")
    table = load_table(options.routing, settings, (*options.suites, *settings.gateway.suites), options.registry)
    name = table.file.flags_file
    stamps = (*before, *file_stamps(options, name)[len(before) :])
    flags = _flags(table, options.routing)
    give_back_memory()
    return LoadedTable(table, flags, stamps)


def file_stamps(options: ServeOptions, flags_file: str) -> FileStamps:
    """Time, size and number of each file that a table is made of; they follow links."""
    registry = [options.registry] if options.registry is not None else []
    paths = [options.routing, *registry, *([options.routing.parent / flags_file] if flags_file else [])]
    return tuple(stamp_of(path) for path in paths)


def _flags(table: RoutingTable, routing: Path) -> frozenset[str]:
    """The flags that are on; every flag is off where the file that names them is missing."""
    file = routing.parent / table.file.flags_file
    if not table.file.flags_file or not file.exists():
        return frozenset()
    return load_flags(file, known=table.file.flags).on
