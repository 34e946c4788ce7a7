"""How many entries of a source an import could not read in, the error that ends its command with exit code 4 out."""

from __future__ import annotations

from milo_bench.core.errors import IncompleteImport


def lost_entries(count: int, *, listed: str) -> IncompleteImport | None:
    """None where nothing was lost. ``listed`` is the hint: where the lost rows, documents or tests are named."""
    if not count:
        return None
    said = "1 entry of the source" if count == 1 else f"{count:,} entries of the source"
    return IncompleteImport(f"{said} could not be imported.", hint=listed)
