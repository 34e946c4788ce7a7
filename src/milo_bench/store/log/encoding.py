"""A record in, its line out, a person's texts apart from the rest; what was moved apart in, put back out."""

from __future__ import annotations

from typing import Any

import msgspec

from milo_bench.core.records import (
    Attempt,
    Episode,
    Execution,
    Fixture,
    Frozen,
    LoadRequestRow,
    ModelJudgement,
    Record,
    ToolCall,
    Turn,
)
from milo_bench.store.log.sealing import SALT_MARK, digest_of_line, digest_of_parts
from milo_bench.store.stored_text import NOT_STORED, turn_without_text

_ENCODER = msgspec.json.Encoder()
_replace = msgspec.structs.replace


class _AttemptTexts(Frozen, frozen=True):
    output: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    prepared: dict[str, Any] = {}
    failure_message: str = ""
    bypass_reason: str = ""
    source_verdicts: dict[str, Any] = {}


class _FixtureTexts(Frozen, frozen=True):
    input: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    provenance: dict[str, Any] = {}


class _EpisodeTexts(Frozen, frozen=True):
    minefields: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    log: tuple[dict[str, Any], ...] = ()


class _EpisodeKept(Frozen, frozen=True):
    """What outlives the texts: how many breaches there were, and the times and tokens of each turn."""

    breaches: int = 0
    turns_kept: tuple[Turn, ...] = ()


class _ExecutionTexts(Frozen, frozen=True):
    results: tuple[dict[str, Any], ...] = ()
    problem: str = ""


class _LoadRowTexts(Frozen, frozen=True):
    output: str = ""


class _JudgementTexts(Frozen, frozen=True):
    reason: str = ""


class _MovedApart(Frozen, frozen=True):
    failure_message: str = ""
    bypass_reason: str = ""
    source_verdicts: dict[str, Any] = {}


_MOVED = msgspec.json.Decoder(_MovedApart)
_KEPT = msgspec.json.Decoder(_EpisodeKept)
_NO_TEXTS = b"{}"


def encode_line(record: Record, salt: bytes) -> tuple[bytes, bytes]:
    """The line of ``record`` with its newline, and the digest that enters its seal. ``salt`` is 32 hex digits."""
    split = _split(record)
    if split is None:
        line = _encode(record)
        return line + b"\n", digest_of_line(line)
    rest, texts = _encode(split[0]), _encode(split[1])
    if isinstance(record, Episode):
        rest = _with_fields(rest, _encode(_kept(record)))
    if texts == _NO_TEXTS:
        return rest + b"\n", digest_of_line(rest)
    before, after = rest[:-1], b'",' + texts[1:]
    return b"".join((before, SALT_MARK, salt, after, b"\n")), digest_of_parts(before, salt, after)


def _split(record: Record) -> tuple[Record, Frozen] | None:
    """What is sealed as it is, and the texts; None for a record that has none, or whose texts were erased."""
    if isinstance(record, Attempt):
        return None if record.erased else _split_attempt(record)
    if isinstance(record, Fixture):
        return None if record.erased else _split_fixture(record)
    if isinstance(record, Execution):
        return None if record.erased else _split_execution(record)
    if isinstance(record, ModelJudgement):
        return None if record.erased else (_replace(record, reason=""), _JudgementTexts(record.reason))
    if isinstance(record, Episode):
        return None if record.erased else _split_episode(record)
    if isinstance(record, LoadRequestRow) and record.output:
        return _replace(record, output=""), _LoadRowTexts(record.output)
    return None


def _split_attempt(attempt: Attempt) -> tuple[Attempt, _AttemptTexts]:
    failure, message = attempt.failure, ""
    bypass, colon, reason = attempt.bypass.partition(":")
    source, verdicts = attempt.source, {}
    if source is not None and source.verdicts:
        verdicts, source = source.verdicts, _replace(source, verdicts={})
    if failure is not None and failure.message:
        message, failure = failure.message, _replace(failure, message="")
    rest = _replace(
        attempt,
        output="",
        reasoning="",
        tool_calls=(),
        prepared={},
        failure=failure,
        bypass=bypass,
        source=source,
    )
    texts = _AttemptTexts(
        attempt.output, attempt.reasoning, attempt.tool_calls, attempt.prepared, message, colon + reason, verdicts
    )
    return rest, texts


def _split_fixture(fixture: Fixture) -> tuple[Fixture, _FixtureTexts]:
    rest = _replace(fixture, input={}, expect={}, provenance={})
    return rest, _FixtureTexts(fixture.input, fixture.expect, fixture.provenance)


def _split_execution(execution: Execution) -> tuple[Execution, _ExecutionTexts]:
    return _replace(execution, results=(), problem=""), _ExecutionTexts(execution.results, execution.problem)


def _split_episode(episode: Episode) -> tuple[Episode, _EpisodeTexts]:
    rest = _replace(episode, minefields=(), why=(), turns=(), log=())
    return rest, _EpisodeTexts(episode.minefields, episode.why, episode.turns, episode.log)


def _kept(episode: Episode) -> _EpisodeKept:
    return _EpisodeKept(len(episode.minefields), tuple(turn_without_text(turn) for turn in episode.turns))


def _with_fields(line: bytes, fields: bytes) -> bytes:
    """A JSON object with the fields of another one at its end."""
    return line if fields == _NO_TEXTS else line[:-1] + b"," + fields[1:]


def join_episode(episode: Episode, line: bytes) -> Episode:
    """``episode``, decoded from ``line``; an erased one with what outlives its texts."""
    if not episode.erased:
        return episode
    kept = _KEPT.decode(line)
    return _replace(episode, minefields=(NOT_STORED,) * kept.breaches, turns=kept.turns_kept)


def join_moved(attempt: Attempt, line: bytes) -> Attempt:
    """``attempt``, decoded from ``line``, with the texts that were moved apart."""
    if attempt.failure is None and not attempt.bypass and attempt.source is None:
        return attempt
    moved = _MOVED.decode(line)
    failure = attempt.failure
    if failure is not None and moved.failure_message:
        failure = _replace(failure, message=moved.failure_message)
    source = attempt.source
    if source is not None and moved.source_verdicts:
        source = _replace(source, verdicts=moved.source_verdicts)
    return _replace(attempt, failure=failure, bypass=attempt.bypass + moved.bypass_reason, source=source)


def _encode(record: Frozen) -> bytes:
    try:
        return _ENCODER.encode(record)
    except UnicodeEncodeError:
        # A model may write half a surrogate pair; JSON in UTF-8 has no place for it.
        whole: bytes = _ENCODER.encode(_whole_characters(msgspec.to_builtins(record)))
        return whole


def _whole_characters(data: Any) -> Any:
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode("utf-8")
    if isinstance(data, dict):
        return {_whole_characters(key): _whole_characters(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_whole_characters(part) for part in data]
    return data
