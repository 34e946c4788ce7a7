"""The folder of a mined suite in, its sheet of sampled review labels out, and what a person said of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from milo_bench.core.errors import DataError
from milo_bench.core.records.roles import Confirmed, SilverLabels

LABELS: Final = "review_labels.csv"
COLUMNS: Final = ("fixture", "commit", "fix", "lines", "confirmed")


def count_labels(folder: Path) -> SilverLabels | None:
    """How many labels were sampled and what a person said of them; None for a folder without a sheet to read."""
    try:
        said = [said_of(row) for row in sheet_rows(sheet_text(folder / LABELS))]
    except DataError:
        return None
    return SilverLabels(len(said), said.count("yes"), said.count("no"))


def said_of(row: Mapping[str, str]) -> Confirmed:
    """What a person wrote into the last column of a row."""
    said = (row.get("confirmed") or "").strip().lower()
    return "yes" if said in ("yes", "y") else "no" if said in ("no", "n") else ""


def sheet_text(place: Path) -> str:
    """A sheet as it is. Raises DataError for none, and for one that cannot be read."""
    try:
        return place.read_text(encoding="utf-8-sig")  # a spreadsheet may have written it
    except FileNotFoundError:
        message = f"{place.parent} has no sample of review labels."
        raise DataError(message, hint="give the folder that 'milo-bench roles mine' made.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{place} cannot be read: {error}.", hint="save it as CSV in UTF-8.") from None


def sheet_rows(text: str) -> list[dict[str, str]]:
    """The rows that name a fixture; none of what is not CSV."""
    try:
        dialect = ";" if text.partition("\n")[0].count(";") >= len(COLUMNS) - 1 else ","
        return [row for row in csv.DictReader(io.StringIO(text), delimiter=dialect) if row.get("fixture")]
    except csv.Error:
        return []
