"""Result files of promptfoo in; one answer for each prompt, provider and test out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from milo_bench.core.errors import DataError
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.json_records import json_objects
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
    usage_of,
)

_HINT: Final = "give the file that 'promptfoo eval --output results.json' wrote."
# Assertions that a check of ours judges in the same way.
_ALIKE: Final[Mapping[str, str]] = {"equals": "equals", "contains": "contains", "contains-all": "contains_all"}


def read_promptfoo(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The results of promptfoo. Assertions of other kinds than ours are kept as its verdicts."""
    for file in files:
        version, rows = _rows(file, account)
        prompts: dict[str, int] = {}
        for place, row in rows:
            if not isinstance(row.get("vars"), Mapping) and "response" not in row:
                account.broke(f"{file.path} result {place}", "no result of promptfoo", _HINT)
                continue
            yield _answer(row, place, file, version, prompts, request, account)


def _rows(file: RecordFile, account: Account) -> tuple[str, Iterator[tuple[int, Mapping[str, Any]]]]:
    if file.path.suffixes[:1] == [".jsonl"]:
        return "", json_objects(file, account)
    data = file.json()
    version = text_of(find(data, "metadata.promptfooVersion", "config.metadata.promptfooVersion"))
    results = find(data, "results.results", "results")
    if not isinstance(results, list):
        raise DataError(f"{file.path} is not a result file of promptfoo: it has no results.", hint=_HINT)
    return version, iter([(n, row) for n, row in enumerate(results, start=1) if isinstance(row, Mapping)])


def _answer(
    row: Mapping[str, Any],
    place: int,
    file: RecordFile,
    version: str,
    prompts: dict[str, int],
    request: ReadRequest,
    account: Account,
) -> RecordedAnswer:
    where = f"{file.path} result {place}"
    response = mapping(row.get("response"))
    raw = text_of(find(row, "prompt.raw", "prompt"))
    label = text_of(find(row, "prompt.label")) or raw
    number_of_prompt = prompts.setdefault(label, len(prompts))
    # promptfoo writes an empty label for a provider that was given none.
    named = (text_of(find(row, place)) for place in ("provider.label", "provider.id", "provider"))
    provider = next(filter(None, named), "provider")
    # Two prompts are two ways of asking one model: each is a target of its own.
    target = request.target or (provider if number_of_prompt == 0 else f"{provider} prompt {number_of_prompt + 1}")
    if number_of_prompt:
        account.leave("a further prompt is a target of its own", where, "compare the targets, or import it alone.")
    said = text_of(find(row, "response.error", "error"))
    failed = bool(said) and ("output" not in response or row.get("failureReason") == 2)
    cached = bool(find(row, "response.cached"))
    milliseconds = number(row.get("latencyMs"))
    variables = mapping(find(row, "vars", "testCase.vars"))
    gold = _gold(row, account, where)
    return RecordedAnswer(
        file=file.number,
        line=place,
        target=target,
        output=text_of(response.get("output")),
        tool="promptfoo",
        version=version,
        id=_id(row),
        input=dict(variables) if variables else inputs_of(raw, account, where),
        repeat=None,
        finish_reason=text_of(response.get("finishReason")),
        usage=usage_of(find(row, "response.tokenUsage") if not cached else None),
        failure=failure_kind(said) if failed else None,
        failure_message=said if failed else "",
        gold=gold,
        gold_kind="expect" if gold else "",
        cached=cached,
        times_s=times(latency_s=None if milliseconds is None else milliseconds / 1e3),
        verdicts=_verdicts(row),
        cost_usd=number(row.get("cost")),
    )


def _id(row: Mapping[str, Any]) -> str:
    """The test's own id; without one, cases are told apart by their variables."""
    return text_of(find(row, "testCase.metadata.id", "testCase.description", "description"))


def _verdicts(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "pass": find(row, "gradingResult.pass", "success"),
        "score": find(row, "gradingResult.score", "score"),
    }
    for one in listed(find(row, "gradingResult.componentResults")):
        kind = text_of(find(one, "assertion.type"))
        if kind and kind not in found:
            found[kind] = find(one, "pass", "score")
    return {name: plain_verdict(value) for name, value in found.items() if value is not None}


def _gold(row: Mapping[str, Any], account: Account, where: str) -> dict[str, Any] | None:
    expect: dict[str, Any] = {}
    for one in listed(find(row, "testCase.assert")):
        if not isinstance(one, Mapping):
            continue
        kind, value = text_of(one.get("type")), one.get("value")
        key = _ALIKE.get(kind)
        texts = value if isinstance(value, list) else [value]
        plain = all(isinstance(text, str) and "{{" not in text and not text.startswith("file://") for text in texts)
        if key is None or not plain or key in expect:
            account.leave(f"assertion '{kind}'", where, "its verdict is kept. Add a check to the suite.")
            continue
        expect[key] = value
    return expect or None


FORMATS.add("promptfoo", RecordedFormat(read_promptfoo, "result files of promptfoo, JSON or JSONL"))
