"""Graded attempts of one suite in, a scorecard of measures out; every figure with n, most with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from milo_bench.core.records import (
    Attempt,
    Decoding,
    Fixture,
    Frozen,
    Graded,
    Interval,
    Measure,
    SuiteRef,
    TargetRecord,
)
from milo_bench.stats.clustered_values import clustered_mean, clustered_quantile_interval, numbered
from milo_bench.stats.gather import Group, Tally, Values
from milo_bench.stats.intervals import clustered_wilson, quantile
from milo_bench.stats.representatives import choose_representatives

EXAMPLES_PER_CATEGORY = 3


class ErrorCategory(Frozen, frozen=True):
    """One way in which a workload fails on a target: how often, and attempts that show it, chosen to differ."""

    workload: str
    target: str
    decoding: Decoding
    check: str
    category: str
    attempts: int
    of: int
    examples: tuple[str, ...]


class Confusion(Frozen, frozen=True):
    """Counts of (expected, got) labels; ``labels`` gives the order of rows and columns."""

    workload: str
    target: str
    decoding: Decoding
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Scorecard(Frozen, frozen=True):
    """Measures of one suite, over one or more run logs."""

    suite: SuiteRef
    variants: dict[str, str]
    targets: tuple[TargetRecord, ...]
    planned: int
    attempted: int
    measures: tuple[Measure, ...]
    categories: tuple[ErrorCategory, ...] = ()
    confusions: tuple[Confusion, ...] = ()

    def find(
        self, name: str, workload: str, target: str, *, slice: str = "", decoding: Decoding = "free"
    ) -> Measure | None:
        """The one measure of that name, or None."""
        for measure in self.measures:
            if (measure.name, measure.workload, measure.target, measure.slice, measure.decoding) == (
                name,
                workload,
                target,
                slice,
                decoding,
            ):
                return measure
        return None


class ScorecardBuilder:
    """Takes attempts one at a time and keeps numbers only, so a long log needs little memory."""

    def __init__(
        self, suite: SuiteRef, targets: Iterable[TargetRecord], variants: Mapping[str, str] | None = None
    ) -> None:
        self.suite = suite
        self.variants = dict(variants or {})
        self.targets = {target.name: target for target in targets}
        self.planned = 0
        self._attempted = 0
        self._groups: dict[tuple[str, str, Decoding], Group] = {}
        self._fixtures: dict[str, Fixture] = {}
        self._peak_memory: dict[str, int] = {}

    def add(self, attempt: Attempt, graded: Graded, fixture: Fixture) -> None:
        """Count one attempt: the last retry of its key."""
        key = attempt.key
        place = (fixture.workload, key.target, key.decoding)
        group = self._groups.get(place)
        if group is None:
            group = self._groups[place] = Group(fixture.workload, self.targets[key.target], key.decoding)
        self._fixtures[fixture.id] = fixture
        self._attempted += 1
        group.retries += key.retry
        group.add(attempt, graded, fixture)

    def add_memory(self, target: str, memory_bytes: int) -> None:
        """One telemetry sample of a target's server: resident bytes of its process tree."""
        self._peak_memory[target] = max(memory_bytes, self._peak_memory.get(target, 0))

    def build(self) -> Scorecard:
        measures: list[Measure] = []
        categories: list[ErrorCategory] = []
        confusions: list[Confusion] = []
        for group in self._groups.values():
            writer = _GroupMeasures(group)
            measures += writer.measures(self._peak_memory.get(group.target.name))
            categories += self._categories(group)
            if group.confusion:
                confusions.append(_confusion(group))
        return Scorecard(
            suite=self.suite,
            variants=self.variants,
            targets=tuple(self.targets.values()),
            planned=self.planned,
            attempted=self._attempted,
            measures=tuple(measures),
            categories=tuple(categories),
            confusions=tuple(confusions),
        )

    def _categories(self, group: Group) -> list[ErrorCategory]:
        answered = int(sum(group.passed_of_answered.asked.values()))
        found = []
        for (check, category), examples in group.categories.items():
            keys = dict(examples)
            chosen = choose_representatives(
                {key: self._fixtures[fixture].tags for key, fixture in keys.items()}, EXAMPLES_PER_CATEGORY
            )
            found.append(
                ErrorCategory(
                    workload=group.workload,
                    target=group.target.name,
                    decoding=_decoding(group),
                    check=check,
                    category=category,
                    attempts=len(keys),
                    of=answered,
                    examples=chosen,
                )
            )
        return sorted(found, key=lambda entry: (-entry.attempts, entry.check, entry.category))


class _GroupMeasures:
    """Turns one group's tallies into measures."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.out: list[Measure] = []

    def measures(self, peak_memory_bytes: int | None) -> list[Measure]:
        group = self.group
        self._rate("pass_rate", group.passed)
        self._rate("pass_rate_of_answers", group.passed_of_answered)
        self._rate("failure_rate", group.failed)
        attempts = int(sum(group.passed.asked.values()))
        for kind, tally in sorted(group.by_failure.items()):
            of_kind = Tally(
                {cluster: tally.held.get(cluster, 0.0) for cluster in group.failed.asked}, group.failed.asked
            )
            self._rate("failure_rate", of_kind, f"kind={kind}")
        if any(group.bypassed.held.values()):
            self._rate("bypass_rate", group.bypassed)
        self._quality()
        self._labels()
        for tag, tally in sorted(group.by_tag.items()):
            self._rate("pass_rate", tally, f"tag={tag}")
        self._speed()
        if peak_memory_bytes is not None:
            self._add("peak_memory_bytes", float(peak_memory_bytes), "bytes", 1, note="resident, whole process tree")
        if group.retries:
            self._add("retries", float(group.retries), "count", attempts)
        return self.out

    def _quality(self) -> None:
        group = self.group
        if "json_reading" in group.by_check:
            self._rate("json_valid_rate", group.by_check["json_reading"])
        fields = [tally for (check, _), tally in group.by_subject.items() if check == "exact_fields"]
        if fields:
            self._rate("field_accuracy", _merged(fields))
            for (check, subject), tally in sorted(group.by_subject.items()):
                if check == "exact_fields":
                    self._rate("field_accuracy", tally, f"field={subject}")
        if "citation_coverage" in group.by_parts:
            self._rate("citation_coverage", group.by_parts["citation_coverage"])
        if group.unsupported.asked:
            self._rate("unsupported_claim_rate", group.unsupported)
        if group.policy_broken.asked:
            self._rate("policy_violation_rate", group.policy_broken)
        if any(group.flagged.asked.values()):
            self._rate("flagged_rate", group.flagged)
        for check, tally in sorted(group.by_check.items()):
            self._rate("check_pass_rate", tally, f"check={check}")

    def _labels(self) -> None:
        group = self.group
        if not group.confusion:
            return
        self._rate("accuracy", group.right)
        for label in sorted(group.recalled.keys() | group.precise.keys()):
            self._rate("recall", group.recalled.get(label, Tally()), f"class={label}")
            self._rate("precision", group.precise.get(label, Tally()), f"class={label}")

    def _speed(self) -> None:
        group = self.group
        for name, times in (("latency", group.latency_s), ("ttft", group.ttft_s)):
            for q, label in ((0.5, "p50"), (0.95, "p95")):
                self._quantile(f"{name}_{label}_s", times, q)
        means: tuple[tuple[str, Values, str], ...] = (
            ("decode_tokens_per_s", group.decode_tokens_per_s, "tokens/s"),
            ("prompt_tokens_mean", group.prompt_tokens, "tokens"),
            ("output_tokens_mean", group.output_tokens, "tokens"),
            ("cost_usd_mean", group.cost_usd, "USD"),
        )
        for name, found, unit in means:
            values = found.values
            if values:
                interval = clustered_mean(values, numbered(found.clusters), least=0.0)
                self._add(name, sum(values) / len(values), unit, len(values), interval=interval)
        if group.cut.asked:
            self._rate("cut_at_max_tokens_rate", group.cut)

    def _quantile(self, name: str, times: Values, q: float) -> None:
        values = times.values
        if not values:
            return
        value = quantile(values, q)
        lost = sum(1 for v in values if v == float("inf"))
        reached = value is not None and value != float("inf")
        note = "" if reached else f"falls among the {lost} failed of {len(values)}"
        interval = clustered_quantile_interval(values, numbered(times.clusters), q)
        self._add(name, value if reached else None, "s", len(values), interval=interval, note=note)

    def _rate(self, name: str, tally: Tally, slice: str = "") -> None:
        held, asked = list(tally.held.values()), list(tally.asked.values())
        n = int(sum(asked))
        k = int(sum(held))
        value = k / n if n else None
        self._add(name, value, "share", n, slice=slice, interval=clustered_wilson(held, asked), k=k)

    def _add(
        self,
        name: str,
        value: float | None,
        unit: str,
        n: int,
        *,
        slice: str = "",
        interval: Interval | None = None,
        k: int | None = None,
        note: str = "",
    ) -> None:
        self.out.append(
            Measure(
                name=name,
                workload=self.group.workload,
                target=self.group.target.name,
                value=value,
                unit=unit,
                n=n,
                slice=slice,
                interval=interval,
                k=k,
                decoding=_decoding(self.group),
                note=note,
            )
        )


def _decoding(group: Group) -> Decoding:
    return "constrained" if group.decoding == "constrained" else "free"


def _merged(tallies: Iterable[Tally]) -> Tally:
    merged = Tally()
    for tally in tallies:
        for cluster, asked in tally.asked.items():
            merged.add(cluster, tally.held[cluster], asked)
    return merged


def _confusion(group: Group) -> Confusion:
    labels = tuple(sorted({want for want, _ in group.confusion} | {got for _, got in group.confusion}))
    counts = tuple(tuple(group.confusion[(want, got)] for got in labels) for want in labels)
    return Confusion(group.workload, group.target.name, _decoding(group), labels, counts)
