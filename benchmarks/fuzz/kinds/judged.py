"""Answers at every check and guard, and answers that other tools recorded at every reader of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.fuzz.damage import damaged, damaged_text, damaged_tree, dumped, text, value
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.core.errors import MiloError
from milo_bench.core.reasoning import split_reasoning
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, ToolCall, Workload
from milo_bench.grade.answer import read_json_answer
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.promises.find import find_promises
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest
from milo_bench.recorded.cases import collect
from milo_bench.recorded.files import open_files
from milo_bench.store.stored_text import TextPolicy
from milo_bench.suites.load import load_suite

_TIMINGS: Final = Timings(0.0, 0.0, 1.0)


@cache
def _asked() -> tuple[tuple[Workload, Fixture], ...]:
    """A few fixtures of every workload that is built in."""
    found = []
    for name in ("case_ops_v1", "claims_v1", "demo_v1"):
        suite = load_suite(name)
        for workload in suite.workloads.values():
            mine = [fixture for fixture in suite.fixtures if fixture.workload == workload.name]
            found += [(workload, fixture) for fixture in mine[:3]]
    return tuple(found)


def _answer(random: Random, fixture: Fixture) -> str:
    """What a model could have said: the right thing, nearly, or anything."""
    chance = random.random()
    right = dumped(fixture.expect)
    if chance < 0.3:
        return dumped(damaged_tree(random, fixture.expect) if fixture.expect else value(random))
    if chance < 0.5:
        return damaged_text(random, f"Here it is:\n```json\n{right}\n```\nDone [E-0001].")
    if chance < 0.7:
        return damaged_text(random, str(fixture.input.get("text") or fixture.input)[:600])
    return text(random, 14)


def _graded(random: Random, folder: Path) -> None:
    """Every answer gets its verdicts."""
    workload, fixture = random.choice(_asked())
    calls = (ToolCall("c", text(random, 1), text(random, 2)),) if random.random() < 0.1 else ()
    attempt = Attempt(AttemptKey(fixture.id, "t"), "q", _TIMINGS, output=_answer(random, fixture), tool_calls=calls)
    graded = grade_attempt(workload, fixture, attempt)
    if not graded.verdicts:
        raise Lost("an answer got no verdict")


def _read(random: Random, folder: Path) -> None:
    """JSON in an answer is read the same by this reader and by any other, or not at all."""
    written = _answer(random, random.choice(_asked())[1])
    read_json_answer(written)
    thinking, rest = split_reasoning(written)
    if len(thinking) + len(rest) > len(written):
        raise Lost("thinking and answer are longer than the text")


def _stored(random: Random, folder: Path) -> None:
    """Redacted and hashed logs take any answer."""
    attempt = Attempt(AttemptKey("f", "t"), "q", _TIMINGS, output=text(random, 6), reasoning=text(random, 2))
    hashed = TextPolicy("hashes").stored(attempt)
    if isinstance(hashed, Attempt) and hashed.output:
        raise Lost("a hashed log keeps text")


def _guarded(random: Random, folder: Path) -> None:
    written = text(random, 6)
    find_promises(written)
    for found in find_personal_data(written):
        if not 0 <= found.start < found.end <= len(written):
            raise Lost("a finding is outside of its text")


_RECORDS: Final[Mapping[str, Any]] = {
    "jsonl": {"id": "a", "input": "Say it", "output": "it", "model": "m", "gold": "it", "latency_s": 1.0},
    "csv": "id,input,output,model,gold\na,Say it,it,m,it\nb,Say,no,m,it\n",
    "inspect": {
        "version": 2, "status": "success", "eval": {"task": "t", "model": "org/m"},
        "samples": [
            {"id": 1, "epoch": 1, "input": "Which?", "target": "B", "output": {"completion": "A"}, "scores": {}}
        ],
    },
    "lm_eval": {"doc_id": 0, "target": "4", "arguments": {"gen_args_0": {"arg_0": "2+2?"}}, "resps": [["4"]]},
    "helm": {"instances": [], "request_states": [{"instance": {"id": "a", "input": {"text": "x"}}, "result": {}}]},
    "openai_batch": {
        "custom_id": "a", "response": {"status_code": 200, "body": {"choices": [{"message": {"content": "x"}}]}}
    },
    "openai_log": {
        "request": {"model": "m", "messages": [{"role": "user", "content": "x"}]}, "response": {"choices": []}
    },
    "ollama_log": {"request": {"model": "m", "prompt": "x"}, "response": {"response": "y", "done": True}},
    "otel": {
        "resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat", "attributes": [{"key": "gen_ai.system"}]}]}]}]
    },
    "promptfoo": {"results": {"results": [{"prompt": {"raw": "x"}, "response": {"output": "y"}, "success": True}]}},
    "every_eval_ever": {
        "schema_version": "0.2", "evaluation_id": "x", "model_info": {"id": "m"}, "evaluation_results": []
    },
}  # fmt: skip


def _recorded(random: Random, folder: Path) -> None:
    """Each entry of a foreign file is an answer or is named; the file as a whole may be refused."""
    name = random.choice(tuple(FORMATS.names()))
    sound = _RECORDS.get(name, {})
    lines = []
    for _ in range(random.randint(1, 3)):
        written = (
            sound if isinstance(sound, str) else dumped(damaged_tree(random, sound, 3) if sound else value(random))
        )
        lines.append(damaged_text(random, written) if random.random() < 0.3 or isinstance(sound, str) else written)
    path = folder / f"recorded.{'csv' if name == 'csv' else 'jsonl'}"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    account = Account()
    try:
        files = open_files([path])
        form = FORMATS.get(name)
        columns = {"output": "output", "target": "model", "id": "id", "input": "input", "gold": "gold"}
        request = ReadRequest(columns if form.mapped else {}, "m")
        collect(form.read(files, request, account), files, account, same_input=form.same_input).close()
    except MiloError as error:
        if len(error.message) > 4_000:
            raise Lost(f"an error of {len(error.message)} characters") from error
    for problem in account.broken:
        if len(str(problem)) > 4_000:
            raise Lost(f"a problem of {len(str(problem))} characters")


def _packed(random: Random, folder: Path) -> None:
    """Files that say gzip or zip and are not, or hold another thing."""
    import gzip

    path = folder / "recorded.jsonl"
    path.write_bytes(damaged(random, gzip.compress(dumped(_RECORDS["jsonl"]).encode() * 50), 2))
    account = Account()
    try:
        files = open_files([path])
        list(FORMATS.get("jsonl").read(files, ReadRequest({"output": "output"}, "m"), account))
        files[0].json()
    except MiloError:
        pass


KINDS = (
    Kind("graded", _graded, 8),
    Kind("json-answers", _read, 8),
    Kind("stored", _stored, 3),
    Kind("guarded", _guarded, 1),
    Kind("recorded", _recorded, 8),
    Kind("packed", _packed, 2),
)
