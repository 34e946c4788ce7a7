"""The query of an address in, what it narrows attempts to out; and back into a query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from milo_bench.board.index.records import FAILURES, OUTCOMES, Kind, Outcome
from milo_bench.core.errors import UsageError
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for

Shown: TypeAlias = Literal["failures", "all", "pass", "fail", "no_answer", "unjudged", "bypass"]
SHOWN: Final[tuple[Shown, ...]] = ("failures", "all", "pass", "fail", "no_answer", "unjudged", "bypass")
MOST_QUERY: Final = 300  # characters of one filter


class AttemptFilter(Frozen, frozen=True):
    """Every part narrows; an empty one does not. ``words`` counts the words of the answer."""

    run: str = ""
    workload: str = ""
    target: str = ""
    cause: str = ""
    check: str = ""
    tag: str = ""
    fixture: str = ""
    decoding: str = ""
    outcome: Shown = "failures"
    repeat: int | None = None
    words_from: int | None = None
    words_to: int | None = None
    q: str = ""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        if self.outcome == "failures":
            return FAILURES
        return OUTCOMES if self.outcome == "all" else (self.outcome,)

    @property
    def needs_rows(self) -> bool:
        """Whether counts need the rows themselves, and not their kinds alone."""
        return bool(
            self.tag or self.fixture or self.q or self.repeat is not None
            or self.words_from is not None or self.words_to is not None
        )  # fmt: skip

    def takes(self, kind: Kind, *, aside: str = "") -> bool:
        """Whether a kind is within the filter; the part ``aside`` is left out of it."""
        return (
            kind.outcome in (self.outcomes if aside != "outcome" else OUTCOMES)
            and (aside == "workload" or self.workload in ("", kind.workload))
            and (aside == "target" or self.target in ("", kind.target))
            and (aside == "decoding" or self.decoding in ("", kind.decoding))
            and (aside == "cause" or not self.cause or self.cause in kind.causes)
            and (aside == "check" or not self.check or self.check in kind.checks)
        )

    def without(self, *names: str) -> AttemptFilter:
        empty = AttemptFilter()
        return msgspec.structs.replace(self, **{name: getattr(empty, name) for name in names})

    def query(self, **changed: object) -> str:
        """The query of an address that narrows like this, with some parts changed; "" where nothing narrows."""
        empty = msgspec.structs.asdict(AttemptFilter())
        parts = {**msgspec.structs.asdict(self), **changed}
        kept = {name: value for name, value in parts.items() if value not in (None, "") and value != empty.get(name)}
        return urlencode(kept)


def read_filter(query: Mapping[str, str]) -> AttemptFilter:
    """Raises UsageError for a part that cannot be read."""
    values: dict[str, object] = {}
    for name in ("run", "workload", "target", "cause", "check", "tag", "fixture", "decoding", "q"):
        values[name] = query.get(name, "")[:MOST_QUERY].strip()
    for name in ("repeat", "words_from", "words_to"):
        text = query.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise UsageError(f"The filter {name} is '{text[:20]}'.", hint="give a whole number.")
        values[name] = int(text) if text else None
    outcome = query.get("outcome", "") or "failures"
    if outcome not in SHOWN:
        raise UsageError(f"There is no outcome '{outcome[:20]}'.", hint=hint_for(outcome, list(SHOWN), noun="outcomes"))
    return msgspec.convert({**values, "outcome": outcome}, AttemptFilter)
