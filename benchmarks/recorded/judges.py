"""Pairs with gold and the recorded verdicts of judges in both orders in; licences, coverage and position bias out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded.data import rows
from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.stats.intervals import wilson
from milo_bench.stats.judge_calibration import Confusion, Stability, corrected_rate, grant_licence, order_bias

LABELS = 100
ANSWERS = 300
PROMPT = "Vanilla"
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
GRANTED, REFUSED = "GPT-4", "ChatGPT"
_YES, _NO, _UNREAD = 1, 0, -1


def report(judges: Path, *, draws: int, seed: int) -> int:
    """Print the figures; how many promises are broken."""
    recorded = list(rows(judges))
    prompts = {row["prompt"] for row in recorded}
    prompt = PROMPT if PROMPT in prompts else min(prompts)
    by_judge: dict[str, list[dict[str, Any]]] = {}
    for row in recorded:
        if row["prompt"] == prompt:
            by_judge.setdefault(row["judge"], []).extend(row["items"])
    terms = JudgeTerms()
    pairs = max(map(len, by_judge.values()))
    print(f"\njudges: {len(by_judge)} judges on {pairs} pairs in both orders, prompt {prompt}")
    print(
        f"  licence with {LABELS} labels: sensitivity and specificity proven at {terms.sensitivity:.2f} and "
        f"{terms.specificity:.2f}, at most {terms.most_flips:.0%} of verdicts flip with the order"
    )
    print(f"  coverage of the corrected rate of {ANSWERS} answers, {draws:,} draws over true shares {SHARES}")
    header = ("judge", "right", "sens.", "spec.", "same", "toward first", "granted", "covers", "width", "raw covers")
    print("  " + " ".join(f"{title:>12}" for title in header))
    broken = 0
    for number, (judge, items) in enumerate(sorted(by_judge.items())):
        random = np.random.default_rng([seed, number])
        label = np.array([item["label"] == 1 for item in items])
        verdict = np.array([_read(item["verdicts"]["as_is"]) for item in items])
        swapped = np.array([_read(item["verdicts"]["swapped"]) for item in items])
        bias = order_bias((_choice(a), _choice(b)) for a, b in zip(verdict, swapped, strict=True))
        granted = _granted(label, verdict, swapped, terms, random, max(200, draws // 10))
        covers, width, raw = _coverage(label, verdict, random, draws)
        whole = _counts(label, verdict)
        print(
            f"  {judge:>12} {whole.agreement or 0:12.3f} {whole.sensitivity or 0:12.3f} {whole.specificity or 0:12.3f} "
            f"{bias.same / max(1, bias.pairs):12.3f} {bias.toward_first or 0:+12.3f} {granted:12.1%} {covers:12.1%} "
            f"{width:12.3f} {raw:12.1%}"
        )
        error = 3 * (0.95 * 0.05 / draws) ** 0.5
        broken += covers < 0.945 - error
        broken += (judge == GRANTED and granted < 0.9) + (judge == REFUSED and granted > 0.05)
    print(
        "  a verdict is yes where output 1 is chosen. toward first: pairs decided for the first place in both orders,"
    )
    print("  minus those decided for the second. width: of the corrected 95 % interval, mean over draws")
    return broken


def _read(said: str | None) -> int:
    return {"1": _YES, "2": _NO}.get(str(said), _UNREAD)


def _choice(verdict: int) -> int | None:
    return {_YES: 1, _NO: 2}.get(int(verdict))


def _counts(label: NDArray[np.bool_], verdict: NDArray[np.int64]) -> Confusion:
    def count(of: NDArray[np.bool_], said: int) -> int:
        return int((verdict[of] == said).sum())

    return Confusion(
        true_yes=count(label, _YES),
        false_no=count(label, _NO),
        true_no=count(~label, _NO),
        false_yes=count(~label, _YES),
        unread_of_yes=count(label, _UNREAD),
        unread_of_no=count(~label, _UNREAD),
    )


def _granted(
    label: NDArray[np.bool_],
    verdict: NDArray[np.int64],
    swapped: NDArray[np.int64],
    terms: JudgeTerms,
    random: np.random.Generator,
    draws: int,
) -> float:
    granted = 0
    for _ in range(draws):
        pick = random.choice(len(label), LABELS, replace=False)
        both = pick[(verdict[pick] != _UNREAD) & (swapped[pick] != _UNREAD)]
        flips = int((verdict[both] != swapped[both]).sum())
        licence = grant_licence(_counts(label[pick], verdict[pick]), Stability(order=(flips, len(both))), terms=terms)
        granted += licence.granted
    return granted / draws


def _coverage(
    label: NDArray[np.bool_], verdict: NDArray[np.int64], random: np.random.Generator, draws: int
) -> tuple[float, float, float]:
    """Share of draws whose corrected interval, and whose raw one, holds the true share; mean width of the former."""
    yes, no = verdict[label] == _YES, verdict[~label] == _YES
    covered = raw_covered = 0
    width = 0.0
    for number in range(draws):
        truth = SHARES[number % len(SHARES)]
        pick = random.integers(0, len(label), LABELS)
        labelled = _counts(label[pick], verdict[pick])
        right = random.binomial(ANSWERS, truth)
        said = int(random.choice(yes, right).sum() + random.choice(no, ANSWERS - right).sum())
        found = corrected_rate(said, ANSWERS, labelled).interval
        raw = wilson(said, ANSWERS)
        low, high = found.low or 0.0, 1.0 if found.high is None else found.high
        covered += low <= truth <= high
        width += high - low
        raw_covered += raw is not None and (raw.low or 0.0) <= truth <= (1.0 if raw.high is None else raw.high)
    return covered / draws, width / draws, raw_covered / draws
