"""A run's rule and the board's logs in; the baseline that was recorded before the run out, or why it is not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from milo_bench.board.gates.size import MOST_BYTES
from milo_bench.board.index.catalog import BoardLog
from milo_bench.core.errors import MiloError
from milo_bench.core.records import RecordedBaseline
from milo_bench.evidence.until_decided.beside import BesideBaseline
from milo_bench.evidence.until_decided.recorded import recorded_among
from milo_bench.store.log.reader import read_run_log

SeenLogs: TypeAlias = tuple[tuple[str, int], ...]  # address and size in bytes of each log of the baseline's run


def logs_of(recorded: RecordedBaseline, logs: Iterable[BoardLog]) -> list[BoardLog]:
    """Logs of the run of the baseline, copies too."""
    return [log for log in logs if log.index is not None and log.index.run_id == recorded.run_id]


def seen_of(logs: Iterable[BoardLog]) -> SeenLogs:
    """What ``find_baseline`` depends on: where this stays, so does what it finds."""
    return tuple((log.id, log.size) for log in logs)


def find_baseline(recorded: RecordedBaseline, logs: Iterable[BoardLog]) -> tuple[BesideBaseline | None, str]:
    """The answers of ``recorded`` in one of ``logs``, and why there are none."""
    why = f"the log of its run {recorded.run_id} is not in this folder"
    for log in logs:
        if log.size > MOST_BYTES:
            why = f"{log.name} is too large for the board's gates"
            continue
        try:
            found = recorded_among(recorded, (read_run_log(log.path),))
            if found is not None:
                return BesideBaseline(found, recorded), ""
            why = f"{log.name} has other answers of it than this run was compared with"
        except (MiloError, OSError):
            why = f"{log.name} cannot be read"
    return None, f"Gates that compare with the baseline '{recorded.target}' are undecided here: {why}."
