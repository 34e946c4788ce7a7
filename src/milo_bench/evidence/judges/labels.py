"""Answers that people labelled in (a JSONL or CSV set, or a review with its logs), items for a calibration out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from milo_bench.config.rubric import Rubric
from milo_bench.config.written import Problem, as_error, read_text
from milo_bench.core.cases.tags import says_sensitive
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import AttemptKey
from milo_bench.core.suggest import hint_for
from milo_bench.decide.review import Review
from milo_bench.evidence.judges.wording import JudgedItem
from milo_bench.evidence.judging import judge_chosen, without_retry
from milo_bench.run.asked.alike import letters
from milo_bench.store.log.reader import read_run_log

_YES: Final = frozenset({"yes", "y", "accept", "accepted", "pass", "passed", "true", "good", "right", "correct", "1"})
_NO: Final = frozenset({"no", "n", "reject", "rejected", "fail", "failed", "false", "bad", "wrong", "incorrect", "0"})
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "input": ("input", "instruction", "prompt", "question"),
    "output": ("output", "answer", "response"),
    "output_1": ("output_1", "answer_1", "response_1"),
    "output_2": ("output_2", "answer_2", "response_2"),
    "label": ("label", "gold"),
}


@dataclass(frozen=True)
class Labelled:
    """One item, its label by people, and what biases are told by: whose it is, and which workload's."""

    item: JudgedItem
    label: bool
    workload: str = ""
    families: tuple[str, str] = ("", "")
    sensitive: bool = False


@dataclass(frozen=True)
class LabelledSet:
    """``digest`` is of all items and labels; ``copies`` are left out, because they repeat an earlier answer."""

    items: tuple[Labelled, ...]
    digest: str
    copies: int = 0


def read_labels(path: Path, rubric: Rubric) -> LabelledSet:
    """The items of a labelled set: JSONL (.jsonl, .json) or CSV with a header.

    Of single answers each row has ``input``, ``output`` and ``label`` (yes or no), of pairs ``input``, ``output_1``,
    ``output_2`` and ``label`` (1 or 2: the better one). ``workload``, ``family`` (of pairs ``family_1`` and
    ``family_2``), ``expected``, ``task`` and ``tags`` are used where they are there. Raises DataError with the row.
    """
    text = read_text(path, where_from="give a JSONL or CSV file with input, output and label.")
    if isinstance(text, Problem):
        raise as_error([text])
    items = [_labelled(path, number, row, rubric) for number, row in _rows(path, text)]
    if not items:
        message = f"{path} has no labelled rows."
        raise DataError(message, hint="add rows with input, output and label.")
    return _set(items)


def labels_of_review(
    review: Review, logs: Sequence[Path], rubric: Rubric, *, question: str, accept_from: int
) -> LabelledSet:
    """The answers that people scored: accepted where the middle score for ``question`` is ``accept_from`` or more.

    Raises DataError where the review is of other logs, or has no score for ``question``.
    """
    if rubric.form == "pairwise":
        message = "A review has scores of single answers, and this rubric compares two."
        raise DataError(message, hint="give a labelled set of pairs with --labels.")
    questions = tuple(one.question for one in review.agreements)
    if question not in questions:
        message = f"Reviewers are not asked '{question[:60]}'."
        raise DataError(message, hint=hint_for(question, questions, noun="questions"))
    scores = {
        (AttemptKey(one.fixture, one.candidate.target, one.repeat, one.candidate.decoding), one.candidate.variant): one
        for one in review.items
        if question in one.scores
    }
    if not scores:
        message = f"The review has no scores of single answers for '{question}'."
        raise DataError(message, hint="import the sheets again: milo-bench review import SHEET --out review.json")
    found: list[Labelled] = []
    known: set[str] = set()
    for path in logs:
        log = read_run_log(path)
        known.add(log.sha256)
        families = {target.name: target.family for target in log.header.targets}
        tasks = {workload.name: workload.prompt_source for workload in log.header.workloads}
        for row in judge_chosen(log, {key for key, _ in scores}):
            key = without_retry(row.attempt.key)
            one = scores.get((key, log.variant_of(row.fixture)))
            if one is None or row.attempt.failure is not None or row.attempt.erased:
                continue
            expected = row.fixture.expect.get(rubric.compare_with) if rubric.compare_with else row.fixture.expect
            found.append(
                Labelled(
                    JudgedItem(
                        row.fixture.input, row.attempt.output, expected=expected, task=tasks[row.fixture.workload]
                    ),
                    one.scores[question] >= accept_from,
                    row.fixture.workload,
                    (families.get(key.target, ""), ""),
                    row.fixture.sensitive,
                )
            )
    # A judge's own lines may have been added to a log since: the scores find their answers by key.
    if len(found) < len(scores):
        message = f"{len(scores) - len(found)} of {len(scores)} reviewed answers are not in these logs."
        raise DataError(message, hint="name the logs that 'milo-bench review sample' drew from.")
    return _set(found)


def _set(read: Sequence[Labelled]) -> LabelledSet:
    """``read`` without copies: the same answer to the same case proves nothing more of a judge, however it is typed."""
    first: dict[tuple[bytes, ...], Labelled] = {}
    for one in read:
        said = (repr(dict(one.item.input)), one.item.answer, one.item.other or "", repr(one.item.expected))
        first.setdefault(tuple(map(letters, said)), one)
    items = tuple(first.values())
    content = [
        [dict(item.input), item.answer, item.other, item.expected, item.task, one.label]
        for one, item in ((one, one.item) for one in items)
    ]
    return LabelledSet(items, f"sha256:{sha256_data(content)}", len(read) - len(items))


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() in (".jsonl", ".json", ".ndjson"):
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                message = f"{path} line {number}: not a JSON object."
                raise DataError(message, hint="write one JSON object per line.")
            yield number, row
        return
    first = text.partition("\n")[0]
    try:
        reader = csv.DictReader(
            io.StringIO(text, newline=""), delimiter=max((",", ";", "\t"), key=first.count), strict=True
        )
        yield from enumerate(reader, start=2)
    except csv.Error as error:
        message = f"{path} is not a CSV file ({error})."
        raise DataError(message, hint="save it as CSV in UTF-8, or as JSONL.") from None


def _labelled(path: Path, number: int, row: Mapping[str, Any], rubric: Rubric) -> Labelled:
    pair = rubric.form == "pairwise"
    wanted = ("output_1", "output_2") if pair else ("output",)
    given = _cell(row, "input")
    if given is None and rubric.method == "rubric":
        raise _missing(path, number, "input", row)
    outputs = []
    for name in wanted:
        output = _cell(row, name)
        if output is None:
            raise _missing(path, number, name, row)
        outputs.append(output if isinstance(output, str) else json.dumps(output, ensure_ascii=False))
    label = _label(path, number, _cell(row, "label"), row, pair=pair)
    families = (_text(row, "family_1"), _text(row, "family_2")) if pair else (_text(row, "family"), "")
    tags = row.get("tags") or ()
    tags = [tag.strip() for tag in tags.split(",")] if isinstance(tags, str) else [str(tag) for tag in tags]
    expected = row.get("expected")
    if rubric.method == "likeness" and not isinstance(expected, str):
        raise _missing(path, number, "expected", row)
    return Labelled(
        JudgedItem(
            given if isinstance(given, dict) else {"input": given},
            outputs[0],
            outputs[1] if pair else None,
            expected,
            _text(row, "task", most=20_000),
        ),
        label,
        _text(row, "workload"),
        families,
        says_sensitive(tags),
    )


def _cell(row: Mapping[str, Any], name: str) -> Any:
    return next((row[other] for other in _NAMES[name] if row.get(other) is not None), None)


def _text(row: Mapping[str, Any], name: str, most: int = 200) -> str:
    value = row.get(name)
    return value.strip()[:most] if isinstance(value, str) else ""


def _label(path: Path, number: int, given: Any, row: Mapping[str, Any], *, pair: bool) -> bool:
    if given is None:
        raise _missing(path, number, "label", row)
    said = str(given).strip().casefold()
    yes, no = (frozenset({"1", "output_1"}), frozenset({"2", "output_2"})) if pair else (_YES, _NO)
    if said in yes or said in no:
        return said in yes
    message = f"{path} row {number}: the label is '{said[:20]}'."
    choices = "1 or 2, the better answer" if pair else "yes or no"
    raise DataError(message, hint=f"write {choices}. Leave out rows that people could not decide.")


def _missing(path: Path, number: int, name: str, row: Mapping[str, Any]) -> DataError:
    message = f"{path} row {number}: '{name}' is missing."
    return DataError(message, hint=hint_for(name, [str(key) for key in row], noun="columns"))
