"""A folder, a state database and who is let in in, the board's parts out: what every view works with."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from milo_bench.board.index.catalog import BoardLog, Catalog
from milo_bench.board.index.opening import Opener
from milo_bench.board.index.search import Search
from milo_bench.board.server.people import BoardAccess
from milo_bench.store.state.queue import count_open


@dataclass
class BoardParts:
    """One board. ``hosts`` are the names that it answers to, ``cookie`` the name of its session."""

    folder: Path
    engine: Engine
    access: BoardAccess
    hosts: frozenset[str]
    cookie: str
    is_secure: bool = False
    catalog: Catalog = field(init=False)
    search: Search = field(init=False)
    opener: Opener = field(init=False)

    def __post_init__(self) -> None:
        self.search = Search()
        self.catalog = Catalog(self.folder)
        self.opener = Opener(self.search)

    def start(self) -> None:
        self.catalog.start()

    def close(self) -> None:
        self.catalog.close()

    def log(self, id: str) -> BoardLog | None:
        """The log with that address; what a run wrote since is read first."""
        log = self.catalog.find(id)
        if log is not None and log.is_behind and log.is_live(time.time()) and log.indexer is not None:
            log.refresh()
        return log

    def open_counts(self) -> dict[str, int]:
        """What waits for a person, by section."""
        return {"gateway": count_open(self.engine)[0]}
