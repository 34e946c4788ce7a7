"""A detector and a language in, its measured precision and recall there out, as shipped in ``measured.json``.

Findings that rest on a detector carry the figures of the text's own language. A test recomputes every one from its
labelled set, so a figure can only change together with the detector's version or its set. What a detector was not
measured well enough in, it does not speak: texts of that language are unjudged by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib import resources
from typing import Final

import msgspec

from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.once import once
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for
from milo_bench.guards.packs.read import Rule, languages_of, read_pack


class DetectorCounts(Frozen, frozen=True, omit_defaults=False):
    """Of labelled texts, those with a fault that were ``caught``, of how many ``wrong``; ``false`` flags of the
    ``right`` ones.
    """

    caught: int
    wrong: int
    false: int
    right: int


class Measured(Frozen, frozen=True, omit_defaults=False):
    """``n`` labelled texts of ``set``; shares between 0 and 1; 95% Wilson intervals as (low, high).

    ``language`` is an ISO 639 code; ``spoken`` says whether the figures are good enough for the detector to judge
    texts of it. ``writer`` says who wrote the set where that was not the author of the rules; ``digest`` is the
    SHA-256 of the set, committed before the rules were. ``counts`` stand where a rate is corrected by them.
    ``strangers`` is what the rules of then found in the texts of writers who had not read them, before a word was
    widened on any of those. It does not decide whether a language is spoken: readers see it beside that.
    """

    detector: str
    version: str
    set: str
    n: int
    precision: float
    precision_interval: tuple[float, float]
    recall: float
    recall_interval: tuple[float, float]
    note: str = ""
    writer: str = ""
    language: str = "en"
    spoken: bool = True
    digest: str = ""
    counts: DetectorCounts | None = None
    strangers: DetectorCounts | None = None


# The least recall and precision on the held-out part at which a detector's rules speak a language.
TO_SPEAK: Final[dict[str, tuple[float, float]]] = {
    "promises": (0.9, 0.95),
    "promises_caught": (0.9, 0.95),
    "sentences": (0.98, 0.98),
    "values": (0.99, 0.99),
    "unsupported_facts": (0.6, 0.9),
    "personal_data": (0.85, 0.95),
    "keywords": (0.9, 0.9),
    "certainty": (0.8, 0.9),
    "policy_text": (0.9, 0.9),
    "status": (0.9, 0.9),
    "requests": (0.9, 0.9),
    "requests_caught": (0.9, 0.9),
    "coverage_inference": (0.9, 0.9),
    "document_reviewed": (0.9, 0.9),
    "missing_documents": (0.9, 0.9),
    "secrets": (0.9, 0.95),
}


LEAST_TEXTS: Final = 40  # held-out texts
_RULES: Final[dict[str, Rule]] = {
    "promises": "promises",
    "promises_caught": "promises",
    "keywords": "keywords",
    "certainty": "certainty",
    "policy_text": "policy_text",
    "status": "status",
    "requests": "requests",
    "requests_caught": "requests",
    "coverage_inference": "coverage",
    "document_reviewed": "reviewed",
    "missing_documents": "missing",
    "sentences": "sentences",
    "values": "amounts",
    "unsupported_facts": "facts",
    "personal_data": "personal",
}


class BroughtFigures(Frozen, frozen=True, omit_defaults=False):
    """What the file of an installed package says of itself: figures on ``n`` held-out texts of the team's own."""

    recall: float
    precision: float
    n: int


@once
def all_measured() -> dict[tuple[str, str], Measured]:
    """Every row of ``measured.json``, by detector and language."""
    raw = resources.files("milo_bench.guards").joinpath("measured.json").read_bytes()
    rows = msgspec.json.decode(raw, type=tuple[Measured, ...])
    return {(entry.detector, entry.language): entry for entry in rows}


def figures_of(detector: str, language: str = "en") -> Measured:
    """The figures of one detector in one language; UsageError with a suggestion where they were never measured."""
    known = all_measured()
    if (detector, language) not in known:
        names = {name for name, _ in known}
        if detector in names:
            message = f"The detector '{detector}' was never measured in the language '{language}'."
            raise UsageError(message, hint="its other rows are in guards/measured.json.")
        raise UsageError(f"Unknown measured detector '{detector}'.", hint=hint_for(detector, names, noun="detectors"))
    return known[detector, language]


@once
def spoken_languages(detector: str) -> frozenset[str]:
    """The languages that a detector's rules judge: those it was measured well enough in, and English.

    English is what every rule was written for. Only a row that says otherwise takes it away. A language of an
    installed package is spoken where its file states figures that reach ``TO_SPEAK``.
    """
    rows = [row for (name, _), row in all_measured().items() if name == detector]
    spoken = {row.language for row in rows if row.spoken}
    brought = {one for one in _languages_brought(detector) if one not in {row.language for row in rows}}
    return frozenset(spoken | brought | ({"en"} - {row.language for row in rows if not row.spoken}))


def _languages_brought(detector: str) -> Iterator[str]:
    """Languages of installed packages whose files state figures that are good enough."""
    rule = _RULES.get(detector)
    if rule is None:
        return
    least_recall, least_precision = TO_SPEAK[detector]
    for language in languages_of(rule):
        stated = read_pack(rule, language).get("measured")
        if stated is None:
            continue
        try:
            figures = msgspec.convert(stated, BroughtFigures)
        except msgspec.ValidationError as error:
            message = f"The language file {rule}/{language}.toml states no usable figures: {error}"
            raise ConfigError(message, hint="write measured = {recall = 0.93, precision = 0.97, n = 80}.") from None
        if figures.n >= LEAST_TEXTS and figures.recall >= least_recall and figures.precision >= least_precision:
            yield language


def wilson_95(k: int, n: int) -> tuple[float, float]:
    """Wilson score interval (Wilson 1927) at 95%, rounded to four places; (0, 1) for n = 0.

    Stated here once more because this room lies below ``stats``.
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share, spread = k / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4)
