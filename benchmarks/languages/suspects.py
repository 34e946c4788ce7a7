"""``python -m benchmarks.languages.suspects``: the learned score of ``guards/promises/suspects.py``, fitted, measured.

Logistic regression over hashed pieces of words on the labelled sentences of seven writers, with ordinary sentences of
offices as harmless ones. To measure it, each writer is left out in turn, with all texts of others that are near one of
theirs, and counts as caught what the rules of then found (``then_promises.json``: those from before any text of the
writer was used) or the score suspects. Last come an eighth writer's sentences and ordinary news, by the rules and the
weights of today. ``--write`` puts weights and figures into the package. It takes about half a minute of one processor.
Exit code 1 where the figures are not those in the package.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, vstack

from benchmarks.languages.rules import DATA
from benchmarks.languages.written import write_rows
from milo_bench.guards.measured import DetectorCounts, Measured, all_measured, wilson_95
from milo_bench.guards.promises import suspects
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.promises.suspects import BUCKETS, DETECTOR, SUSPECTS_VERSION, LearnedWeights, buckets_of
from milo_bench.guards.sentences import split_sentences

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
FILE: Final = Path(suspects.__file__).with_name("suspects.json")
SUITES: Final = Path(suspects.__file__).parents[2] / "suites"
THEN: Final = Path(__file__).with_name("then_promises.json")
NEW: Final = DATA.parent / "promises_offices_eighth.jsonl"  # an eighth writer's, which nothing was learned from
TEAM: Final = "team"
# The files of each writer; the team wrote the rules too, so its own texts only teach.
WRITERS: Final = {
    TEAM: (
        *(f"languages/promises/{language}.jsonl" for language in LANGUAGES if language != "en"),
        "promises_labelled.jsonl",
        "promises_by_language_more.jsonl",
        "promises_forms_tune.jsonl",
        "promises_office_work.jsonl",
    ),
    "second": ("promises_independent.jsonl",),
    "third": ("promises_fresh_en.jsonl", "promises_fresh_abroad.jsonl", "promises_doubt_tune.jsonl"),
    "fourth": ("promises_letters.jsonl",),
    "fifth": ("promises_offices.jsonl", "promises_offices_third.jsonl"),
    "sixth": ("promises_offices_fourth.jsonl", "promises_offices_fifth.jsonl"),
    "seventh": ("offices_seventh/promises.jsonl",),
}
NEAR: Final = 0.7  # cosine of two sentences that tell the same
ORDINARY: Final = 1.0  # weight of an ordinary sentence
LET_PASS: Final = 0.82  # of harmless sentences in the sets, which are written to be hard
_NOTE: Final = (
    "Promises that the rules of then found or left for a person, or that the learned score suspects, where the texts "
    "of the writer, and all near them, are kept out of what it learned from. The harmless sentences are written to be "
    "hard."
)


class Sentence(NamedTuple):
    """``then`` says whether the rules of then caught it; False for the team's own."""

    writer: str
    language: str
    text: str
    promise: bool
    then: bool


def sentences() -> list[Sentence]:
    """All labelled sentences, by writer and file."""
    caught: dict[str, str] = json.loads(THEN.read_text("utf-8"))
    found: list[Sentence] = []
    for writer, names in WRITERS.items():
        for name in names:
            rows = _rows(DATA.parent / name)
            then = caught.get(name, "0" * len(rows))
            language = Path(name).stem if name.startswith("languages/") else "en"
            found += (
                Sentence(
                    writer,
                    row.get("language") or language,
                    row["text"],
                    bool(row.get("promise", row.get("label") == "promise")),
                    was == "1",
                )
                for row, was in zip(rows, then, strict=True)
            )
    return found


def ordinary_sentences() -> list[tuple[str, str]]:
    """Sentences and languages of the sets of other rules and of the built-in cases, but those that a rule catches."""
    found = dict.fromkeys(
        (part.text, language)
        for text, language in _ordinary_texts()
        for part in split_sentences(text)
        if len(part.text.split()) > 2
    )
    return [one for one in found if not read_promises(one[0], expected=one[1])]


def _ordinary_texts() -> Iterator[tuple[str, str]]:
    for rule in ("certainty", "facts", "keywords", "personal", "requests", "reviewed"):
        for language in LANGUAGES:
            for row in _rows(DATA / rule / f"{language}.jsonl"):
                if not row.get("serious"):
                    yield row["text"], language
                if rule == "facts":
                    yield row["source"], language
    for language in ("en", "de", "fr", "es"):
        folder = "builtin/case_ops_v1" if language == "en" else f"languages/case_ops_v1@{language}"
        for row in _rows(SUITES / folder / "fixtures/drafting.jsonl"):
            for event in row["input"]["case"]["events"]:
                yield event["text"], language


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def matrix(texts: Sequence[tuple[str, str]]) -> csr_matrix:
    """One row for each sentence and language, ``BUCKETS`` columns; each of its two parts has the length 1 per copy."""
    places: list[int] = []
    ends, values = [0], []
    for text, language in texts:
        for buckets in buckets_of(text, language):
            places += buckets
            values += [1 / (len(buckets) / 2) ** 0.5] * len(buckets)
        ends.append(len(places))
    made = csr_matrix((values, places, ends), shape=(len(texts), BUCKETS))
    made.sum_duplicates()
    return made


def fit(rows: csr_matrix, promise: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of the buckets and bias of a logistic regression with a ridge of 1/2, by L-BFGS.

    Buckets count by the inverse of the number of sentences that have them. Weights are rounded to 8 bits.
    """
    seen = np.asarray((rows > 0).sum(0)).ravel()
    rare = np.log((1 + rows.shape[0]) / (1 + seen)) + 1
    scaled, sign = rows @ diags(rare), np.where(promise, 1.0, -1.0)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (scaled @ point[:-1] + point[-1])
        pull = -sign * weight / (1 + np.exp(np.clip(margin, -500, 500)))
        slope = np.append(scaled.T @ pull + point[:-1], pull.sum())
        return float(weight @ np.logaddexp(0, -margin) + point[:-1] @ point[:-1] / 2), slope

    best = minimize(loss, np.zeros(BUCKETS + 1), jac=True, method="L-BFGS-B", options={"maxiter": 100, "ftol": 1e-7}).x
    weights = best[:-1] * rare
    scale = float(np.abs(weights).max() / 127)
    return np.round(weights / scale) * scale, float(best[-1])


class _Fitter:
    """Fits on some of the labelled sentences and all ordinary ones."""

    def __init__(self, labelled: Sequence[Sentence]) -> None:
        self.rows = matrix([(one.text, one.language) for one in labelled])
        self.promise = np.array([one.promise for one in labelled])
        self._ordinary = matrix(ordinary_sentences())

    def fit(self, chosen: np.ndarray) -> tuple[np.ndarray, float]:
        promise = self.promise[chosen]
        many, extra = len(chosen), self._ordinary.shape[0]
        share = np.where(promise, 0.5 / promise.sum(), 0.5 / (many - promise.sum())) * many
        return fit(
            vstack([self.rows[chosen], self._ordinary]).tocsr(),
            np.append(promise, np.zeros(extra, bool)),
            np.append(share, np.full(extra, ORDINARY)),
        )


def left_out(labelled: Sequence[Sentence], fitter: _Fitter) -> np.ndarray:
    """The score of each sentence by weights that saw neither its writer nor a text near it."""
    writers = np.array([one.writer for one in labelled])
    length = np.sqrt(np.asarray(fitter.rows.multiply(fitter.rows).sum(1)).ravel())
    even = diags(1 / length) @ fitter.rows
    scores = np.zeros(len(labelled))
    for writer in WRITERS:
        mine, others = np.where(writers == writer)[0], np.where(writers != writer)[0]
        near = np.asarray((even[others] @ even[mine].T).max(1).todense()).ravel()
        weights, bias = fitter.fit(others[near <= NEAR])
        scores[mine] = fitter.rows[mine] @ weights + bias
    return scores


def suspected(labelled: Sequence[Sentence], scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """Which sentences are above the threshold that the harmless sentences of the other writers give."""
    scores = np.asarray(scores)
    writers = np.array([one.writer for one in labelled])
    harmless = np.array([not one.promise for one in labelled])
    found = np.zeros(len(labelled), bool)
    for writer in WRITERS:
        mine = writers == writer
        found[mine] = scores[mine] > np.quantile(scores[~mine & harmless], LET_PASS)
    return found


def measure(labelled: Sequence[Sentence], found: np.ndarray) -> list[Measured]:
    """A row of ``measured.json`` for each language, over the writers but the team."""
    names = [name for writer, own in WRITERS.items() if writer != TEAM for name in own]
    digest = hashlib.sha256(b"".join((DATA.parent / name).read_bytes() for name in names)).hexdigest()
    rows = []
    for language in LANGUAGES:
        mine = [
            (one, bool(hit) or one.then)
            for one, hit in zip(labelled, found, strict=True)
            if one.language == language and one.writer != TEAM
        ]
        caught = sum(hit for one, hit in mine if one.promise)
        wrong = sum(one.promise for one, _ in mine)
        false = sum(hit for one, hit in mine if not one.promise)
        rows.append(
            Measured(
                detector=DETECTOR,
                version=SUSPECTS_VERSION,
                set="texts of six writers in tests/data, each left out in turn",
                n=len(mine),
                precision=round(caught / (caught + false), 4),
                precision_interval=wilson_95(caught, caught + false),
                recall=round(caught / wrong, 4),
                recall_interval=wilson_95(caught, wrong),
                note=_NOTE,
                writer="six writers who had not read the rules of then",
                language=language,
                spoken=False,
                digest=digest,
                counts=DetectorCounts(caught, wrong, false, len(mine) - wrong),
            )
        )
    return rows


def learn(labelled: Sequence[Sentence], fitter: _Fitter, scores: np.ndarray) -> LearnedWeights:
    """Weights from all sentences, with the threshold that the harmless ones give when their writer is left out."""
    weights, bias = fitter.fit(np.arange(len(labelled)))
    scale = float(np.abs(weights).max() / 127)
    raw = base64.b64encode(np.round(weights / scale).astype(np.int8).tobytes()).decode()
    harmless = np.array([not one.promise for one in labelled])
    threshold = float(np.quantile(scores[harmless], LET_PASS))
    lines = [raw[at : at + 120] for at in range(0, len(raw), 120)]
    return LearnedWeights(SUSPECTS_VERSION, round(bias, 6), round(scale, 9), round(threshold, 6), lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.languages.suspects", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--write", action="store_true", help="write weights and figures into the package")
    options = parser.parse_args(arguments)
    labelled = sentences()
    fitter = _Fitter(labelled)
    scores = left_out(labelled, fitter)
    learned = learn(labelled, fitter, scores)
    rows = measure(labelled, suspected(labelled, scores))
    if options.write:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(learned), indent=1) + b"\n")
        write_rows(rows)
    for row in rows:
        assert row.counts is not None
        caught, wrong, false, right = msgspec.structs.astuple(row.counts)
        print(
            f"{row.language}: {caught} of {wrong} promises and {false} of {right} harmless sentences, writer left out"
        )
    _print_new()
    stale = [row.language for row in rows if all_measured().get((DETECTOR, row.language)) != row]
    if stale and not options.write:
        print(f"not as in measured.json: {', '.join(stale)}; run with --write")
        return 1
    return 0


def _print_new() -> None:
    """What the package of today leaves of sentences that nothing was learned from."""
    new = _rows(NEW)
    caught = [bool(read_promises(row["text"], expected=row["language"], suspects=True)) for row in new]
    promises = sum(row["promise"] for row in new)
    hits = sum(row["promise"] for row, hit in zip(new, caught, strict=True) if hit)
    print(f"eighth writer: {hits} of {promises} promises, {sum(caught) - hits} of {len(new) - promises} harmless ones")
    for language in LANGUAGES:
        news = [
            part.text
            for row in _rows(DATA / "sentences" / f"{language}.jsonl")
            for part in split_sentences(row["text"])
        ]
        by_rules = sum(bool(read_promises(text, expected=language)) for text in news)
        both = sum(bool(read_promises(text, expected=language, suspects=True)) for text in news)
        print(f"{language}: of {len(news)} sentences of news {by_rules} by rules, {both} with the score")


if __name__ == "__main__":
    sys.exit(main())
