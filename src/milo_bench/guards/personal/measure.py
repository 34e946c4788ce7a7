"""Texts with labelled personal data in, recall and precision of the detector by kind out."""

from __future__ import annotations

from collections.abc import Iterable

from milo_bench.core.records import Frozen
from milo_bench.guards.personal.data import KINDS, find_personal_data
from milo_bench.guards.personal.patterns import PersonalKind


class LabelledSpan(Frozen, frozen=True):
    kind: PersonalKind
    start: int
    end: int


class LabelledText(Frozen, frozen=True):
    """A text with every piece of personal data in it marked by hand."""

    text: str
    spans: tuple[LabelledSpan, ...]


class KindFigures(Frozen, frozen=True, omit_defaults=False):
    """``covered`` of ``labelled`` stretches were found in full (under whatever kind: they would be
    gone from the text); ``right`` of ``found`` stretches of this kind touch labelled personal data."""

    kind: str
    labelled: int
    covered: int
    found: int
    right: int

    @property
    def recall(self) -> float | None:
        return self.covered / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None


def measure(texts: Iterable[LabelledText]) -> tuple[KindFigures, ...]:
    """Figures by kind, then all kinds together as ``all``."""
    counts = {kind: [0, 0, 0, 0] for kind in KINDS}
    for labelled in texts:
        found = find_personal_data(labelled.text)
        gone = {position for datum in found for position in range(datum.start, datum.end)}
        marked = {position for span in labelled.spans for position in range(span.start, span.end)}
        for span in labelled.spans:
            counts[span.kind][0] += 1
            letters = (p for p in range(span.start, span.end) if labelled.text[p].isalnum())
            counts[span.kind][1] += all(position in gone for position in letters)
        for datum in found:
            counts[datum.kind][2] += 1
            counts[datum.kind][3] += any(position in marked for position in range(datum.start, datum.end))
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    return (*(KindFigures(kind, *numbers) for kind, numbers in counts.items()), KindFigures("all", *total))
