"""Counts and durations in, a page in Prometheus' text format out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Final

LABEL_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
CONTENT_TYPE: Final = "; ".join(("text/plain", "version=0.0.4", "charset=utf-8"))


class Counter:
    """A total that only grows, by label values."""

    kind = "counter"

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = ()) -> None:
        self.name, self.help, self.labels = name, help, labels
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, *values: str, by: float = 1.0) -> None:
        try:
            self._values[values] += by
        except KeyError:
            self._values[values] = by

    def lines(self) -> Iterable[str]:
        for values, total in sorted(self._values.items()):
            yield f"{self.name}{_labels(self.labels, values)} {digits(total)}"


class Histogram:
    """Durations in seconds, by label values."""

    kind = "histogram"

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = (), bounds: tuple[float, ...] = SECONDS) -> None:
        self.name, self.help, self.labels, self._bounds = name, help, labels, bounds
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, value: float, *values: str) -> None:
        counts = self._counts.get(values)
        if counts is None:
            counts = self._counts[values] = [0] * (len(self._bounds) + 1)
            self._sums[values] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[values] += value

    def observe_all(self, observed: list[float], *values: str) -> None:
        """Many at once cost little more than one."""
        if not observed:
            return
        self.observe(observed[0], *values)
        rest = sorted(observed[1:])
        counts, below = self._counts[values], 0
        self._sums[values] += sum(rest)
        for place, bound in enumerate((*self._bounds, inf)):
            upto = bisect_right(rest, bound)
            counts[place] += upto - below
            below = upto

    def lines(self) -> Iterable[str]:
        for values, counts in sorted(self._counts.items()):
            total = 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                yield f"{self.name}_bucket{_labels((*self.labels, 'le'), (*values, bound))} {total}"
            yield f"{self.name}_sum{_labels(self.labels, values)} {digits(self._sums[values])}"
            yield f"{self.name}_count{_labels(self.labels, values)} {total}"


class Gauge:
    """Values of now, asked for when the page is read: by label values."""

    kind = "gauge"

    def __init__(
        self, name: str, help: str, labels: tuple[str, ...], read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        self.name, self.help, self.labels, self._read = name, help, labels, read

    def lines(self) -> Iterable[str]:
        for values, value in sorted(self._read().items()):
            yield f"{self.name}{_labels(self.labels, values)} {digits(value)}"


def metrics_page(metrics: Iterable[Counter | Histogram | Gauge]) -> str:
    """Every metric with its help and type."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
    return "\n".join(lines) + "\n"


def digits(value: float) -> str:
    """Every digit: a counter beyond a million would otherwise stand still."""
    return str(int(value)) if value == int(value) else repr(value)


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    said = ",".join(f'{name}="{value.translate(LABEL_ESCAPES)}"' for name, value in zip(names, values, strict=True))
    return f"{{{said}}}"
