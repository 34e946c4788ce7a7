"""A mined suite in, the sample of its review labels out, with the fixes; what a person said of them, into its sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records.roles import Confirmed, ReviewLabel
from milo_bench.roles.git import open_repository
from milo_bench.roles.labels import confirm_labels, label_precision, label_sample
from milo_bench.suites.load import load_suite

_MOST_FIX = 8_000


@dataclass(frozen=True)
class LabelSample:
    """The sampled labels of a suite, and the sentence on their precision that is printed beside figures."""

    suite: str
    labels: tuple[ReviewLabel, ...]
    precision: str


def read_labels(suite: AnyPath) -> LabelSample:
    """The sample of a mined suite. Raises DataError where it has none."""
    loaded = load_suite(str(suite))
    return LabelSample(loaded.ref.name, label_sample(loaded), label_precision(loaded.root))


def set_labels(suite: AnyPath, answers: Mapping[str, Confirmed]) -> LabelSample:
    """Write answers into the suite's sheet. Raises UsageError for a fixture that is not in the sample."""
    confirm_labels(load_suite(str(suite)).root, answers)
    return read_labels(suite)


def fixes_of(label: ReviewLabel, repository: Path | None) -> tuple[str, ...]:
    """Subject and diff of each fix, from the repository that was mined; none without it."""
    if repository is None:
        return ()
    found = []
    with open_repository(repository) as opened:
        for fix in label.fixes:
            try:
                subject = opened.run("log", "-1", "--format=%s", "--end-of-options", fix, "--")
                diff = opened.diff(f"{fix}^", fix, list(label.lines))
            except DataError:
                continue
            text = (subject + b"\n" + diff).decode("utf-8", "replace")
            found.append(text if len(text) <= _MOST_FIX else f"{text[:_MOST_FIX]}\n(cut)")
    return tuple(found)
