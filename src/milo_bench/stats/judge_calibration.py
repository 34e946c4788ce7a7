"""Verdicts of a judge beside labels that people gave in; its error rates, a corrected rate and its licence out. Pure.

A judge says yes to some answers. ``sensitivity`` is how often it says yes where people do, ``specificity`` how often it
says no where people do. A share of yes that it reports is wrong by both, and ``corrected_rate`` takes them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from milo_bench.core import units
from milo_bench.core.records import Interval
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import z_value

METHOD: Final = "rogan_gladen_fieller"


@dataclass(frozen=True)
class Confusion:
    """How often a judge said yes or no where people said yes or no; ``unread`` verdicts are neither."""

    true_yes: int = 0
    false_no: int = 0
    true_no: int = 0
    false_yes: int = 0
    unread_of_yes: int = 0  # of the answers to which people said yes
    unread_of_no: int = 0

    @property
    def yes(self) -> int:
        """Answers to which people said yes. A verdict that could not be read is a wrong one."""
        return self.true_yes + self.false_no + self.unread_of_yes

    @property
    def no(self) -> int:
        return self.true_no + self.false_yes + self.unread_of_no

    @property
    def n(self) -> int:
        return self.yes + self.no

    @property
    def sensitivity(self) -> float | None:
        return self.true_yes / self.yes if self.yes else None

    @property
    def specificity(self) -> float | None:
        return self.true_no / self.no if self.no else None

    @property
    def agreement(self) -> float | None:
        return (self.true_yes + self.true_no) / self.n if self.n else None


def confusion(pairs: Iterable[tuple[bool, bool | None]]) -> Confusion:
    """The counts of (label of people, verdict of the judge); None is a verdict that could not be read."""
    counts = dict.fromkeys(((True, True), (True, False), (True, None), (False, True), (False, False)), 0)
    counts[(False, None)] = 0
    for pair in pairs:
        counts[pair] += 1
    return Confusion(
        true_yes=counts[(True, True)],
        false_no=counts[(True, False)],
        true_no=counts[(False, False)],
        false_yes=counts[(False, True)],
        unread_of_yes=counts[(True, None)],
        unread_of_no=counts[(False, None)],
    )


@dataclass(frozen=True)
class CorrectedRate:
    """``value`` is the corrected share, None where the judge cannot tell yes from no; ``raw`` what it reported."""

    value: float | None
    interval: Interval
    raw: float
    n: int
    labels: int


def corrected_rate(said_yes: int, n: int, labelled: Confusion, confidence: float = 0.95) -> CorrectedRate:
    """The share of yes that people would have given to ``n`` answers, to ``said_yes`` of which the judge said yes.

    The point is that of Rogan and Gladen (1978, Am. J. Epidemiol. 107:71), cut at 0 and 1. The interval inverts the
    test of a share p (Fieller 1954, J. R. Stat. Soc. B 16:175): p is kept while
    ``|raw - p Se - (1 - p)(1 - Sp)|`` is within z of its standard error, to which the answers and the labels of
    both kinds contribute, each with the added counts of Lang and Reiczigel (2014, Prev. Vet. Med. 113:13). A judge
    that cannot be told from a coin gives (0, 1). Raises ValueError for counts that cannot be.
    """
    if not 0 <= said_yes <= n or n == 0:
        raise ValueError(f"{said_yes} of {n} verdicts")
    z = z_value(confidence)
    raw, labels = said_yes / n, labelled.n
    whole = Interval(0.0, 1.0, confidence, METHOD)
    sensitivity, specificity = labelled.sensitivity, labelled.specificity
    if sensitivity is None or specificity is None:
        return CorrectedRate(None, whole, raw, n, labels)
    youden = sensitivity + specificity - 1
    value = min(1.0, max(0.0, (raw + specificity - 1) / youden)) if youden > 0 else None
    share = (said_yes + z * z / 2) / (n + z * z)
    se, sp = (labelled.true_yes + 1) / (labelled.yes + 2), (labelled.true_no + 1) / (labelled.no + 2)
    of_share = share * (1 - share) / (n + z * z)
    of_se, of_sp = se * (1 - se) / (labelled.yes + 2), sp * (1 - sp) / (labelled.no + 2)
    # |a - p j|^2 <= z^2 (v + p^2 s + (1 - p)^2 t), a quadratic in p.
    a, j, z2 = share + sp - 1, se + sp - 1, z * z
    square = j * j - z2 * (of_se + of_sp)
    linear = -2 * (a * j - z2 * of_sp)
    constant = a * a - z2 * (of_share + of_sp)
    root = linear * linear - 4 * square * constant
    if j <= 0 or square <= 0 or root < 0:
        return CorrectedRate(value, whole, raw, n, labels)
    low = (-linear - math.sqrt(root)) / (2 * square)
    high = (-linear + math.sqrt(root)) / (2 * square)
    ends = Interval(min(1.0, max(0.0, low)), max(0.0, min(1.0, high)), confidence, METHOD)
    return CorrectedRate(value, ends, raw, n, labels)


@dataclass(frozen=True)
class LicenceTerms:
    """What a judge must prove before its verdicts count: bounds, each one-sided at ``confidence``."""

    sensitivity: float = 0.6
    specificity: float = 0.6
    most_flips: float = 0.25  # of answers judged in both orders, or twice, with different verdicts
    least_labels: int = 50
    least_labels_each: int = 20  # of either kind
    confidence: float = 0.95


@dataclass(frozen=True)
class Licence:
    """Whether a judge's verdicts may count, its bounds, and a sentence for each thing that is missing."""

    granted: bool
    sensitivity_low: float
    specificity_low: float
    agreement_low: float
    flips_high: float | None
    missing: tuple[str, ...] = ()
    terms: LicenceTerms = field(default_factory=LicenceTerms)


def grant_licence(
    labelled: Confusion, *, flips: int = 0, asked_twice: int = 0, terms: LicenceTerms | None = None
) -> Licence:
    """A licence where every bound clears ``terms``: exact bounds (Clopper and Pearson), each from its own side.

    ``flips`` of ``asked_twice`` answers got another verdict in the other order; no bound is asked where none was
    asked twice, and that is for the caller to forbid.
    """
    terms = terms or LicenceTerms()
    sensitivity = exact_ends(labelled.true_yes, labelled.yes, terms.confidence)[0]
    specificity = exact_ends(labelled.true_no, labelled.no, terms.confidence)[0]
    agreement = exact_ends(labelled.true_yes + labelled.true_no, labelled.n, terms.confidence)[0]
    flips_high = exact_ends(flips, asked_twice, terms.confidence)[1] if asked_twice else None
    missing = []
    if labelled.n < terms.least_labels:
        missing.append(f"{labelled.n} labels, but {terms.least_labels} are needed")
    if min(labelled.yes, labelled.no) < terms.least_labels_each:
        missing.append(
            f"{labelled.yes} labels are yes and {labelled.no} are no, but {terms.least_labels_each} of each are needed"
        )
    for name, low, needed in (
        ("sensitivity", sensitivity, terms.sensitivity),
        ("specificity", specificity, terms.specificity),
    ):
        if low < needed:
            missing.append(
                f"{name} is proven to be at least {units.number(low)}, but {units.number(needed)} is required"
            )
    if flips_high is not None and flips_high > terms.most_flips:
        missing.append(
            f"up to {units.share(flips_high)} of verdicts change with the order, "
            f"but at most {units.share(terms.most_flips)} may"
        )
    return Licence(not missing, sensitivity, specificity, agreement, flips_high, tuple(missing), terms)


@dataclass(frozen=True)
class OrderBias:
    """Verdicts on the same pairs in both orders: how often the judge kept its choice, or went by the place."""

    pairs: int
    same: int  # the same output was chosen in both orders
    first: int  # the first place was chosen in both orders
    second: int

    @property
    def flips(self) -> int:
        return self.first + self.second

    @property
    def toward_first(self) -> float | None:
        """Share of the pairs decided for the first place minus that for the second; 0 is no bias."""
        return (self.first - self.second) / self.pairs if self.pairs else None


def order_bias(choices: Iterable[tuple[int | None, int | None]]) -> OrderBias:
    """The bias of (choice as is, choice swapped), both naming the outputs 1 and 2 in the order of the data set.

    Pairs with a verdict that could not be read are left out.
    """
    same = first = second = 0
    for as_is, swapped in choices:
        if as_is is None or swapped is None:
            continue
        same += as_is == swapped
        # Swapped, output 2 is in the first place.
        first += as_is == 1 and swapped == 2
        second += as_is == 2 and swapped == 1
    return OrderBias(same + first + second, same, first, second)
