"""Rows with named values and a column map in, recorded answers out; a guessed column is said aloud."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.recorded.answer import Account, ReadRequest, RecordedAnswer
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.messages import inputs_of
from milo_bench.recorded.values import (
    count,
    dig,
    failure_kind,
    number,
    plain_verdict,
    text_of,
    times,
    tool_calls_of,
    usage_of,
)

# What an answer has, and the names of columns that are taken for it where the map does not say.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "output": ("output", "answer", "response", "completion", "prediction", "predicted", "model_output", "generated"),
    "answers": ("answers",),
    "target": ("model", "target", "system", "model_name", "provider", "deployment", "engine"),
    "id": ("id", "fixture", "fixture_id", "case_id", "sample_id", "question_id", "doc_id", "custom_id", "row_id"),
    "input": ("text", "input", "document", "prompt", "question", "messages", "message", "query", "content", "source"),
    "gold": ("gold", "expected", "label", "reference", "ground_truth", "correct_answer", "gold_label", "expect"),
    "choices": ("choices", "options"),
    "repeat": ("repeat", "run", "epoch", "attempt", "seed"),
    "error": ("error", "error_message", "exception"),
    "finish_reason": ("finish_reason", "stop_reason"),
    "reasoning": ("reasoning", "reasoning_content", "thinking"),
    "tool_calls": ("tool_calls",),
    "prompt_tokens": ("prompt_tokens", "input_tokens", "tokens_in"),
    "completion_tokens": ("completion_tokens", "output_tokens", "tokens_out"),
    "latency_s": ("latency_s", "duration_s", "latency_seconds"),
    "latency_ms": ("latency_ms", "duration_ms"),
    "ttft_s": ("ttft_s",),
    "cost_usd": ("cost_usd", "cost"),
    "cached": ("cached", "cache_hit"),
    "verdict": ("score", "correct", "passed", "is_correct", "grade", "verdict"),
    "workload": ("workload", "task"),
    "tag": ("tag", "tags"),
}
_MANY: Final = frozenset({"answers", "input", "verdict", "tag"})  # may be several columns, with commas between
_SEEN_FIRST: Final = 500  # rows whose columns are looked at before any is read
_FALSE: Final = frozenset({"", "0", "false", "no", "none", "null", "nan"})


@dataclass(frozen=True)
class TableRow:
    """One row of a table or object of a file, and its line."""

    values: Mapping[str, Any]
    line: int


def answers_of(
    rows: Iterable[TableRow], file: RecordFile, request: ReadRequest, account: Account, *, tool: str, nested: bool
) -> Iterator[RecordedAnswer]:
    """The answers of ``rows``. ``nested``: a column of the map may be a dotted path into an object.

    Raises UsageError for a column that is not there or cannot be guessed.
    """
    rows = iter(rows)
    first = list(itertools.islice(rows, _SEEN_FIRST))  # a key may be missing in the first object of a log
    if not first:
        return
    seen = {name: value for row in reversed(first) for name, value in row.values.items()}
    columns = _Columns({name: seen[name] for row in first for name in row.values}, file, request, account, nested)
    for row in itertools.chain(first, rows):
        yield from columns.answers(row, tool)


class _Columns:
    def __init__(
        self, first: Mapping[str, Any], file: RecordFile, request: ReadRequest, account: Account, nested: bool
    ) -> None:
        self._file, self._request, self._account, self._nested = file, request, account, nested
        self._of = {key: self._given(key, written, first) for key, written in request.columns.items()}
        self._guess(list(first))
        if not ("output" in self._of or "answers" in self._of):
            message = f"Cannot guess which column of {file.path} is the answer."
            raise UsageError(message, hint=f"add --map output=COLUMN, one of: {', '.join(list(first)[:30])}.")
        wide = "answers" in self._of
        if not wide and "target" not in self._of and not request.target:
            message = f"{file.path} does not say which model answered."
            raise UsageError(message, hint="add --target NAME, or --map target=COLUMN.")
        if not {"id", "input"} & self._of.keys() and not (wide and request.fixtures):
            message = f"{file.path} has neither ids nor inputs, so its answers belong to no case."
            raise UsageError(message, hint=f"add --map id=COLUMN or --map input=COLUMN, of: {', '.join(list(first))}.")
        known = {column.partition(".")[0] for columns in self._of.values() for column in columns}
        known |= {column for columns in self._of.values() for column in columns}
        for column in first:
            if column not in known:
                account.leave(f"column '{column[:60]}'", file.where(1), "give it with --map if it matters.")

    def _given(self, key: str, written: str, first: Mapping[str, Any]) -> tuple[str, ...]:
        if key not in COLUMNS:
            message = f"--map has no '{key}'."
            raise UsageError(message, hint=hint_for(key, COLUMNS, noun="keys"))
        names = tuple(name.strip() for name in written.split(",")) if key in _MANY else (written,)
        if len(names) > 1 and written in first:
            names = (written,)  # one column whose own name has a comma
        for name in names:
            if name not in first and not (self._nested and name.partition(".")[0] in first):
                message = f"{self._file.path} has no column '{name[:60]}'."
                raise UsageError(message, hint=hint_for(name, list(first), noun="columns"))
        return names

    def _guess(self, columns: Sequence[str]) -> None:
        folded = {column.casefold().replace(" ", "_"): column for column in columns}
        taken = {column for given in self._of.values() for column in given}
        for key, names in COLUMNS.items():
            if key in self._of or (key == "answers" and "output" in self._of) or (key == "target" and self._is_given()):
                continue
            if key == "output" and "answers" in self._of:
                continue
            found = next((folded[name] for name in names if name in folded and folded[name] not in taken), None)
            if found is not None:
                self._of[key] = (found,)
                taken.add(found)
                self._account.guess(f"--map {key}={found}")

    def _is_given(self) -> bool:
        return bool(self._request.target)

    def _value(self, row: TableRow, key: str) -> Any:
        columns = self._of.get(key)
        if not columns:
            return None
        return dig(row.values, columns[0]) if self._nested else row.values.get(columns[0])

    def answers(self, row: TableRow, tool: str) -> Iterator[RecordedAnswer]:
        if "answers" not in self._of:
            one = self._one(row, tool, self._value(row, "output"), self._target(row))
            if one is not None:
                yield one
            return
        for column in self._of["answers"]:
            value = dig(row.values, column) if self._nested else row.values.get(column)
            if isinstance(value, list):
                yield from self._listed(row, tool, value)
            elif isinstance(value, Mapping):
                for model, output in value.items():
                    yield from self._wide(row, tool, output, str(model))
            else:
                yield from self._wide(row, tool, value, column)

    def _wide(self, row: TableRow, tool: str, output: Any, target: str) -> Iterator[RecordedAnswer]:
        if output is None or output == "":
            said = "a model without an answer to a case"
            self._account.leave(said, self._file.where(row.line), "an empty cell is not an answer.")
            return
        one = self._one(row, tool, output, target)
        if one is not None:
            yield one

    def _listed(self, row: TableRow, tool: str, values: list[Any]) -> Iterator[RecordedAnswer]:
        """One list of answers a model, in the order of the suite's fixtures."""
        where, fixtures = self._file.where(row.line), self._request.fixtures
        if not fixtures:
            message = f"{self._file.path} lists the answers of a model without the cases that they answer."
            raise UsageError(
                message, hint="name the suite with --suite. The lists must be in the order of its fixtures."
            )
        if len(values) != len(fixtures):
            said = f"{len(values)} answers, but the suite has {len(fixtures)} fixtures"
            self._account.broke(where, said, "the list must have one answer for each fixture, in their order.")
            return
        first: RecordedAnswer | None = None
        for id, value in zip(fixtures, values, strict=True):
            if value is None:
                self._account.leave("a model without an answer to a case", where, "null is not an answer.")
            elif first is None:
                first = self._one(row, tool, value, self._target(row))
                if first is None:
                    return
                yield (first := msgspec.structs.replace(first, id=id, input={}))
            else:
                yield msgspec.structs.replace(first, id=id, output=text_of(value))

    def _target(self, row: TableRow) -> str:
        return self._request.target or text_of(self._value(row, "target"))

    def _one(self, row: TableRow, tool: str, output: Any, target: str) -> RecordedAnswer | None:
        where, said = self._file.where(row.line), text_of(self._value(row, "error"))
        if not target.strip():
            self._account.broke(where, "no model is named", "fill the target column, or use --target NAME.")
            return None
        calls = tool_calls_of(self._value(row, "tool_calls"))
        failed = bool(said.strip()) and said.strip().casefold() not in _FALSE
        if output is None and not failed and not calls:
            self._account.leave("a row without an answer", where, "null is not an answer. Fill error if it failed.")
            return None
        if output == "" and not failed and not calls:
            self._account.leave("an empty answer, kept as a wrong one", where, "fill error if the request failed.")
        milliseconds, flag = number(self._value(row, "latency_ms")), text_of(self._value(row, "cached"))
        tokens = {key: self._value(row, key) for key in ("prompt_tokens", "completion_tokens")}
        latency_s = number(self._value(row, "latency_s"))
        return RecordedAnswer(
            file=self._file.number,
            line=row.line,
            target=target.strip(),
            output=text_of(output),
            tool=tool,
            id=text_of(self._value(row, "id")).strip(),
            input=self._inputs(row, where),
            workload=text_of(self._value(row, "workload")),
            repeat=count(self._value(row, "repeat")),
            reasoning=text_of(self._value(row, "reasoning")),
            tool_calls=calls,
            finish_reason=text_of(self._value(row, "finish_reason")),
            usage=usage_of(tokens),
            failure=failure_kind(said) if failed else None,
            failure_message=said if failed else "",
            gold=self._gold(row),
            choices=self._choices(row),
            tags=tuple(
                dict.fromkeys(tag for column in self._of.get("tag", ()) for tag in _tags(row.values.get(column)))
            ),
            cached=flag.strip().casefold() not in _FALSE,
            times_s=times(
                latency_s=latency_s if latency_s is not None else None if milliseconds is None else milliseconds / 1e3,
                ttft_s=number(self._value(row, "ttft_s")),
            ),
            verdicts={
                column: plain_verdict(row.values[column])
                for column in self._of.get("verdict", ())
                if row.values.get(column) not in (None, "")
            },
            cost_usd=number(self._value(row, "cost_usd")),
        )

    def _inputs(self, row: TableRow, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column in self._of.get("input", ()):
            value = dig(row.values, column) if self._nested else row.values.get(column)
            if value is None or value == "":
                continue
            if isinstance(value, list | dict):
                found |= inputs_of(value, self._account, where)
            else:
                found[column.rpartition(".")[2]] = value
        return found

    def _gold(self, row: TableRow) -> Any:
        gold = self._value(row, "gold")
        return None if gold == "" else gold

    def _choices(self, row: TableRow) -> tuple[str, ...]:
        written = self._value(row, "choices")
        if isinstance(written, str) and written.strip().startswith("["):
            try:
                written = msgspec.json.decode(written)
            except msgspec.DecodeError:
                return ()
        return tuple(text_of(choice) for choice in written) if isinstance(written, list) else ()


def _tags(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text_of(tag) for tag in value]
    return [text_of(value)] if value not in (None, "") else []
