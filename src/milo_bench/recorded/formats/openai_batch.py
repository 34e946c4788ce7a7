"""Input and output files of a batch in; one answer for each request out, joined by ``custom_id``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.config.written import Problem
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.chat import ONE_CHOICE, answer_of, further_choices, inputs_of_request
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.values import count, decode_object, failure_kind, find, text_of

_HINT = "give the input file (custom_id, body) and the output file (custom_id, response) of one batch."


def read_openai_batch(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The answers of batches, of OpenAI's form or Anthropic's; the order of the files does not matter."""
    asked: dict[str, Any] = {}
    answered: list[RecordFile] = []
    for file in files:
        kinds = set()
        for line, data in _objects(file, account):
            body = find(data, "body", "params")
            if isinstance(body, Mapping) and "response" not in data and "result" not in data:
                asked[text_of(data.get("custom_id"))] = body
                kinds.add("input")
            elif "response" in data or "result" in data or "error" in data:
                kinds.add("output")
            else:
                account.broke(file.where(line), "neither a request nor a response of a batch", _HINT)
        if "output" in kinds:
            answered.append(file)
    if not answered and asked:
        account.leave("requests without responses", str(files[0].path), _HINT)
    seen: set[str] = set()
    for file in answered:
        for line, data in _objects(file, account, silent=True):
            if "response" in data or "result" in data or "error" in data:
                seen.add(text_of(data.get("custom_id")))
                yield _answer(data, line, file, asked, request, account)
    for name in (one for one in asked if one not in seen):
        account.leave("a request without a response", f"custom_id {name[:60]}", "add the output and the error file.")


def _objects(file: RecordFile, account: Account, *, silent: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, raw in file.lines():
        data = decode_object(raw, file.where(line))
        if not isinstance(data, Problem):
            yield line, data
        elif not silent:
            account.broke(data.where, data.what, data.hint)


def _answer(
    data: Mapping[str, Any],
    line: int,
    file: RecordFile,
    asked: Mapping[str, Any],
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer:
    where, name = file.where(line), text_of(data.get("custom_id"))
    sent = asked.get(name)
    said = answer_of(find(data, "response.body", "result.message"))
    if more := further_choices(find(data, "response.body")):
        account.leave(f"{more} more choices of a request", where, ONE_CHOICE)
    status = count(find(data, "response.status_code"))
    error = (
        text_of(find(data, "error.message", "error.code", "error", "result.error.message", "result.error"))
        or said.error
    )
    if status is not None and status >= 400 and not error:
        error = f"status {status}"
    if text_of(find(data, "result.type")) in ("errored", "canceled", "expired"):
        error = error or text_of(find(data, "result.type"))
    if not error and not said.found:
        error = "the response has no answer"
    if sent is None:
        account.leave("a response without its request", where, "add the input file of the batch for the inputs.")
    tool = "openai" if "response" in data else "anthropic"
    return RecordedAnswer(
        file=file.number,
        line=line,
        target=request.target or said.model or text_of(find(sent, "model")) or "batch",
        output=said.text,
        tool=f"{tool}_batch",
        id=name,
        input=inputs_of_request(sent, account, where) if sent is not None else {},
        reasoning=said.reasoning,
        tool_calls=said.tool_calls,
        finish_reason=said.finish_reason,
        usage=said.usage,
        failure=failure_kind(f"{error} {status or ''}") if error else None,
        failure_message=error,
    )


FORMATS.add("openai_batch", RecordedFormat(read_openai_batch, "input and output of a batch, JSONL", same_input=True))
