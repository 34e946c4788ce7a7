"""Measured rows in, the file ``guards/measured.json`` with them out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.guards.measured import Measured, all_measured

FILE: Final = Path(__file__).parents[2] / "src" / "milo_bench" / "guards" / "measured.json"


def write_rows(rows: Iterable[Measured]) -> None:
    """Put ``rows`` into the file, in place of those of the same detector and language."""
    known = {(row.detector, row.language): row for row in all_measured().values()} | {
        (row.detector, row.language): row for row in rows
    }
    plain = {
        "writer": "",
        "language": "en",
        "spoken": True,
        "digest": "",
        "note": "",
        "counts": None,
        "strangers": None,
    }
    written = [
        {key: value for key, value in msgspec.to_builtins(row).items() if key not in plain or value != plain[key]}
        for row in known.values()
    ]
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
