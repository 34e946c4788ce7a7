"""Graded attempts in columns in, the few to look at of each way of going wrong out; then their texts, bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Attempt, Fixture, Graded, Span, StoreText, Verdict
from milo_bench.core.text import shorten
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.examples.cited import shown_statements
from milo_bench.decide.examples.ocr import read_by_ocr
from milo_bench.decide.examples.text import cut, lay_out
from milo_bench.decide.records import Candidate, Example, ShownStatement
from milo_bench.stats.cases.columns import FixtureTable
from milo_bench.stats.representatives import choose_representatives

MOST_INPUT = 3_000  # characters of an example that are shown, marks of cutting apart
MOST_OUTPUT = 2_400
_MOST_WORDS = 600
_DRAWN_FOR_ONE = 12  # cases drawn by chance for each that is shown; the most unlike of them are


class ChosenExample(Struct, frozen=True, order=True):
    """One attempt to show, as its key; its texts are still in the log."""

    candidate: Candidate
    check: str
    category: str
    fixture_id: str
    repeat: int

    @property
    def id(self) -> str:
        """The same for the same attempt and cause, whatever else is chosen."""
        parts = (self.candidate.text, self.check, self.category, self.fixture_id, str(self.repeat))
        return "example-" + sha256_text("\x00".join(parts))[:12]


def choose_examples(evidence: Evidence, per_category: int = 3, seed: int = 0) -> tuple[ChosenExample, ...]:
    """Up to ``per_category`` attempts for each candidate, check and error category, in that order.

    Drawn by chance from ``seed`` among the fixtures concerned, then thinned to those whose tags
    differ most, each fixture once. The order of logs and rows makes no difference.
    """
    table = evidence.fixtures
    rank = np.empty(len(table.ids), dtype=np.int64)
    rank[np.array(sorted(range(len(table.ids)), key=table.ids.__getitem__), dtype=np.int64)] = np.arange(len(table.ids))
    chosen = []
    for candidate in sorted(evidence.cases):
        cases = evidence.cases[candidate]
        for check, category in sorted(cases.categories):
            rows = cases.categories[(check, category)]
            fixtures, repeats = cases.fixture[rows].astype(np.int64), cases.repeat[rows].astype(np.int64)
            word = f"{candidate.text}\x00{check}\x00{category}"
            random = np.random.default_rng([seed, *bytes.fromhex(sha256_text(word)[:16])])
            for number, repeat in _some(fixtures, repeats, rank, per_category, table, random):
                chosen.append(ChosenExample(candidate, check, category, table.ids[number], repeat))
    return tuple(chosen)


def choose_right_answers(
    evidence: Evidence, candidates: Iterable[Candidate], most: int = 8
) -> tuple[ChosenExample, ...]:
    """Up to ``most`` answers of each candidate that passed every check, by the hashes of their fixtures."""
    chosen = []
    for candidate in candidates:
        cases = evidence.cases.get(candidate)
        if cases is None:
            continue
        passed = np.flatnonzero((cases.outcome == 1) & ~cases.bypassed & (cases.repeat == 0))
        ids = sorted((evidence.fixtures.ids[int(cases.fixture[row])] for row in passed), key=sha256_text)
        chosen += [ChosenExample(candidate, "", "", id, 0) for id in ids[:most]]
    return tuple(chosen)


def _some(
    fixtures: NDArray[np.int64],
    repeats: NDArray[np.int64],
    rank: NDArray[np.int64],
    count: int,
    table: FixtureTable,
    random: np.random.Generator,
) -> list[tuple[int, int]]:
    """Places in ``table`` and repeats of at most ``count`` distinct fixtures."""
    order = np.lexsort((repeats, rank[fixtures]))
    # The first repeat that went wrong stands for its fixture.
    _, first = np.unique(rank[fixtures[order]], return_index=True)
    rows = order[first]
    if len(rows) > count * _DRAWN_FOR_ONE:
        rows = rows[np.sort(random.choice(len(rows), count * _DRAWN_FOR_ONE, replace=False))]
    by_id = {table.ids[int(fixtures[row])]: row for row in rows}
    tags = {id: _tags(table.tags, int(fixtures[row])) for id, row in by_id.items()}
    return [(int(fixtures[by_id[id]]), int(repeats[by_id[id]])) for id in choose_representatives(tags, count)]


def _tags(columns: Mapping[str, NDArray[np.bool_]], number: int) -> tuple[str, ...]:
    return tuple(tag for tag, column in columns.items() if column[number])


def make_example(
    chosen: ChosenExample, attempt: Attempt, graded: Graded, fixture: Fixture, store_text: StoreText = "full"
) -> Example:
    """The chosen attempt with its texts, cut around what offends.

    Of a log that keeps hashes nothing but the key and the cause is taken. Of a redacted log the
    redacted texts are, without spans and reasons: those belong to the texts as they were.
    """
    verdicts = [one for one in graded.verdicts if _is_of(one, chosen)]
    if store_text == "hashes" or attempt.erased or fixture.erased:
        return _example(chosen, attempt, "hashes")
    full = store_text == "full"
    laid_out = lay_out(fixture.input)
    spans = [span for verdict in verdicts for span in verdict.spans] if full else []
    input_text, input_spans = cut(laid_out.text, laid_out.placed(spans), most=MOST_INPUT)
    output_text, output_spans = cut(
        _answer(attempt), [span for span in spans if span.where == "output"], most=MOST_OUTPUT
    )
    first = verdicts[0] if verdicts and (full or chosen.check == "label") else None
    return _example(
        chosen,
        attempt,
        store_text,
        reason=_reasons(verdicts) if full else "",
        expected=shorten(first.expected, _MOST_WORDS) if first else "",
        got=shorten(first.got, _MOST_WORDS) if first else "",
        input=input_text,
        output=output_text,
        spans=_distinct((*input_spans, *output_spans)),
        cited=shown_statements(attempt, fixture, spans, graded.verdicts) if full else (),
        read_by=read_by_ocr(fixture, quote=full) or UNSET,
    )


def _example(
    chosen: ChosenExample,
    attempt: Attempt,
    store_text: StoreText,
    *,
    reason: str = "",
    expected: str = "",
    got: str = "",
    input: str = "",
    output: str = "",
    spans: tuple[Span, ...] = (),
    cited: tuple[ShownStatement, ...] = (),
    read_by: str | UnsetType = UNSET,
) -> Example:
    return Example(
        id=chosen.id,
        candidate=chosen.candidate,
        check=chosen.check,
        category=chosen.category,
        key=attempt.key.text,
        reason=reason,
        expected=expected,
        got=got,
        input=input,
        output=output,
        spans=spans,
        text=store_text,
        cited=cited,
        read_by=read_by,
    )


def _is_of(verdict: Verdict, chosen: ChosenExample) -> bool:
    """The columns of cases name an unnamed category after its outcome; so does this."""
    if verdict.check != chosen.check or verdict.outcome not in ("fail", "flag"):
        return False
    return (verdict.category or ("flagged" if verdict.outcome == "flag" else "failed")) == chosen.category


def _answer(attempt: Attempt) -> str:
    if attempt.failure is not None:
        return f"{attempt.failure.kind}: {attempt.failure.message}"
    if attempt.bypass:
        return attempt.bypass
    return attempt.output


def _reasons(verdicts: list[Verdict]) -> str:
    said = dict.fromkeys(one.reason or one.subject for one in verdicts if one.reason or one.subject)
    return shorten("; ".join(said), _MOST_WORDS)


def _distinct(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(spans))
