"""Run logs in, sheets for people to score out; scored sheets in, a review to decide on out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import read_whole, write_file
from milo_bench.core.records import AttemptKey
from milo_bench.decide.review import REVIEW_SCHEMA, Review, ReviewItem, SampleKey, draw_sample, judge_review
from milo_bench.evidence.gather import gather_evidence
from milo_bench.evidence.judging import judge_chosen, without_retry
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.review_sheet import read_scores, require_new_sheet, write_sheet


def sample_for_review(
    logs: Sequence[Path],
    out: Path,
    *,
    count: int,
    seed: int = 0,
    only: Sequence[str] = (),
    at_random: bool = False,
) -> SampleKey:
    """Write the sheet to ``out`` and its key beside it (``NAME.key.json``).

    Raises DataError for logs whose texts were not stored in full: nobody can review a hash.
    """
    require_new_sheet(out)
    key = draw_from_logs(logs, count=count, seed=seed, only=only, at_random=at_random)
    texts = review_texts(logs, key)
    blank = [""] * len(key.questions)
    rows = [[item.id, item.candidate.workload, *texts[item.id], "", *blank, ""] for item in key.items]
    write_sheet(out, columns_of(key), rows)
    write_file(review_key_path(out), msgspec.json.encode(key))
    return key


def columns_of(key: SampleKey) -> tuple[str, ...]:
    """The columns of a sheet."""
    return ("item", "workload", "input", "output", "reviewer", *key.questions, "comment")


def draw_from_logs(
    logs: Sequence[Path], *, count: int, seed: int = 0, only: Sequence[str] = (), at_random: bool = False
) -> SampleKey:
    """A sample of the answers in ``logs``, as ``draw_sample`` draws it.

    Raises DataError where none of them has a text to review.
    """
    rubrics: list[dict[str, str]] = []
    for path in logs:
        header = read_run_log(path).header
        for workload in header.workloads:
            if workload.review not in rubrics:
                rubrics.append(workload.review)
        if header.store_text == "hashes":
            message = f"{path} contains only hashes, so there is no text to review."
            raise DataError(message, hint="run again with privacy.store_text: full or redacted.")
    if len(rubrics) > 1:
        message = "The suites of these logs ask people other questions."
        raise DataError(message, hint="draw a sample of each suite by itself.")
    key = draw_sample(
        gather_evidence({path: str(path) for path in logs}), count, seed=seed, only=only, at_random=at_random
    )
    if not key.items:
        message = "No answer to review: every attempt failed or was routed elsewhere."
        raise DataError(message, hint="list the failures with 'milo-bench score'.")
    return msgspec.structs.replace(key, rubric=rubrics[0]) if rubrics else key


def review_key_path(sheet: Path) -> Path:
    """Where the key of a sheet lies."""
    return sheet.with_suffix(".key.json")


def import_review(sheets: Sequence[Path], key_file: Path, *, out: Path | None = None) -> Review:
    """Read scored sheets; the review, written to ``out`` where one is named. Raises DataError with file and row."""
    key = read_key(key_file)
    review = judge_review(key, sheet_scores(sheets, tuple(key.questions)))
    if out is not None:
        write_file(out, msgspec.json.format(msgspec.json.encode(review), indent=1))
    return review


def read_key(path: Path) -> SampleKey:
    """The key that ``sample_for_review`` wrote."""
    return _read(
        path, SampleKey, "key of a sample", "use the key that 'milo-bench review sample' wrote beside the sheet."
    )


def read_review(path: Path) -> Review:
    """A review that ``import_review`` wrote."""
    return _read(path, Review, "review", "write one with 'milo-bench review import'.")


def review_text(path: Path) -> str:
    """The text of a review that ``import_review`` wrote, once it is known to be one."""
    hint = "write one with 'milo-bench review import'."
    data = _bytes(path, hint)
    _record(path, data, Review, "review", hint)
    return data.decode()


def sheet_scores(sheets: Iterable[Path], questions: Sequence[str]) -> dict[tuple[str, str, str], int]:
    """The scores of several sheets by item, reviewer and question. Raises DataError with file and row."""
    found: dict[tuple[str, str, str], int] = {}
    for sheet in sheets:
        for place, score in read_scores(sheet, questions).items():
            if place in found:
                message = f"{sheet}: {place[1]} already scored '{place[0]}' in another sheet."
                raise DataError(message, hint="give each reviewer a different name in the column 'reviewer'.")
            found[place] = score
    return found


def review_texts(logs: Sequence[Path], key: SampleKey) -> dict[str, tuple[str, str]]:
    """Input and output of each item, by the item's id."""
    wanted: dict[AttemptKey, list[ReviewItem]] = {}
    for item in key.items:
        place = AttemptKey(item.fixture, item.candidate.target, item.repeat, item.candidate.decoding)
        wanted.setdefault(place, []).append(item)
    found: dict[str, tuple[str, str]] = {}
    for path in logs:
        log = read_run_log(path)
        for row in judge_chosen(log, wanted):
            for item in wanted[without_retry(row.attempt.key)]:
                if item.candidate.variant == log.variant_of(row.fixture):
                    found[item.id] = (readable(row.fixture.input), row.attempt.output)
    return found


def readable(data: Mapping[str, object]) -> str:
    """A fixture's input as a person reads it: a single text as it is, anything else as indented JSON."""
    if len(data) == 1 and isinstance(text := next(iter(data.values())), str):
        return text
    return msgspec.json.format(msgspec.json.encode(data), indent=1).decode()


T = TypeVar("T", SampleKey, Review)


def _read(path: Path, kind: type[T], noun: str, hint: str) -> T:
    return _record(path, _bytes(path, hint), kind, noun, hint)


def _bytes(path: Path, hint: str) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise PrerequisiteError(message, hint=hint) from None


def _record(path: Path, data: bytes, kind: type[T], noun: str, hint: str) -> T:
    try:
        found = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{path} is not a {noun} ({str(error)[:200]})."
        raise DataError(message, hint=hint) from None
    if found.schema_version != REVIEW_SCHEMA:
        message = f"{path} has schema version {found.schema_version}, but this version reads {REVIEW_SCHEMA}."
        raise DataError(message, hint=hint)
    return found
