"""Inspect logs, ``.eval`` archives or JSON, in; one answer for each sample and epoch out."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import FailureKind
from milo_bench.recorded.answer import FORMATS, Account, GoldKind, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.messages import inputs_of
from milo_bench.recorded.values import (
    failure_kind,
    find,
    listed,
    mapping,
    number,
    plain_verdict,
    text_of,
    times,
    tool_calls_of,
    usage_of,
)

_ENTRY_LIMIT_BYTES: Final = 256 << 20
_ATTACHMENT = re.compile(r"attachment://([0-9a-f]{32,64})")
_OURS: Final = "milo_bench"  # in a sample's metadata, of a log that 'score --format inspect' wrote
_KIND = re.compile(r"([a-z_]+): ")


def read_inspect(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The samples of Inspect logs. Tool steps and sandboxes are not carried over, and said."""
    for file in files:
        with file.open() as opened:
            packed = opened.read(2) == b"PK"
        header, samples = _archive(file) if packed else _document(file)
        evaluation = header.get("eval")
        if not isinstance(evaluation, Mapping):
            message = f"{file.path} is not an Inspect log: it has no 'eval'."
            raise DataError(message, hint="give the .eval file, or its JSON from 'inspect log dump'.")
        if header.get("status") not in (None, "success"):
            account.leave(f"an evaluation with status {header.get('status')}", str(file.path), "it may be incomplete.")
        for number_, sample in enumerate(samples, start=1):
            yield _answer(sample, number_, file, evaluation, request, account)


def _document(file: RecordFile) -> tuple[Mapping[str, Any], Iterator[Mapping[str, Any]]]:
    data = file.json()
    if not isinstance(data, Mapping):
        message = f"{file.path} is not an Inspect log."
        raise DataError(message, hint="give the .eval file, or its JSON from 'inspect log dump'.")
    samples = data.get("samples")
    return data, iter([one for one in listed(samples) if isinstance(one, Mapping)])


def _archive(file: RecordFile) -> tuple[Mapping[str, Any], Iterator[Mapping[str, Any]]]:
    """The header of an archive and its samples one at a time, in the order in which they were recorded."""
    try:
        archive = zipfile.ZipFile(file.open())
        names = archive.namelist()
        head = next((name for name in ("header.json", "_journal/start.json") if name in names), None)
        header = {} if head is None else _entry(archive, head, file)
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError) as error:
        message = f"{file.path} is a damaged archive: {str(error)[:80]}."
        raise DataError(message, hint="copy the file again, or run 'inspect log dump' on it.") from None
    listed = [name for name in names if name.startswith("samples/") and name.endswith(".json")]
    return header, (_entry(archive, name, file) for name in listed)


def _entry(archive: zipfile.ZipFile, name: str, file: RecordFile) -> Mapping[str, Any]:
    info = archive.getinfo(name)
    if info.file_size > _ENTRY_LIMIT_BYTES:
        message = f"{file.path} has an entry '{name[:80]}' larger than {_ENTRY_LIMIT_BYTES >> 20} MiB."
        raise DataError(message, hint="remove its events first: inspect log dump --resolve-attachments false.")
    try:
        data = msgspec.json.decode(archive.read(info))
    except NotImplementedError:
        message = f"{file.path} is compressed in a way that this Python cannot read."
        raise DataError(message, hint="convert it: inspect log convert --to json --output-dir DIR FILE") from None
    except (msgspec.DecodeError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        message = f"{file.path}: '{name[:80]}' cannot be read: {str(error)[:80]}."
        raise DataError(message, hint="copy the file again.") from None
    return data if isinstance(data, Mapping) else {}


def _answer(
    sample: Mapping[str, Any],
    place: int,
    file: RecordFile,
    evaluation: Mapping[str, Any],
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer:
    where = f"{file.path} sample {place}"
    ours = find(sample, f"metadata.{_OURS}")
    output = mapping(sample.get("output"))
    message = mapping(find(output, "choices.0.message"))
    attachments = mapping(sample.get("attachments"))
    said = text_of(find(sample, "error.message", "error"))
    limit = find(sample, "limit.type", "limit")
    for lost in ("sandbox", "files", "setup"):
        if sample.get(lost):
            account.leave(f"'{lost}' of a sample", where, "only the request and the answer are carried over.")
    if limit:
        account.leave(f"a sample that ended by its limit on {limit}", where, "its last answer is carried over.")
    completion = find(output, "completion")
    text = completion if isinstance(completion, str) and completion else text_of(find(message, "content"))
    failure, reason = _failure(said, ours)
    answered = bool(output.get("choices")) or bool(text)
    if failure is None and not answered and not _bypass(sample):
        failure, reason = "server_error", "the log has no output for this sample"
    cached = _is_cached(sample)
    epoch = number(sample.get("epoch"))
    usage = output.get("usage") or next(iter(mapping(sample.get("model_usage")).values()), None)
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=request.target or _model(evaluation, ours),
        output=_resolved(text, attachments),
        tool="inspect_ai" if ours is None else "milo-bench",
        version=text_of(find(evaluation, "packages.inspect_ai", "packages.milo-bench")),
        id=text_of(find(ours, "fixture")) or text_of(sample.get("id")),
        input=_inputs(sample, ours, attachments, account, where),
        workload=text_of(find(ours, "workload")) or text_of(evaluation.get("task")).rpartition("/")[2],
        repeat=max(0, int(epoch) - 1) if epoch is not None else None,
        decoding="constrained" if find(ours, "decoding") == "constrained" else "free",
        reasoning=_reasoning(message),
        tool_calls=tool_calls_of(find(ours, "tool_calls") or message.get("tool_calls")),
        finish_reason=_finish_reason(output, ours),
        usage=usage_of(usage) if usage and any(usage.values()) else usage_of(None),
        failure=failure,
        failure_message=reason,
        bypass=_bypass(sample),
        gold=_gold(sample, ours),
        gold_kind=_gold_kind(sample, ours),
        choices=tuple(text_of(one) for one in listed(sample.get("choices"))),
        tags=tuple(text_of(tag) for tag in listed(find(ours, "tags"))),
        cached=cached,
        times_s=times(
            latency_s=number(output.get("time")),
            total_s=number(sample.get("total_time")),
            working_s=number(sample.get("working_time")),
        ),
        verdicts={
            str(name): plain_verdict(score.get("value") if isinstance(score, Mapping) else score)
            for name, score in mapping(sample.get("scores")).items()
        },
    )


def _finish_reason(output: Mapping[str, Any], ours: Any) -> str:
    said = text_of(find(output, "choices.0.stop_reason"))
    return text_of(find(ours, "finish_reason")) if ours is not None else {"max_tokens": "length"}.get(said, said)


def _model(evaluation: Mapping[str, Any], ours: Any) -> str:
    model = text_of(evaluation.get("model")) or "model"
    return text_of(find(ours, "target")) or model


def _failure(said: str, ours: Any) -> tuple[FailureKind | None, str]:
    """The kind of failure; of a log of our own the kind that was recorded."""
    if not said:
        return None, ""
    kind = find(ours, "failure")
    if kind is not None:
        named = _KIND.match(said)
        return msgspec.convert(kind, FailureKind), said[named.end() :] if named else said
    return failure_kind(said), said


def _bypass(sample: Mapping[str, Any]) -> str:
    return text_of(find(sample, f"metadata.{_OURS}.bypass"))


def _resolved(text: str, attachments: Mapping[str, Any]) -> str:
    if "attachment://" not in text:
        return text
    return _ATTACHMENT.sub(lambda match: text_of(attachments.get(match[1], match[0])), text)


def _inputs(
    sample: Mapping[str, Any], ours: Any, attachments: Mapping[str, Any], account: Account, where: str
) -> dict[str, Any]:
    """What the model was sent: the messages before its only answer, else the sample's own input."""
    recorded = find(ours, "input")
    if isinstance(recorded, Mapping):
        return dict(recorded)
    messages = [one for one in listed(sample.get("messages")) if isinstance(one, Mapping)]
    asked = messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages
    if asked and all(one.get("role") in ("system", "user") for one in asked):
        found = inputs_of(asked, account, where)
    else:
        found = inputs_of(sample.get("input"), account, where)
        if messages:
            account.leave("the steps of an agent", where, "only its input and last answer are carried over.")
    return {key: _resolved(value, attachments) if isinstance(value, str) else value for key, value in found.items()}


def _gold(sample: Mapping[str, Any], ours: Any) -> Any:
    expect = find(ours, "expect")
    if isinstance(expect, Mapping):
        return dict(expect)
    target = sample.get("target")
    return None if target in (None, "", []) else target


def _gold_kind(sample: Mapping[str, Any], ours: Any) -> GoldKind:
    if isinstance(find(ours, "expect"), Mapping):
        return "expect"
    return "choice" if sample.get("choices") else ""


def _reasoning(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    said = [
        text_of(one.get("reasoning")) for one in parts if isinstance(one, Mapping) and one.get("type") == "reasoning"
    ]
    return "\n".join(part for part in said if part)


def _is_cached(sample: Mapping[str, Any]) -> bool:
    """Whether every call of a model was answered out of Inspect's own cache."""
    calls = [one for one in listed(sample.get("events")) if isinstance(one, Mapping) and one.get("event") == "model"]
    return bool(calls) and all(one.get("cache") == "read" for one in calls)


FORMATS.add("inspect", RecordedFormat(read_inspect, "Inspect logs, .eval or JSON", (".eval",)))
