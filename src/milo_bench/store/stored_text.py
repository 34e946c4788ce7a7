"""A record as it happened in, the record as it may be stored out: full, redacted, or as hashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from milo_bench.core.hashing import sha256_text
from milo_bench.core.hiding.parts import text_parts, with_texts
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
    Warmup,
)

Redact = Callable[[str], str]
RedactParts = Callable[[Sequence[str]], list[str]]
NOT_STORED = "(not stored)"
_REASONS: Final = frozenset(
    {"stop", "length", "tool_calls", "tool_use", "function_call", "content_filter", "end_turn", "max_tokens", "eos",
     "eos_token", "stop_sequence", "stop_token", "limit", "load", "unload", "error", "abort", "cancelled", "completed",
     "incomplete", "insufficient_system_resource", "safety", "recitation", "other"}
)  # fmt: skip
_TIMINGS: Final = frozenset(
    {"prompt_n", "prompt_ms", "prompt_per_token_ms", "prompt_per_second", "predicted_n", "predicted_ms",
     "predicted_per_token_ms", "predicted_per_second", "cache_n", "draft_n", "draft_n_accepted", "total_duration_s",
     "load_duration_s", "prompt_eval_duration_s", "eval_duration_s"}
)  # fmt: skip


class TextPolicy:
    """Applied to every record before its first write.

    ``full`` keeps everything. ``redacted`` passes every text of fixtures and attempts through
    ``redact``; offsets in a fixture's expectation then no longer fit its text, so grade such a run
    while it runs. ``hashes`` keeps ids, tags, hashes, counts and times: no input, no expectation,
    no output, no error text that could quote one. Of an episode it keeps endings, points, times and
    counts; without its event log nobody can play it again, and reasons and minefields, which may
    name what the model wrote, become their number. ``same_as`` then names for a fixture an earlier one that asks the
    same, which the texts would have shown. ``redact_parts`` redacts the texts of one message's content, which
    may be cut anywhere.
    """

    def __init__(
        self,
        store_text: StoreText = "full",
        redact: Redact | None = None,
        same_as: Mapping[str, str] | None = None,
        redact_parts: RedactParts | None = None,
    ) -> None:
        if store_text == "redacted" and redact is None:
            raise ValueError("store_text 'redacted' needs a redact function")
        self.store_text = store_text
        self._redact = redact
        self._same_as = same_as or {}
        self._redact_parts = redact_parts

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
            output = self._redact(record.output) if kept and self._redact else ""
            return msgspec.structs.replace(record, output=output, server=_known_timings(record.server))
        if isinstance(record, Warmup):
            said = self._redact(record.problem) if self._redact is not None and self.store_text != "hashes" else ""
            problem = said or (NOT_STORED if record.problem else "")
            timings = _known_timings(record.server_timings)
            return msgspec.structs.replace(record, problem=problem, server_timings=timings)
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
                finish_reason=_known_reason(attempt.finish_reason),
                server_timings=_known_timings(attempt.server_timings),
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
            finish_reason=_known_reason(attempt.finish_reason),
            server_timings=_known_timings(attempt.server_timings),
            prepared=_each_text(attempt.prepared, redact, self._redact_parts),
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
                same_as=self._same_as.get(fixture.id, ""),
            )
        return msgspec.structs.replace(
            fixture,
            input=_each_text(fixture.input, self._redact, self._redact_parts),
            expect=_each_text(fixture.expect, self._redact, self._redact_parts),
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


def _known_reason(reason: str) -> str:
    """Why an answer ended, where it is a word of the usual APIs; a server may write anything there."""
    return reason if not reason or reason.lower() in _REASONS else NOT_STORED


def _known_timings(timings: Mapping[str, float]) -> dict[str, float]:
    """A server's own figures under the names that runtimes have; a server may write anything there."""
    return {name: value for name, value in timings.items() if name in _TIMINGS}


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
        finish_reason=_known_reason(turn.finish_reason),
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
        finish_reason=_known_reason(turn.finish_reason),
        failure=None if failure is None else msgspec.structs.replace(failure, message=redact(failure.message)),
        protocol_error=redact(turn.protocol_error),
    )


def _each_call(calls: tuple[ToolCall, ...], redact: Redact) -> tuple[ToolCall, ...]:
    return tuple(
        msgspec.structs.replace(call, id=redact(call.id), name=redact(call.name), arguments=redact(call.arguments))
        for call in calls
    )


def _each_text(data: Any, redact: Redact, redact_parts: RedactParts | None = None) -> Any:
    """Plain data with every text in it redacted; keys of mappings are the suite's own words and stay."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: _each_text(value, redact, redact_parts) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        if redact_parts is not None and (texts := text_parts(data)) is not None:
            data = with_texts(data, redact_parts(texts))
        return [_each_text(value, redact, redact_parts) for value in data]
    return data
