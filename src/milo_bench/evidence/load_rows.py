"""A run log in, its load windows out, once every figure that rows give was worked out again from its rows."""

from __future__ import annotations

from milo_bench.core.errors import DataError
from milo_bench.core.records import LoadWindow
from milo_bench.core.units import number
from milo_bench.stats.load.derived import find_difference
from milo_bench.stats.load.quality import with_quality
from milo_bench.store.log.reader import RunLog


def checked_windows(log: RunLog) -> tuple[LoadWindow, ...]:
    """Raises DataError naming the figure where a window does not say what its rows give."""
    for window, rows in zip(log.load_windows, log.load_rows, strict=True):
        if figure := find_difference(window, rows):
            place = f"the {window.mode} window at {number(window.level)} of '{window.target}'"
            message = f"{log.path}: '{figure}' of {place} is not what its {len(rows)} rows give."
            raise DataError(message, hint="the file was edited. Restore it, or run the load again.")
    return with_quality(log.load_windows, log.load_rows)
