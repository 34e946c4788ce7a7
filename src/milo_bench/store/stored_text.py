"""A record as it happened in, the record as it may be stored out: full, redacted, or as hashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import (
    AnswerSource,
    Attempt,
    Episode,
    Execution,
    Fixture,
    LoadRequestRow,
    ModelJudgement,
    Record,
    StoreText,
    ToolCall,
    Turn,
)

Redact = Callable[[str], str]
NOT_STORED = "(not stored)"


class TextPolicy:
    """Applied to every record before its first write.

    ``full`` keeps everything. ``redacted`` passes every text of fixtures and attempts through
    ``redact``; offsets in a fixture's expectation then no longer fit its text, so grade such a run
    while it runs. ``hashes`` keeps ids, tags, hashes, counts and times: no input, no expectation,
    no output, no error text that could quote one. Of an episode it keeps endings, points, times and
    counts; without its event log nobody can play it again, and reasons and minefields, which may
    name what the model wrote, become their number.
    """

    def __init__(self, store_text: StoreText = "full", redact: Redact | None = None) -> None:
        if store_text == "redacted" and redact is None:
            raise ValueError("store_text 'redacted' needs a redact function")
        self.store_text = store_text
        self._redact = redact

    def stored(self, record: Record) -> Record:
        """``record`` as it may stand in the log."""
        if isinstance(record, Fixture) and record.group:
            record = msgspec.structs.replace(record, group=stored_group(record.group))
        if self.store_text == "full":
            return record
        if isinstance(record, Attempt):
            return self._attempt(record)
        if isinstance(record, Fixture):
            return self._fixture(record)
        if isinstance(record, Episode):
            return self._episode(record)
        if isinstance(record, LoadRequestRow):
            kept = self._redact is not None and self.store_text != "hashes"
            return msgspec.structs.replace(record, output=self._redact(record.output) if kept and self._redact else "")
        if isinstance(record, ModelJudgement):
            return msgspec.structs.replace(record, reason="")
        if isinstance(record, Execution):  # what code said of a text may quote it
            return msgspec.structs.replace(record, results=(), problem="")
        return record

    def _attempt(self, attempt: Attempt) -> Attempt:
        answered = attempt.failure is None and not attempt.bypass
        output_hash = sha256_text(attempt.output) if answered else ""
        failure = attempt.failure
        if self._redact is None or self.store_text == "hashes":
            return msgspec.structs.replace(
                attempt,
                output="",
                reasoning="",
                tool_calls=(),
                prepared={},
                bypass=attempt.bypass.partition(":")[0],
                failure=None if failure is None else msgspec.structs.replace(failure, message=""),
                output_hash=output_hash,
                source=_source(attempt.source, lambda text: NOT_STORED),
            )
        redact = self._redact
        return msgspec.structs.replace(
            attempt,
            output=redact(attempt.output),
            reasoning=redact(attempt.reasoning),
            tool_calls=_each_call(attempt.tool_calls, redact),
            prepared=_each_text(attempt.prepared, redact),
            bypass=redact(attempt.bypass),
            failure=None if failure is None else msgspec.structs.replace(failure, message=redact(failure.message)),
            output_hash=output_hash,
            source=_source(attempt.source, redact),
        )

    def _fixture(self, fixture: Fixture) -> Fixture:
        if self._redact is None or self.store_text == "hashes":
            return Fixture(
                id=fixture.id,
                workload=fixture.workload,
                input={},
                tags=fixture.tags,
                hash=fixture.hash,
                group=fixture.group,
            )
        return msgspec.structs.replace(
            fixture,
            input=_each_text(fixture.input, self._redact),
            expect=_each_text(fixture.expect, self._redact),
            provenance=_each_text(fixture.provenance, self._redact),
        )

    def _episode(self, episode: Episode) -> Episode:
        if self._redact is None or self.store_text == "hashes":
            return msgspec.structs.replace(
                episode,
                minefields=(NOT_STORED,) * len(episode.minefields),
                why=(),
                turns=tuple(turn_without_text(turn) for turn in episode.turns),
                log=(),
            )
        redact = self._redact
        return msgspec.structs.replace(
            episode,
            minefields=tuple(redact(line) for line in episode.minefields),
            why=tuple(redact(line) for line in episode.why),
            turns=tuple(_turn_redacted(turn, redact) for turn in episode.turns),
            log=tuple(_each_text(line, redact) for line in episode.log),
        )


def stored_group(group: str) -> str:
    """A group as logs name it, by its hash: an author's or a thread's name would outlive the erasure of its texts."""
    return sha256_text(group)[:16] if group else ""


def _source(source: AnswerSource | None, redact: Redact) -> AnswerSource | None:
    """What another tool said of an answer may quote it; numbers and ids stay."""
    if source is None or not source.verdicts:
        return source
    return msgspec.structs.replace(source, verdicts=_each_text(source.verdicts, redact))


def turn_without_text(turn: Turn) -> Turn:
    """``turn`` with times, counts and kinds, and no word that a model or a world said."""
    failure = turn.failure
    return msgspec.structs.replace(
        turn,
        output="",
        reasoning="",
        tool_calls=(),
        failure=None if failure is None else msgspec.structs.replace(failure, message=""),
        protocol_error=turn.protocol_error.partition(":")[0],
    )


def _turn_redacted(turn: Turn, redact: Redact) -> Turn:
    failure = turn.failure
    return msgspec.structs.replace(
        turn,
        output=redact(turn.output),
        reasoning=redact(turn.reasoning),
        tool_calls=_each_call(turn.tool_calls, redact),
        failure=None if failure is None else msgspec.structs.replace(failure, message=redact(failure.message)),
        protocol_error=redact(turn.protocol_error),
    )


def _each_call(calls: tuple[ToolCall, ...], redact: Redact) -> tuple[ToolCall, ...]:
    return tuple(
        msgspec.structs.replace(call, name=redact(call.name), arguments=redact(call.arguments)) for call in calls
    )


def _each_text(data: Any, redact: Redact) -> Any:
    """Plain data with every text in it redacted; keys of mappings are the suite's own words and stay."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: _each_text(value, redact) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_each_text(value, redact) for value in data]
    return data
