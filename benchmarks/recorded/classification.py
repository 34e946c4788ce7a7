"""Texts with gold labels and the answers of many models in; imported, graded, and decided on samples of them.

The rate on all texts is the truth. A gate on accuracy is judged on seeded samples of 60 and 180 texts by the exact
bounds of ``decide``, and with every text as a look by the betting bounds that ``run --until-decided`` stops by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded.cost import Cost, measured
from benchmarks.recorded.data import unpacked
from milo_bench import api
from milo_bench.evidence.joining import join_columns
from milo_bench.stats.betting import log_wealth, look_sizes
from milo_bench.stats.cases.columns import fixture_table
from milo_bench.stats.exact import exact_ends
from milo_bench.store.log.reader import read_run_log

CONFIDENCE = 0.95
SIZES = (60, 180)
BOUNDS = (0.80, 0.85, 0.90, 0.95)  # thresholds as teams write them
DISTANCES = (0.01, 0.02, 0.05, 0.10, math.inf)
_LOOK = np.array([0.0, 1.0])


@dataclass(frozen=True)
class Graded:
    """What was imported and graded: ``right[model, text]``, and what could not be read. ``cost`` is that of both."""

    name: str
    models: tuple[str, ...]
    right: NDArray[np.bool_]
    unread: tuple[str, ...]
    null_class: str
    null_rate: float
    recalls: dict[str, NDArray[np.float64]]
    cost: Cost
    log: Path
    suite: Path


def import_and_grade(name: str, texts: Path, answers: Path, out: Path) -> Graded:
    """Import into ``out`` (a suite and a log) as a user would, then grade every attempt."""
    suite, log = out / "suite", out / "imported.jsonl"
    with measured() as cost:
        with unpacked(texts) as plain:
            request = api.ImportRequest(plain, id_column="id", inputs=("text",), label="gold")
            api.import_suite(request, out=suite, format_name="jsonl", name=name)
        wanted = api.RecordedImport(files=[answers], out=log, format="jsonl", suite=str(suite))
        imported = api.import_recorded(wanted)
        read = read_run_log(log)
        table = fixture_table(list(read.fixtures.values()))
        columns = join_columns([read], table)
    for count, problem in imported.left:
        print(f"{name}: not imported ({count}): {problem.what}, first in {problem.where}")
    for problem in imported.broken:
        print(f"{name}: not imported: {problem.where}: {problem.what}")
    models, right, unread, recalls = [], [], [], {}
    with_gold = np.array(["label" in fixture.expect for fixture in read.fixtures.values()])
    if not with_gold.all():
        print(f"{name}: {int((~with_gold).sum())} texts have no gold label and are left out")
    null_class, null_rate = "", 0.0
    lacking = 0
    for candidate, all_cases in columns.items():
        cases = all_cases.take(all_cases.repeat == 0)
        known = {category for (check, category) in cases.categories if check == "label"}
        answered = int((cases.outcome >= 0).sum())
        if known == {"unknown_label"} and len(cases.categories[("label", "unknown_label")]) == answered:
            unread.append(candidate.target)
            continue
        one = np.zeros(len(table.ids), dtype=np.bool_)  # a missing answer is a wrong one
        one[cases.fixture] = (cases.want == cases.got) & (cases.want >= 0)
        lacking += len(cases) < len(table.ids)
        models.append(candidate.target)
        right.append(one[with_gold])
        for place, label in enumerate(cases.labels):
            of = cases.want == place
            if of.any():
                recalls.setdefault(label, []).append(float((cases.got[of] == place).mean()))
                share = float(of.sum() / max(1, (cases.want >= 0).sum()))
                if share > null_rate:
                    null_class, null_rate = label, share
    if lacking:
        print(f"{name}: {lacking} models lack answers to some texts; each of those counts as wrong")
    return Graded(
        name,
        tuple(models),
        np.array(right),
        tuple(unread),
        null_class,
        null_rate,
        {label: np.array(values) for label, values in recalls.items()},
        cost,
        log,
        suite,
    )


@dataclass
class Errors:
    """Wrong keeps, wrong rejects and undecided of ``runs`` decisions."""

    runs: int = 0
    wrong_keep: int = 0
    wrong_reject: int = 0
    undecided: int = 0
    bad: int = 0  # runs on models below the bound, in which a keep would be wrong
    calls: float = 0.0

    def add(self, good: bool, passed: int, failed: int, runs: int, calls: float = 0.0) -> None:
        self.runs += runs
        self.undecided += runs - passed - failed
        self.bad += 0 if good else runs
        self.wrong_keep += 0 if good else passed
        self.wrong_reject += failed if good else 0
        self.calls += calls

    def join(self, other: Errors) -> None:
        for name in ("runs", "wrong_keep", "wrong_reject", "undecided", "bad", "calls"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def breaks(self, confidence: float) -> bool:
        """Whether either error is more than three standard errors above its promise."""
        promised = 1 - confidence
        return any(
            wrong > promised * of + 3 * math.sqrt(promised * confidence * of)
            for wrong, of in ((self.wrong_keep, self.bad), (self.wrong_reject, self.runs - self.bad))
        )

    @staticmethod
    def share(part: int, of: int) -> str:
        if not of:
            return "      none     "
        rate = part / of
        error = math.sqrt(max(rate * (1 - rate), 1 / of / of) / of)
        return f"{rate:6.2%} ±{error:6.2%}"

    @property
    def text(self) -> str:
        keep, reject = self.share(self.wrong_keep, self.bad), self.share(self.wrong_reject, self.runs - self.bad)
        return f"{keep}  {reject}  {self.undecided / max(1, self.runs):7.1%}"


def fixed_errors(graded: Graded, bound: float, size: int, samples: int, seed: int) -> dict[float, Errors]:
    """Errors by distance from the bound: ``samples`` samples of ``size`` texts for each model, without repeats."""
    random = np.random.default_rng([seed, size])
    of = graded.right.shape[1]
    verdicts = np.array([_verdict(k, size, bound) for k in range(size + 1)])
    found = {distance: Errors() for distance in DISTANCES}
    for right in graded.right:
        held = int(right.sum())
        drawn = verdicts[random.hypergeometric(held, of - held, size, samples)]
        truth = held / of
        errors = _place(found, truth, bound)
        errors.add(truth >= bound, int((drawn == 1).sum()), int((drawn == -1).sum()), samples, size * samples)
    return found


def _verdict(k: int, n: int, bound: float) -> int:
    low, high = exact_ends(k, n, CONFIDENCE)
    return 1 if low >= bound else -1 if high < bound else 0


def _place(found: dict[float, Errors], truth: float, bound: float) -> Errors:
    return next(errors for distance, errors in found.items() if abs(truth - bound) <= distance + 1e-12)


def until_decided_errors(graded: Graded, bound: float, orders: int, seed: int) -> dict[float, Errors]:
    """The same with one text after another in seeded random orders, until the bound is decided or none is left."""
    random = np.random.default_rng([seed, 0])
    of = graded.right.shape[1]
    needed = -math.log1p(-CONFIDENCE)
    looks = [look for look in look_sizes(of) if look]
    keep_from = np.full(of + 1, of + 1)
    fail_to = np.full(of + 1, -1)
    for look in looks:
        keep_from[look] = _least_that(look, lambda k, n=look: log_wealth(_LOOK, np.array([n - k, k]), bound) >= needed)
        least_wrong = _least_that(look, lambda k, n=look: log_wealth(_LOOK, np.array([n - k, k]), 1 - bound) >= needed)
        fail_to[look] = look - least_wrong
    found = {distance: Errors() for distance in DISTANCES}
    places = np.arange(1, of + 1)
    for right in graded.right:
        truth, passed, failed, calls = float(right.mean()), 0, 0, 0
        for _ in range(orders):
            sums = np.cumsum(right[random.permutation(of)])
            good, bad = sums >= keep_from[places], sums <= fail_to[places]
            stop = int(np.argmax(good | bad)) if (good | bad).any() else of - 1
            passed += bool(good[stop])
            failed += bool(bad[stop]) and not good[stop]
            calls += stop + 1
        _place(found, truth, bound).add(truth >= bound, passed, failed, orders, calls)
    return found


def _least_that(most: int, holds: object) -> int:
    """The least k of 0..most for which ``holds``, which stays true once it is; ``most + 1`` where it never is."""
    assert callable(holds)
    low, high = 0, most + 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def total(found: dict[float, Errors]) -> Errors:
    """The errors at every distance together."""
    whole = Errors()
    for one in found.values():
        whole.join(one)
    return whole


def report(graded: Graded, *, samples: int, orders: int, seed: int) -> int:
    """Print the figures; how many promises are broken."""
    of = graded.right.shape[1]
    rates = graded.right.mean(axis=1)
    attempts = (len(graded.models) + len(graded.unread)) * of
    print(f"\n{graded.name}: {len(graded.models) + len(graded.unread)} models on {of:,} texts")
    print(f"  {attempts:,} attempts imported and graded in {graded.cost.text}")
    print(f"  null model: always '{graded.null_class}' is right on {graded.null_rate:.1%}", end="")
    beaten = int((rates <= graded.null_rate).sum())
    print(f"; {beaten} of {len(rates)} models are right no more often")
    print("  recall by class, median of models: ", end="")
    print(", ".join(f"'{label}' {np.median(values):.1%}" for label, values in graded.recalls.items()))
    for model in graded.unread:
        print(f"  {model}: no answer could be read as a label. A failure of the harness, not a verdict; left out below")
    broken, every = 0, {title: {distance: Errors() for distance in DISTANCES} for title in _roads(of)}
    for bound in BOUNDS:
        reached = ". The null model reaches it: no keep by accuracy alone" if graded.null_rate >= bound else ""
        print(
            f"\n  accuracy of at least {bound:.0%}: {int((rates >= bound).sum())} of {len(rates)} models are{reached}"
        )
        print(f"  {'':<28} {'wrong keep':>15}  {'wrong reject':>15}  {'undecided':>7}  {'calls':>9}")
        found = {f"{size} texts": fixed_errors(graded, bound, size, samples, seed) for size in _sizes(of)}
        found["until decided"] = until_decided_errors(graded, bound, orders, seed)
        for title, errors in found.items():
            for distance, one in errors.items():
                every[title][distance].join(one)
            _print_row(title, total(errors))
            broken += sum(one.breaks(CONFIDENCE) for one in errors.values())
    print(f"\n  all {len(BOUNDS)} thresholds, by distance of the true rate from the threshold")
    print(f"  {'':<28} {'wrong keep':>15}  {'wrong reject':>15}  {'undecided':>7}  {'calls':>9}")
    for title, errors in every.items():
        _print_row(title, total(errors))
        for distance, one in errors.items():
            if one.runs:
                name = f"within {distance * 100:.0f} points" if math.isfinite(distance) else "further away"
                _print_row(f"  {name}", one)
    return broken + _print_saved(every, of)


def _sizes(of: int) -> tuple[int, ...]:
    """The sizes of samples that a set of ``of`` texts has room for."""
    return tuple(size for size in SIZES if size < of)


def _roads(of: int) -> tuple[str, ...]:
    return (*(f"{size} texts" for size in _sizes(of)), "until decided")


def _print_row(title: str, errors: Errors) -> None:
    print(f"  {title:<28} {errors.text}  {errors.calls / errors.runs:9.1f}")


def _print_saved(every: dict[str, dict[float, Errors]], of: int) -> int:
    """What stopping when decided saves; 1 where it is less than half of all calls of a set of 1,000."""
    until = total(every["until decided"])
    mean = until.calls / until.runs
    print(f"  until decided asks {1 - mean / of:.1%} less than all {of:,}", end="")
    for size in _sizes(of):
        fixed = total(every[f"{size} texts"])
        print(f", {mean / size:.1f} times {size} (which leaves {fixed.undecided / fixed.runs:.0%} undecided)", end="")
    print(f". It leaves {until.undecided / until.runs:.0%} undecided after all {of:,}")
    near = every["until decided"][DISTANCES[0]]
    if near.runs:
        saved = 1 - near.calls / near.runs / of
        print(f"  within {DISTANCES[0] * 100:.0f} point of a threshold little can be saved: {saved:.0%} of the calls")
    return int(of >= 1_000 and mean > of / 2)
