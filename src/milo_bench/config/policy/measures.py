"""What a measure is and where measures are found; the slice of a gate in, its parts out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from milo_bench.core.errors import ConfigError
from milo_bench.core.registry import Registry
from milo_bench.core.suggest import hint_for

MeasureKind: TypeAlias = Literal["rate", "quantile", "mean", "peak", "review", "judged"]
GoodSide: TypeAlias = Literal["high", "low", "neither"]
SLICES = ("tag", "class", "field", "check", "kind", "judge", "words")
# An example of each.
_OWN = {"class": "escalate", "field": "received_date", "check": "schema", "kind": "reset", "judge": "acceptable"}
# "class=Trade & industry & tag=long" has two parts: only what begins as a part does is one.
_AND = re.compile(rf"\s*&\s*(?=(?:{'|'.join(name for name in SLICES if name != 'words')})\s*=|words\s*[<>=])")
_WORDS = re.compile(r"words(<=|<|>=|>|=)(\d{1,9})(?:-(\d{1,9}))?")


class MeasureDefinition(Struct, frozen=True):
    """Everything that one measure is. Each is a file of ``stats/measures``, and nothing else names it.

    ``title`` names it in tables, ``phrase`` in a sentence ("p95 latency is 3 s"), ``says`` what it counts.
    ``order`` is its place in a scorecard, ``at_terminal`` whether ``score`` prints it. ``rows`` takes the
    columns of attempts and the measure's own slices, and gives what it is worked out from: ``RateRows``
    of a rate, a value for each attempt (NaN where there is none) of a quantile or mean. ``missed`` gives
    what a failed attempt counts for where it is a miss. ``needs`` is a slice that it cannot do without,
    ``takes`` one of its own that it may have; all but "peak" and "review" take ``tag=``, ``class=`` (the
    expected label) and ``words`` besides. ``by_tag``: scorecards give it for each tag, too.
    ``of_calls``: it judges the calls of a model, whatever becomes of the answers. ``asked``: the question of a review
    that settles what this measure only flags, so that a safety gate on it rests on what people answered, and
    ``settled`` the title of the rate that does. ``safe``: whether a safety gate may name it at all.
    """

    kind: MeasureKind
    unit: str
    good: GoodSide
    title: str
    says: str
    order: int
    rows: Callable[[Any, Mapping[str, str]], Any] | None = None
    missed: Callable[[Any, Mapping[str, str], Any], Any] | None = None
    q: float | None = None
    phrase: str = ""
    needs: str = ""
    takes: str = ""
    at_terminal: bool = True
    by_tag: bool = False
    of_calls: bool = False
    asked: str = ""
    settled: str = ""
    safe: bool = True

    @property
    def own(self) -> tuple[str, ...]:
        return tuple(name for name in (self.needs, self.takes) if name)


MEASURES: Final[Registry[MeasureDefinition]] = Registry("measure", "milo_bench.stats.measures")


@cache
def known_measures() -> Mapping[str, MeasureDefinition]:
    """Every measure by name, in the order of a scorecard."""
    return dict(sorted(MEASURES, key=lambda one: (one[1].order, one[0])))


class SlicePart(Struct, frozen=True):
    """One condition on attempts: ``name=value``, or ``low`` to ``high`` words (both included, None for open)."""

    name: str
    value: str
    low: int | None = None
    high: int | None = None


def parse_slice(text: str, measure: str) -> tuple[SlicePart, ...]:
    """The parts of ``tag=long & words>7500``, () for "". Raises ConfigError for a slice it cannot have."""
    known = known_measures().get(measure)
    if known is None:
        message = f"Unknown measure '{measure[:60]}'."
        raise ConfigError(message, hint=hint_for(measure, known_measures(), noun="measures"))
    parts = tuple(_part(one) for one in split_slice(text))
    for part in parts:
        if part.name in ("field", "check", "kind", "judge") and part.name not in known.own:
            raise ConfigError(f"{measure} cannot be sliced by {part.name}.", hint=_takes(known))
        if known.kind == "peak":
            raise ConfigError(f"{measure} belongs to the server and cannot be sliced.", hint="leave slice out.")
        if known.kind == "review":
            raise ConfigError(f"{measure} is of a sample of all answers and cannot be sliced.", hint="leave slice out.")
    names = [part.name for part in parts]
    doubled = next((name for name in names if name != "tag" and names.count(name) > 1), "")
    if doubled:
        raise ConfigError(f"The slice '{text[:60]}' repeats {doubled}.", hint="name each once, joined by ' & '.")
    if known.needs and known.needs not in names:
        message = f"{measure} needs a slice: {known.needs}=…"
        raise ConfigError(message, hint=f"write slice: {known.needs}={_OWN[known.needs]}, for example.")
    return parts


def split_slice(text: str) -> tuple[str, ...]:
    """``tag=long`` and ``words>7500`` of ``tag=long & words>7500``, () for ""; a label may have an "&" of its own."""
    return tuple(one.strip() for one in _AND.split(text)) if text.strip() else ()


def slice_text(parts: tuple[SlicePart, ...]) -> str:
    """The parts as a scorecard writes them."""
    return " & ".join(f"words{part.value}" if part.name == "words" else f"{part.name}={part.value}" for part in parts)


def _part(text: str) -> SlicePart:
    if text.startswith("words"):
        found = _WORDS.fullmatch(text.replace(" ", ""))
        if found is None or (found[3] is not None and found[1] != "="):
            message = f"'{text[:60]}' is not a range of lengths."
            raise ConfigError(message, hint="write words<=7500, words>7500 or words=1200-3000.")
        return _band(found[1], int(found[2]), int(found[3]) if found[3] is not None else int(found[2]))
    name, equals, value = text.partition("=")
    empty = not value.strip() and name.strip() != "class"  # an answer without a label has the label ""
    if not equals or empty or name.strip() not in SLICES:
        message = f"'{text[:60]}' is not a slice."
        raise ConfigError(
            message, hint="write tag=, class=, field=, check=, kind=, judge= or a band such as words<=7500."
        )
    return SlicePart(name.strip(), value.strip())


def _band(sign: str, first: int, last: int) -> SlicePart:
    match sign:
        case "<=":
            return SlicePart("words", f"<={first}", None, first)
        case "<":
            return SlicePart("words", f"<{first}", None, first - 1)
        case ">=":
            return SlicePart("words", f">={first}", first, None)
        case ">":
            return SlicePart("words", f">{first}", first + 1, None)
        case _:
            if first > last:
                message = f"words={first}-{last} contains no length."
                raise ConfigError(message, hint="write the smaller number first.")
            return SlicePart("words", f"={first}-{last}" if first != last else f"={first}", first, last)


def _takes(measure: MeasureDefinition) -> str:
    own = ", ".join(f"{name}=" for name in measure.own)
    return f"use tag=, class=, words or {own}." if own else "use tag=, class= or words."
