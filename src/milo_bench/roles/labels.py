"""Review cases in, a sample of their labels for a person to confirm out; and back, how many were right."""

from __future__ import annotations

import csv
import io
import random
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.core.errors import UsageError
from milo_bench.core.files import write_file
from milo_bench.core.records.roles import Confirmed, ReviewLabel
from milo_bench.stats.silver import silver_text
from milo_bench.suites.load import Suite
from milo_bench.suites.sheets.labels import COLUMNS, LABELS, count_labels, said_of, sheet_rows, sheet_text

_SAMPLE: Final = 12


def labels_sheet(fixtures: Iterable[dict[str, Any]], before: str, seed: int) -> str:
    """A row for each sampled faulty case; what ``before`` confirmed is kept. ``confirmed`` is yes, no or ""."""
    known = {row["fixture"]: row for row in sheet_rows(before)}
    faulty = {one["id"]: one for one in fixtures if "faulty" in one["tags"]}
    order = sorted(faulty)
    random.Random(seed).shuffle(order)  # noqa: S311  a sample, not a secret
    chosen = [name for name in known if name in faulty]
    chosen += [name for name in order if name not in known][: max(0, _SAMPLE - len(chosen))]
    rows = []
    for name in chosen:
        expect = faulty[name]["expect"]["review"]
        lines = "; ".join(f"{path}:{','.join(map(str, numbers))}" for path, numbers in expect["lines"].items())
        rows.append(
            {
                "fixture": name,
                "commit": faulty[name]["provenance"]["commit"],
                "fix": " ".join(expect["fixes"]),
                "lines": lines,
                "confirmed": known.get(name, {}).get("confirmed", ""),
            }
        )
    return _sheet(rows)


def _sheet(rows: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def rejected_labels(sheet: str) -> frozenset[str]:
    """Fixtures whose label a person rejected."""
    return frozenset(row["fixture"] for row in sheet_rows(sheet) if said_of(row) == "no")


def label_sample(suite: Suite) -> tuple[ReviewLabel, ...]:
    """The sampled labels of a mined suite, as its sheet has them. Raises DataError without a sheet that can be read."""
    place = suite.root / LABELS
    fixtures = {one.id: one for one in suite.fixtures if "review" in one.expect}
    found = []
    for row in sheet_rows(sheet_text(place)):
        fixture = fixtures.get(row["fixture"])
        if fixture is None:  # rejected by hand, so that the next mining left it out
            found.append(ReviewLabel(row["fixture"], row.get("commit") or "", (), {}, "", said_of(row)))
            continue
        expect = fixture.expect["review"]
        found.append(
            ReviewLabel(
                fixture=fixture.id,
                commit=str(fixture.provenance.get("commit", "")),
                fixes=tuple(str(one) for one in expect.get("fixes", ())),
                lines={str(path): tuple(numbers) for path, numbers in expect.get("lines", {}).items()},
                diff=str(fixture.input.get("diff", "")),
                confirmed=said_of(row),
            )
        )
    return tuple(found)


def confirm_labels(folder: Path, answers: Mapping[str, Confirmed]) -> None:
    """Write what a person said of labels into the sheet. Raises UsageError for a fixture that is not in the sample."""
    place = folder / LABELS
    rows = sheet_rows(sheet_text(place))
    unknown = [name for name in answers if not any(row["fixture"] == name for row in rows)]
    if unknown:
        message = f"'{unknown[0]}' is not in the sample of {place}."
        raise UsageError(message, hint=f"milo-bench roles labels {shlex.quote(str(folder))}")
    for row in rows:
        row["confirmed"] = answers.get(row["fixture"], row.get("confirmed") or "")
    write_file(place, _sheet(rows), mode=0o644)


def label_precision(folder: Path) -> str:
    """How far the labels of the folder's review cases can be trusted, as a sentence. "" where it has none."""
    labels = count_labels(folder)
    return "" if labels is None else silver_text(labels)
