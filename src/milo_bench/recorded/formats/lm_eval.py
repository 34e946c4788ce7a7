"""Sample files of the LM Evaluation Harness in; one answer for each document and repeat out."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.config.written import Problem
from milo_bench.core.errors import UsageError
from milo_bench.recorded.answer import FORMATS, Account, GoldKind, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.files import RecordFile
from milo_bench.recorded.values import count, decode_object, find, listed, number, plain_verdict, text_of

_NAME = re.compile(r"samples_(?P<task>.+?)_(?P<date>\d{4}-\d{2}-\d{2}T[\d.:-]+)\.jsonl(?:\.gz)?$")


def read_lm_eval(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The samples of one or more ``samples_TASK_DATE.jsonl``; the results file beside one names the model."""
    samples = [file for file in files if not file.name.startswith("results_")]
    for file in samples:
        named = _NAME.search(file.name)
        results = file.sibling(f"results_{named['date']}.json") if named else None
        target = request.target or _model(file, results)
        version = text_of(find(results, "lm_eval_version"))
        task = named["task"] if named else ""
        filters: dict[str, str] = {}  # by document, the filter whose row was taken
        for line, data in _objects(file, account):
            document = text_of(data.get("doc_id"))
            first = filters.setdefault(document, text_of(data.get("filter")))
            if text_of(data.get("filter")) != first:
                # The same answers once more, as another filter reads them.
                account.leave(
                    "rows of a second filter", file.where(line), "the answer is carried over once, unfiltered."
                )
                continue
            yield from _answers(data, line, file, target, version, task, account)


def _objects(file: RecordFile, account: Account) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, raw in file.lines():
        data = decode_object(raw, file.where(line))
        if isinstance(data, Problem):
            account.broke(data.where, data.what, data.hint)
        elif "resps" not in data or "doc_id" not in data:
            hint = "give the files that --log_samples writes: samples_TASK_DATE.jsonl."
            account.broke(file.where(line), "no sample of lm-eval (no 'doc_id' or 'resps')", hint)
        else:
            yield line, data


def _model(file: RecordFile, results: Any) -> str:
    named = text_of(find(results, "model_name", "config.model_name"))
    folder = file.path.parent.name
    if named:
        return named
    if "__" in folder:
        return folder.replace("__", "/")
    message = f"{file.path} does not name its model, and there is no results file beside it."
    raise UsageError(message, hint="add --target NAME, or give the folder as lm-eval wrote it.")


def _answers(
    data: Mapping[str, Any], line: int, file: RecordFile, target: str, version: str, task: str, account: Account
) -> Iterator[RecordedAnswer]:
    requests = _requests(data.get("arguments"))
    responses = listed(data.get("resps"))
    choices: tuple[str, ...] = ()
    kind: GoldKind = ""
    if _is_likelihood(responses):
        best = _likeliest(responses)
        outputs = [] if best is None else [string.ascii_uppercase[best] if best < 26 else str(best)]
        choices, kind = tuple(text.strip() for _, text in requests), "choice"
        account.guess("the likeliest choice is the answer, without correction for its length")
    else:
        first = responses[0] if responses and isinstance(responses[0], list) else responses
        outputs = [text_of(one) for one in first]
    gold = data.get("target")
    if kind == "choice":
        index = count(gold)
        gold = index if index is not None else text_of(gold).strip()
    verdicts = {
        name: plain_verdict(data[name])
        for name in listed(data.get("metrics"))
        if isinstance(name, str) and name in data
    }
    prompt = requests[0][0] if requests else ""
    for repeat, output in enumerate(outputs):
        yield RecordedAnswer(
            file=file.number,
            line=line,
            target=target,
            output=output,
            tool="lm_eval",
            version=version,
            id=f"{task}-{text_of(data.get('doc_id'))}".strip("-"),
            input={"prompt": prompt} if prompt else {},
            workload=task,
            repeat=repeat,
            gold=None if gold in (None, "") else gold,
            gold_kind=kind,
            choices=choices,
            verdicts=verdicts,
        )


def _requests(written: Any) -> list[tuple[str, str]]:
    """Each request's context and continuation ("" for generated answers)."""
    several = list(written.values()) if isinstance(written, Mapping) else written if isinstance(written, list) else []
    found = []
    for one in several:
        if isinstance(one, Mapping):
            first, second = one.get("arg_0"), one.get("arg_1")
        elif isinstance(one, list) and one:
            first, second = one[0], one[1] if len(one) > 1 else ""
        else:
            continue
        found.append((text_of(first), second if isinstance(second, str) else ""))
    return found


def _is_likelihood(responses: Any) -> bool:
    """Whether each response is a log-likelihood and whether it was the greedy one."""
    inner = [one[0] for one in responses if isinstance(one, list) and one]
    pairs = [one for one in inner if isinstance(one, list | tuple) and len(one) == 2 and number(one[0]) is not None]
    return bool(inner) and len(pairs) == len(inner)


def _likeliest(responses: Any) -> int | None:
    values = [number(one[0][0]) for one in responses]
    known = [value if value is not None else float("-inf") for value in values]
    return max(range(len(known)), key=known.__getitem__) if known else None


FORMATS.add("lm_eval", RecordedFormat(read_lm_eval, "samples of the LM Evaluation Harness"))
