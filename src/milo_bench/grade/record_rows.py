"""Expected and given records in, which given one is which expected one out; nothing is paired twice."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from milo_bench.core.amounts import parse_amount
from milo_bench.guards.values.amounts import read_amount

RowCell: TypeAlias = object
Cells: TypeAlias = tuple[RowCell, ...]

_COMMON: Final = 64  # a value that more rows than this have tells none of them apart
_DIGITS: Final = 9  # significant ones; beyond them a number differs by how it was added up
_encode = msgspec.json.Encoder(order="deterministic").encode


class RowRules(NamedTuple):
    """What tells rows apart, what is compared, and other words for a value, all as tuples so that they hash."""

    keys: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    aliases: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    locale: str = ""  # "de-DE": how numbers are written; "" reads them as English does


class RowDifference(NamedTuple):
    """A field in which a pair differs."""

    field: str
    expected: Any
    got: Any


@dataclass
class Pairing:
    """``pairs`` are places of (expected, given) rows; ``missing`` of expected, the others of given ones."""

    gold_rows: Sequence[Mapping[str, Any]]
    given_rows: Sequence[Mapping[str, Any]]
    pairs: list[tuple[int, int]] = field(default_factory=list)
    exact: int = 0
    missing: list[int] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    differences: list[RowDifference] = field(default_factory=list)

    @property
    def gold(self) -> int:
        return len(self.gold_rows)

    @property
    def given(self) -> int:
        return len(self.given_rows)


def pair_rows(gold: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], rules: RowRules) -> Pairing:
    """Pair equal rows first, then rows with the same keys, or without keys those that share most of their values.

    A pair without keys shares at least half of the expected row's values. A given row that is left is repeated where
    it is the same (by keys, or in every value) as a row that was paired, else invented.
    """
    names = tuple(
        dict.fromkeys(name for row in gold for name in row if name not in rules.ignore)
        if not rules.fields
        else [*dict.fromkeys((*rules.keys, *rules.fields))]
    )
    locale = rules.locale
    aliases = {
        name: {_cell(word, locale): _cell(meant, locale) for word, meant in words} for name, words in rules.aliases
    }
    wanted = [_cells(row, names, aliases, locale) for row in gold]
    got = [_cells(row, names, aliases, locale) for row in given]
    pairing = Pairing(gold, given)
    free_gold, free_given = _pair_equal(wanted, got, pairing)
    pairing.exact = len(pairing.pairs)
    places = [names.index(key) for key in rules.keys if key in names]
    if places:
        free_gold, free_given = _pair_by_keys(wanted, got, places, free_gold, free_given, pairing)
    else:
        places = list(range(len(names)))
        free_gold, free_given = _pair_by_likeness(wanted, got, free_gold, free_given, pairing)
    pairing.missing = free_gold
    taken = {tuple(got[j][p] for p in places) for _, j in pairing.pairs}
    taken |= {tuple(wanted[i][p] for p in places) for i, _ in pairing.pairs}
    for j in free_given:
        (pairing.repeated if tuple(got[j][p] for p in places) in taken else pairing.invented).append(j)
    for i, j in pairing.pairs[pairing.exact :]:
        for place, name in enumerate(names):
            if wanted[i][place] != got[j][place]:
                pairing.differences.append(RowDifference(name, gold[i].get(name), given[j].get(name)))
    return pairing


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same to a reader: case, spaces and ways of writing a number aside."""
    return _cell(one) == _cell(other)


def _cells(
    row: Mapping[str, Any], names: Sequence[str], aliases: Mapping[str, Mapping[RowCell, RowCell]], locale: str
) -> Cells:
    if not aliases:
        return tuple(_cell(row.get(name), locale) for name in names)
    cells = ((name, _cell(row.get(name), locale)) for name in names)
    return tuple(aliases[name].get(cell, cell) if name in aliases else cell for name, cell in cells)


def _cell(value: Any, locale: str = "") -> RowCell:
    """A form that is equal where two values are the same to a reader."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _text_cell(value, locale)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number_cell(float(value))
    return _encode(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    cell = _cell(value)
    return cell if isinstance(cell, str | int | float | bool) or cell is None else str(cell)


@lru_cache(maxsize=65_536)
def _text_cell(value: str, locale: str) -> RowCell:
    text = " ".join(unicodedata.normalize("NFKC", value).split()).casefold()
    if not text:
        return None
    if text[:1].isdigit() or text[:1] in "+-($€£.¥":
        # An identifier keeps its leading zeros: 007 is not 7.
        if text[0] == "0" and text[1:2].isdigit():
            return text
        amount = read_amount(text, locale=locale) if locale else parse_amount(text)
        if amount is not None:
            return _number_cell(float(amount))
    return text


def _number_cell(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _pair_equal(wanted: Sequence[Cells], got: Sequence[Cells], pairing: Pairing) -> tuple[list[int], list[int]]:
    places: dict[Cells, list[int]] = defaultdict(list)
    for j in reversed(range(len(got))):
        places[got[j]].append(j)
    taken: set[int] = set()
    free: list[int] = []
    for i, cells in enumerate(wanted):
        if places.get(cells):
            j = places[cells].pop()
            taken.add(j)
            pairing.pairs.append((i, j))
        else:
            free.append(i)
    return free, [j for j in range(len(got)) if j not in taken]


def _pair_by_keys(
    wanted: Sequence[Cells],
    got: Sequence[Cells],
    places: Sequence[int],
    free_gold: Sequence[int],
    free_given: Sequence[int],
    pairing: Pairing,
) -> tuple[list[int], list[int]]:
    """Rows with the same keys; of several, the ones that share most values."""
    by_key: dict[Cells, list[int]] = defaultdict(list)
    for j in free_given:
        by_key[tuple(got[j][p] for p in places)].append(j)
    left: list[int] = []
    taken: set[int] = set()
    for i in free_gold:
        some = [j for j in by_key.get(tuple(wanted[i][p] for p in places), ()) if j not in taken]
        if not some:
            left.append(i)
            continue
        best = max(some, key=lambda j: (sum(a == b for a, b in zip(wanted[i], got[j], strict=True)), -j))
        taken.add(best)
        pairing.pairs.append((i, best))
    return left, [j for j in free_given if j not in taken]


def _pair_by_likeness(
    wanted: Sequence[Cells],
    got: Sequence[Cells],
    free_gold: Sequence[int],
    free_given: Sequence[int],
    pairing: Pairing,
) -> tuple[list[int], list[int]]:
    """The likest rows first; what shares fewer than half of the expected values is no pair."""
    having: dict[tuple[int, RowCell], list[int]] = defaultdict(list)
    for j in free_given:
        for place, cell in enumerate(got[j]):
            if cell is not None:
                having[place, cell].append(j)
    likest: list[tuple[int, int, int]] = []
    for i in free_gold:
        shared: Counter[int] = Counter()
        for place, cell in enumerate(wanted[i]):
            some = having.get((place, cell), ()) if cell is not None else ()
            if len(some) <= _COMMON:
                shared.update(some)
        needed = sum(cell is not None for cell in wanted[i])
        for j, _ in shared.most_common(8):
            same = sum(a == b for a, b in zip(wanted[i], got[j], strict=True) if a is not None)
            if 2 * same >= needed:
                likest.append((-same, i, j))
    taken_gold: set[int] = set()
    taken: set[int] = set()
    for _, i, j in sorted(likest):
        if i not in taken_gold and j not in taken:
            taken_gold.add(i)
            taken.add(j)
            pairing.pairs.append((i, j))
    return [i for i in free_gold if i not in taken_gold], [j for j in free_given if j not in taken]
