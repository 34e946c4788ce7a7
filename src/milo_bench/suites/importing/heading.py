"""The first rows of a table in, whether its header is in two rows and its column names out; totals below it, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from milo_bench.suites.importing.importer import AmountReader

_LOOKED_AT: Final = 30  # rows below the header
_NUMBER: Final = re.compile(r"[\d.,' \u00a0\u202f%€$£()+-]*\d[\d.,' \u00a0\u202f%€$£()+/:-]*")
_TOTALS: Final = re.compile(
    r"(?:grand |sub)?totals?|sum|summe|gesamt(?:summe|betrag)?|zwischensumme|insgesamt|total général|somme|totale|"
    r"totaal|suma|razem|soma|合計|总计",
    re.IGNORECASE,
)


def joined_names(header: Sequence[Any], second: Sequence[Any], below: Sequence[Sequence[Any]]) -> list[str] | None:
    """The names of a header in two rows, "Amount net" from Amount over net; None where it is in one.

    The second row is part of the header where it names columns that the first one leaves blank or repeats, has no
    number, and rows below have some where it has a word.
    """
    names, parts = [_text(one) for one in header], [_text(one) for one in second]
    if len(parts) != len(names) or not any(parts) or any(_NUMBER.fullmatch(part) for part in parts):
        return None
    grouped = [bool(part) and (not name or names.count(name) > 1) for name, part in zip(names, parts, strict=True)]
    starts = [at + 1 < len(names) and names[at + 1] in ("", name) for at, name in enumerate(names)]
    alone = [bool(name) and not start and names.count(name) == 1 for name, start in zip(names, starts, strict=True)]
    own = any(lone and part not in ("", name) for lone, part, name in zip(alone, parts, names, strict=True))
    if not any(grouped) or own or any(len(part) > 60 for part in parts):
        return None
    some = below[:_LOOKED_AT]
    differs = any(
        part and 2 * sum(bool(_NUMBER.fullmatch(_text(row[at]))) for row in some if at < len(row)) > len(some)
        for at, part in enumerate(parts)
    )
    if not some or not differs:
        return None
    joined, group = [], ""
    for name, part in zip(names, parts, strict=True):
        group = name or group
        joined.append(f"{group} {part}" if group and part and group != part else name or part)
    return joined


def is_totals(values: Iterable[Any]) -> bool:
    """Whether a row says that it sums up the others: a word for it, numbers, and nothing else."""
    said = [text for value in values if (text := _text(value))]
    words = [text for text in said if not _NUMBER.fullmatch(text)]
    return len(words) == 1 and len(said) > 1 and _TOTALS.fullmatch(words[0].rstrip(": ")) is not None


def adds_up(values: Sequence[Any], above: Sequence[Sequence[Any]], read_amount: AmountReader) -> bool:
    """Whether a last row has nothing but sums of the numbers above them."""
    said = [at for at, value in enumerate(values) if _text(value)]
    if not said or 2 * len(said) > len(values) or len(above) < 2:
        return False
    for at in said:
        total = read_amount(_text(values[at]))
        parts = [read_amount(_text(row[at])) for row in above if at < len(row)]
        if total is None or None in parts or sum(part for part in parts if part is not None) != total:
            return False
    return True


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
