"""Judged attempts of one target in, an Inspect ``.eval`` log out, which ``inspect view`` opens.

The format is a zip of JSON files: ``header.json`` (the log without its samples),
``samples/ID_epoch_N.json``, ``summaries.json`` and ``_journal/start.json``.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from milo_bench.core.chat import Message
from milo_bench.core.files import writing
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Attempt, Fixture, Graded, RunEnd, RunHeader, TargetRecord, ToolCall

_SCORER = "milo_bench"
_STOP_REASONS = {
    "stop": "stop",
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "": "stop",  # no model was asked, or the log is of a version that kept no reason
}


@dataclass(frozen=True)
class InspectSample:
    """What one sample of the log is made from."""

    attempt: Attempt
    fixture: Fixture
    graded: Graded
    prompt: tuple[Message, ...]


def write_inspect_log(
    path: Path,
    header: RunHeader,
    target: TargetRecord,
    workload: str,
    samples: Sequence[InspectSample],
    *,
    end: RunEnd | None = None,
) -> None:
    """Write the log of one (target, workload) to ``path``; ``end`` is how the run ended, None where it was killed.

    Raises PrerequisiteError.
    """
    identifiers = _identifiers(samples)
    log = {**_header(header, target, workload, samples, identifiers), **_status(end)}
    with writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "_journal/start.json", {"version": 2, "eval": log["eval"], "plan": log["plan"]})
        summaries = []
        for number, (sample, identifier) in enumerate(zip(samples, identifiers, strict=True)):
            written = _sample(sample, target, header, number, identifier)
            # An id may hold anything, so the name of the file is made safe; Inspect reads the id from inside.
            _add(archive, f"samples/{written['id']}_epoch_{written['epoch']}.json", written)
            summaries.append(_summary(written))
        _add(archive, "summaries.json", summaries)
        _add(archive, "header.json", log)


_SUMMARY = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage", "total_time", "uuid")


def _summary(written: Mapping[str, Any]) -> dict[str, Any]:
    """A sample without its texts: an error is a text here, an object in the sample."""
    error = written.get("error")
    return {
        **{key: written[key] for key in _SUMMARY if key in written},
        **({} if error is None else {"error": error["message"]}),
        "completed": error is None,
        "message_count": len(written["messages"]),
    }


def _status(end: RunEnd | None) -> dict[str, Any]:
    """How the run ended, in Inspect's words."""
    if end is not None and end.complete:
        return {"status": "success"}
    if end is not None and end.reason in ("interrupted", "budget"):
        return {"status": "cancelled"}
    said = "the run ended before its plan did" if end is not None else "the run was killed"
    return {"status": "error", "error": {"message": said, "traceback": "", "traceback_ansi": ""}}


def _add(archive: zipfile.ZipFile, name: str, data: object) -> None:
    # A fixed date keeps the same log the same file.
    info = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, json.dumps(data, ensure_ascii=True))


def _header(
    header: RunHeader,
    target: TargetRecord,
    workload: str,
    samples: Sequence[InspectSample],
    identifiers: Sequence[str],
) -> dict[str, Any]:
    passed = sum(1 for sample in samples if sample.graded.passed)
    identity = sha256_text(f"{header.run_id}/{target.name}/{workload}")
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": identity[:22],
            "run_id": header.run_id,
            "created": header.created_at,
            "task": f"{header.suite.name}/{workload}",
            "task_id": identity[22:44],
            "task_version": header.suite.version,
            "task_attribs": {},
            "task_args": {},
            "dataset": {
                "name": header.suite.name,
                "samples": len(samples),
                "sample_ids": list(dict.fromkeys(identifiers)),
                "shuffled": False,
            },
            "model": f"milo-bench/{target.name}",
            "model_args": {},
            "config": {"epochs": max((sample.attempt.key.repeat for sample in samples), default=0) + 1},
            "packages": {"milo-bench": header.tool_version},
            "metadata": {"suite_hash": header.suite.hash, "model_digest": target.model_digest},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(samples),
            "completed_samples": sum(1 for sample in samples if sample.attempt.failure is None),
            "scores": [
                {
                    "name": _SCORER,
                    "scorer": _SCORER,
                    "params": {},
                    "metrics": {
                        "pass_rate": {
                            "name": "pass_rate",
                            "value": passed / len(samples) if samples else 0.0,
                            "params": {},
                        }
                    },
                }
            ],
        },
        "stats": {"started_at": header.created_at, "completed_at": header.created_at, "model_usage": {}},
    }


def _sample(
    sample: InspectSample, target: TargetRecord, header: RunHeader, number: int, identifier: str
) -> dict[str, Any]:
    attempt, graded = sample.attempt, sample.graded
    usage = attempt.usage
    # Inspect knows samples and messages by their ids, across logs too.
    place = f"{header.run_id}/{target.name}/{sample.fixture.workload}/{number}/{identifier}"
    uuid = sha256_text(place)[:22]
    prompt = [
        {"id": f"{uuid}-{position}", "role": message.role, "content": message.content, "source": "input"}
        for position, message in enumerate(sample.prompt)
    ]
    answer = _message(attempt, f"{uuid}-answer")
    took = _took_s(attempt)
    counts = {
        "input_tokens": usage.prompt_tokens or 0,
        "output_tokens": usage.completion_tokens or 0,
        "total_tokens": (usage.prompt_tokens or 0) + (usage.completion_tokens or 0),
    }
    written: dict[str, Any] = {
        "id": identifier,
        "epoch": attempt.key.repeat + 1,
        "input": prompt,
        "target": json.dumps(sample.fixture.expect, ensure_ascii=False),
        "messages": [*prompt, answer] if attempt.failure is None else prompt,
        "output": {
            "model": target.model,
            "choices": [{"message": answer, "stop_reason": _stop_reason(attempt)}],
            "completion": attempt.output,
            "usage": counts,
            "time": took,
        },
        "scores": {
            _SCORER: {
                "value": "C" if graded.passed else "N" if graded.unjudged else "I",
                "answer": attempt.output,
                "explanation": "\n".join(
                    f"{v.outcome} {v.check}{'.' + v.subject if v.subject else ''}: {v.reason}" for v in graded.verdicts
                ),
                "metadata": {"bypass": attempt.bypass} if attempt.bypass else {},
            }
        },
        "metadata": {
            "tags": list(sample.fixture.tags),
            "decoding": attempt.key.decoding,
            "milo_bench": own_fields(attempt, sample.fixture),
        },
        "model_usage": {f"milo-bench/{target.name}": counts},
        "total_time": took,
        "uuid": uuid,
        "events": [],
        "store": {},
        "attachments": {},
    }
    if not attempt.bypass:
        written["events"] = [_model_event(written, header, target, attempt, uuid)]
    if attempt.failure is not None:
        said = f"{attempt.failure.kind}: {attempt.failure.message}"
        written["error"] = {"message": said, "traceback": "", "traceback_ansi": ""}
        written["scores"] = {}
    return written


def own_fields(attempt: Attempt, fixture: Fixture) -> dict[str, Any]:
    """What an import of the file needs for the same log again, and other tools have no place for."""
    found: dict[str, Any] = {
        "fixture": fixture.id,
        "workload": fixture.workload,
        "target": attempt.key.target,
        "repeat": attempt.key.repeat,
        "decoding": attempt.key.decoding,
        "tags": list(fixture.tags),
        "input": fixture.input,
        "expect": fixture.expect,
        "finish_reason": attempt.finish_reason,
    }
    if attempt.bypass:
        found["bypass"] = attempt.bypass
    if attempt.failure is not None:
        found["failure"] = attempt.failure.kind
    if attempt.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in attempt.tool_calls
        ]
    return found


def _model_event(
    written: Mapping[str, Any], header: RunHeader, target: TargetRecord, attempt: Attempt, uuid: str
) -> dict[str, Any]:
    """The one call of the model: Inspect's frames of messages are read from events."""
    started_s = attempt.timings.started_s
    began = datetime.fromisoformat(header.created_at) + timedelta(seconds=started_s)
    event = {
        "uuid": f"{uuid}-call",
        "event": "model",
        "timestamp": began.isoformat(),
        "working_start": started_s,
        "model": f"milo-bench/{target.name}",
        "input": written["input"],
        "tools": [],
        "tool_choice": "none",
        "config": {},
        "output": written["output"] if attempt.failure is None else {"model": target.model, "choices": []},
    }
    if attempt.failure is not None:
        event["error"] = f"{attempt.failure.kind}: {attempt.failure.message}"
    return event


def _stop_reason(attempt: Attempt) -> str:
    """Why the answer ended, in Inspect's words; "unknown" for a reason that it has no word for, and for a failure."""
    if attempt.failure is not None:
        overflow = {"context_overflow": "model_length", "cut_while_thinking": "max_tokens"}
        return overflow.get(attempt.failure.kind, "unknown")
    return _STOP_REASONS.get(attempt.finish_reason, "unknown")


def _message(attempt: Attempt, ident: str) -> dict[str, Any]:
    """The answer as Inspect writes one; its viewer shows reasoning and calls apart from the text."""
    content: Any = attempt.output
    if attempt.reasoning:
        content = [{"type": "reasoning", "reasoning": attempt.reasoning}, {"type": "text", "text": attempt.output}]
    message = {"id": ident, "role": "assistant", "content": content, "source": "generate"}
    if attempt.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in attempt.tool_calls]
    return message


def _tool_call(call: ToolCall) -> dict[str, Any]:
    written: dict[str, Any] = {"id": call.id, "function": call.name, "arguments": {}, "type": "function"}
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if isinstance(arguments, dict):
        return {**written, "arguments": arguments}
    return {**written, "parse_error": f"not a JSON object: {call.arguments[:200]}"}


def _took_s(attempt: Attempt) -> float | None:
    """From start to end by our clock; what another client measured of an imported answer, None for neither."""
    if attempt.source is not None:
        return attempt.source.times_s.get("latency_s")
    return attempt.timings.ended_s - attempt.timings.started_s


def _identifiers(samples: Sequence[InspectSample]) -> list[str]:
    """For each sample the fixture's id, safe as part of a name inside an archive; the decoding too where constrained.

    Two fixtures whose ids become alike get a number: each sample is an entry of its own.
    """
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    found = []
    for sample in samples:
        key = (sample.fixture.id, sample.attempt.key.decoding)
        if key not in names:
            decoding = "-constrained" if key[1] == "constrained" else ""
            plain = re.sub(r"[^\w.-]", "_", key[0]) + decoding
            name, number = plain, 1
            while name in taken:
                number += 1
                name = f"{plain}-{number}"
            names[key] = name
            taken.add(name)
        found.append(names[key])
    return found
