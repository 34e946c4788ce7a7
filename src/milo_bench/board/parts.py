"""A folder, a state database and who is let in in, the board's parts out: what every view works with."""

from __future__ import annotations

import shlex
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from milo_bench.board.gates.size import MOST_BYTES
from milo_bench.board.index.catalog import BoardLog, Catalog
from milo_bench.board.index.opening import Opener
from milo_bench.board.index.search import Search
from milo_bench.board.server.people import BoardAccess
from milo_bench.core.errors import MiloError
from milo_bench.store.state import Engine
from milo_bench.store.state.incidents import count_open_incidents
from milo_bench.store.state.queue import count_open
from milo_bench.store.state.review import list_batches

if TYPE_CHECKING:
    from milo_bench.board.gates.baseline import SeenLogs
    from milo_bench.board.gates.look import GateWatch
    from milo_bench.board.packages.finding import Packages

RoleChange: TypeAlias = Callable[[Path], str]  # a registry in, what was changed in a sentence out
_MOST_WATCHED: Final = 8


@dataclass(frozen=True)
class _Watched:
    """The gates of a run that somebody looks at, where they are from, and what is missing for them."""

    watch: GateWatch
    source: str
    note: str
    baseline: SeenLogs


@dataclass
class BoardParts:
    """One board. ``hosts`` are the names that it answers to, ``cookie`` the name of its session."""

    folder: Path
    engine: Engine
    access: BoardAccess
    hosts: frozenset[str]
    cookie: str
    is_secure: bool = False
    suites: tuple[Path, ...] = ()  # folders that take new fixtures
    promote: RoleChange | None = None  # apply the last look at a registry, take the last promotion back
    roll_back: RoleChange | None = None
    gateway: str = ""  # host and port of a gateway's admin pages, on this machine
    catalog: Catalog = field(init=False)
    search: Search = field(init=False)
    opener: Opener = field(init=False)
    _gates: OrderedDict[str, _Watched] = field(default_factory=OrderedDict)
    _gates_lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.search = Search()
        self.catalog = Catalog(self.folder)
        self.opener = Opener(self.search)

    @cached_property
    def packages(self) -> Packages:
        from milo_bench.board.packages.finding import Packages

        return Packages(self.folder)

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

    def gates(self, log: BoardLog) -> dict[str, Any]:
        """The gates of a run as they are now; ``problem`` says why there are none."""
        if log.size > MOST_BYTES:
            return {
                "problem": "This run is too large for the board's gates. To judge them:",
                "command": f"milo-bench decide {shlex.quote(log.name)}",
            }
        try:
            return self._judged_gates(log)
        except (MiloError, OSError) as error:
            why = error.message if isinstance(error, MiloError) else f"{error.strerror or type(error).__name__}."
            return {"problem": f"The gates of this run cannot be judged: {why}"}

    def _judged_gates(self, log: BoardLog) -> dict[str, Any]:
        # Judging brings the statistics along, which a list of runs does not need.
        from milo_bench.board.gates.baseline import find_baseline, logs_of, seen_of
        from milo_bench.board.gates.look import GateWatch, gates_data
        from milo_bench.board.gates.policy import policy_of

        header = self.opener.header(log)
        recorded = header.plan.stopping.beside if header.plan.stopping is not None else None
        others = logs_of(recorded, self.catalog.logs()) if recorded is not None else []
        with self._gates_lock:
            watched, seen = self._gates.get(log.id), seen_of(others)
            if watched is None or watched.baseline != seen or not watched.watch.is_of_its_log():
                policy, source = policy_of(log.path, self.folder, header)
                if policy is None:
                    return {"problem": source} if source else _no_policy(header.suite.name)
                beside, note = find_baseline(recorded, others) if recorded is not None else (None, "")
                watched = _Watched(GateWatch(log.path, policy, beside), source, note, seen)
                self._gates[log.id] = watched
                while len(self._gates) > _MOST_WATCHED:
                    self._gates.popitem(last=False)
            self._gates.move_to_end(log.id)
            watched.watch.advance()
            live = log.is_live(time.time())
            every = live or header.plan.stopping is not None
            rows = watched.watch.rows(at_every_look=every, is_over=not live)
            return gates_data(rows, watched.source, watched.note, live=live, every=every)

    def open_counts(self, person: str) -> dict[str, int]:
        """What waits for a person, by section."""
        batches = list_batches(self.engine)
        if batches:
            from milo_bench.board.review.export import standing_of

            waiting = sum(len(standing_of(self.engine, batch.id).queue(person)) for batch in batches)
        else:
            waiting = 0
        return {"gateway": count_open(self.engine)[0] + count_open_incidents(self.engine), "review": waiting}


def _no_policy(suite: str) -> dict[str, Any]:
    return {
        "problem": "There is no policy for this suite. To write one:",
        "command": f"milo-bench policy new {shlex.quote(suite)}",
    }
