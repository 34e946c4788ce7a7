"""The load windows of a log in, a table for each target out: one column a window, one row a figure."""

from __future__ import annotations

from typing import Any

from milo_bench.board.index.records import LogIndex
from milo_bench.core.units import NOTHING


def load_tables(index: LogIndex) -> list[dict[str, Any]]:
    """One table for each target; figures that no window has are left out."""
    if not index.loads:
        return []
    # The rows of the terminal's table bring a library for terminals along, which other pages do not need.
    from milo_bench.report.terminal.load import ROWS, level_text

    tables = []
    for target in dict.fromkeys(window.target for window in index.loads):
        windows = [window for window in index.loads if window.target == target]
        rows = [{"name": name, "cells": [cell(window.figures) for window in windows]} for name, cell in ROWS]
        tables.append(
            {
                "target": target,
                "levels": [
                    {"text": level_text(window), "client_bound": window.client_bound} for window in windows
                ],
                "rows": [row for row in rows if any(cell not in (NOTHING, "") for cell in row["cells"])],
            }
        )  # fmt: skip
    return tables
