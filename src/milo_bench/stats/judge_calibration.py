"""Verdicts of a judge beside labels that people gave in; its error rates, a corrected rate and its licence out. Pure.

A judge says yes to some answers. ``sensitivity`` is how often it says yes where people do, ``specificity`` how often it
says no where people do. A share of yes that it reports is wrong by both, and ``corrected_rate`` takes them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.core import units
from milo_bench.core.records import Interval
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import z_value

METHOD: Final = "rogan_gladen_fieller"


class Confusion(Struct, frozen=True):
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


def as_recorded(labelled: Confusion) -> Confusion:
    """The counts for verdicts of which an unread one is no yes: as such it is counted in a rate, too."""
    return replace(labelled, true_no=labelled.true_no + labelled.unread_of_no, unread_of_no=0)


class CorrectedRate(Struct, frozen=True):
    """``value`` is the corrected share, None where the judge cannot tell yes from no; ``raw`` what it reported."""

    value: float | None
    interval: Interval
    raw: float
    n: float
    labels: int


def corrected_rate(said_yes: float, n: float, labelled: Confusion, confidence: float = 0.95) -> CorrectedRate:
    """The share of yes that people would have given to ``n`` answers, to ``said_yes`` of which the judge said yes.

    The point is that of Rogan and Gladen (1978, Am. J. Epidemiol. 107:71), cut at 0 and 1. The interval inverts the
    test of a share p (Fieller 1954, J. R. Stat. Soc. B 16:175): p is kept while
    ``|raw - p Se - (1 - p)(1 - Sp)|`` is within z of its standard error, to which the answers and the labels of
    both kinds contribute, each with the added counts of Lang and Reiczigel (2014, Prev. Vet. Med. 113:13). A judge
    that cannot be told from a coin gives (0, 1). ``n`` may be an effective sample size, and ``said_yes`` a part of
    it. Raises ValueError for counts that cannot be.
    """
    if not 0 <= said_yes <= n or n == 0:
        raise ValueError(f"{said_yes} of {n} verdicts")
    z = z_value(confidence)
    labelled = as_recorded(labelled)
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


# The ends below are normal approximations. Widened by a twentieth, and with each error rate as it was seen where the
# added counts would push an end inward, neither end is wrong more often than it says (``benchmarks.soundness``).
_WIDER: Final = 1.05


def corrected_ends(
    said_yes: float, eligible: float, n: float, labelled: Confusion, confidence: float
) -> tuple[float, float]:
    """Bounds of the share of ``n`` answers that people would accept, each one-sided at ``confidence``.

    ``eligible`` answers are those that a judge's yes could make good: all of ``n``, or those that passed every other
    check, of which ``said_yes`` got one. As ``corrected_rate``, by inverting the test of a share p: it is kept while
    ``|raw - a (1 - Sp) - p (Se + Sp - 1)|`` is within z of its standard error, with ``a`` the eligible share. All
    three may be parts of an effective sample size. (0, 1) where the labels do not tell yes from no.
    """
    if not 0 <= said_yes <= eligible <= n or n <= 0:
        raise ValueError(f"{said_yes} of {eligible} of {n} verdicts")
    if not labelled.yes or not labelled.no:
        return 0.0, 1.0
    z = _WIDER * z_value(confidence, "lower")
    z2, a = z * z, eligible / n
    share = (said_yes + a * z2 / 2) / (n + z2)
    se, sp = (labelled.true_yes + 1) / (labelled.yes + 2), (labelled.true_no + 1) / (labelled.no + 2)
    of_se, of_sp = se * (1 - se) / (labelled.yes + 2), sp * (1 - sp) / (labelled.no + 2)
    missed = 1 - sp
    # Of s - a (1 - Sp) in each answer, where s (yes) is never 1 without a.
    spread = share * (1 - share) + missed**2 * a * (1 - a) - 2 * missed * share * (1 - a)
    of_share = max(0.0, spread) / (n + z2)
    seen_se, seen_sp = labelled.true_yes / labelled.yes, labelled.true_no / labelled.no
    low = _root(share, a, (seen_se, sp), (of_share, of_se, of_sp), z2)[0]
    high = _root(share, a, (se, seen_sp), (of_share, of_se, of_sp), z2)[1]
    return min(max(low, 0.0), a), max(min(high, a), 0.0)


def _root(
    share: float, a: float, rates: tuple[float, float], variances: tuple[float, float, float], z2: float
) -> tuple[float, float]:
    """Where ``|W - p J|^2 = z^2 (v + p^2 s + (a - p)^2 t)``; (0, 1) where every p is kept."""
    (se, sp), (of_share, of_se, of_sp) = rates, variances
    w, j = share - a * (1 - sp), se + sp - 1
    square = j * j - z2 * (of_se + of_sp)
    linear = -2 * (w * j - z2 * a * of_sp)
    constant = w * w - z2 * (of_share + a * a * of_sp)
    root = linear * linear - 4 * square * constant
    if j <= 0 or square <= 0 or root < 0:
        return 0.0, 1.0
    return (-linear - math.sqrt(root)) / (2 * square), (-linear + math.sqrt(root)) / (2 * square)


CONFIDENCE: Final = 0.95  # of each bound that a licence rests on


class Licence(Struct, frozen=True):
    """Whether a judge's verdicts may count, its bounds, and a sentence for each thing that is missing."""

    granted: bool
    sensitivity_low: float
    specificity_low: float
    agreement_low: float
    flips_high: float | None
    unrepeated_high: float | None = None
    raised_high: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()  # the same in a word or two each
    terms: JudgeTerms = field(default_factory=JudgeTerms)


class Stability(Struct, frozen=True):
    """What stayed of a judge's verdicts: each is (how many changed, of how many).

    ``order`` with the places or choices swapped, ``again`` when the same request was sent once more, ``attacks`` by
    kind: rejected answers that were accepted once they were changed to please.
    """

    order: tuple[int, int] = (0, 0)
    again: tuple[int, int] = (0, 0)
    attacks: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def grant_licence(
    labelled: Confusion, stability: Stability | None = None, *, terms: JudgeTerms | None = None
) -> Licence:
    """A licence where every bound clears ``terms``: exact bounds (Clopper and Pearson), each from its own side.

    No bound is asked of what was not tried, and that is for the caller to forbid.
    """
    terms, stability = terms or JudgeTerms(), stability or Stability()
    sensitivity = exact_ends(labelled.true_yes, labelled.yes, CONFIDENCE)[0]
    specificity = exact_ends(labelled.true_no, labelled.no, CONFIDENCE)[0]
    agreement = exact_ends(labelled.true_yes + labelled.true_no, labelled.n, CONFIDENCE)[0]
    flips, unrepeated = _most(stability.order), _most(stability.again)
    raised = {attack: exact_ends(*counts, CONFIDENCE)[1] for attack, counts in sorted(stability.attacks.items())}
    missing: dict[str, str] = {}  # by what is lacking
    if labelled.n < terms.least_labels:
        missing["labels"] = f"{labelled.n} labels, but {terms.least_labels} are needed"
    if min(labelled.yes, labelled.no) < terms.least_labels_each:
        missing["labels of each kind"] = (
            f"{labelled.yes} labels are yes and {labelled.no} are no, but {terms.least_labels_each} of each are needed"
        )
    for name, low, needed in (
        ("sensitivity", sensitivity, terms.sensitivity),
        ("specificity", specificity, terms.specificity),
    ):
        if low < needed:
            missing[name] = (
                f"{name} is proven to be at least {units.number(low)}, but {units.number(needed)} is required"
            )
    limits: list[tuple[str, float | None, float, str]] = [
        ("order", flips, terms.most_flips, "of verdicts change with the order"),
        ("repeats", unrepeated, terms.most_unrepeated, "of verdicts change when the same request is sent again"),
    ]
    for name, raised_at_most in raised.items():
        what = f"of rejected answers pass after the attack '{name}'"
        limits.append((f"attack {name}", raised_at_most, terms.most_raised, what))
    for name, high, most, what in limits:
        if high is not None and high > most:
            missing[name] = f"up to {units.share(high)} {what}, but at most {units.share(most)} may"
    return Licence(
        granted=not missing,
        sensitivity_low=sensitivity,
        specificity_low=specificity,
        agreement_low=agreement,
        flips_high=flips,
        unrepeated_high=unrepeated,
        raised_high=raised,
        missing=tuple(missing.values()),
        lacks=tuple(missing),
        terms=terms,
    )


def _most(counts: tuple[int, int]) -> float | None:
    return exact_ends(*counts, CONFIDENCE)[1] if counts[1] else None


class OrderBias(Struct, frozen=True):
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
