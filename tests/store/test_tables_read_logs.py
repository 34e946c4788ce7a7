"""polars, pandas and DuckDB read a log of any kind as it lies: each column has one type over all rows."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from milo_bench import api
from milo_bench.api.loading import load_target
from milo_bench.api.probing import probe_target
from milo_bench.config.settings import TargetConfig
from milo_bench.core.records import AttemptKey, Execution, Plan, ProbeResult, WorkEnd
from milo_bench.core.records.judgements import ModelJudgement
from milo_bench.core.records.licence import JudgeLicence, LabelledVerdict
from milo_bench.operator.worlds.policies import oracle
from milo_bench.probes.context import ProbeOptions
from milo_bench.run.load.options import LoadOptions
from milo_bench.store.log.writer import RunLogWriter
from tests.operator.operator_logs import run_by, write_log
from tests.store.log_parts import make_attempt, make_end, make_fixtures, make_header

READERS: dict[str, Callable[[Any, Path], int]] = {
    "polars": lambda polars, path: len(polars.read_ndjson(path)),
    "pandas": lambda pandas, path: len(pandas.read_json(path, lines=True)),
    "duckdb": lambda duckdb, path: len(duckdb.read_json(str(path)).fetchall()),
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A log of each command, against scripted servers."""
    folder = tmp_path_factory.mktemp("logs")
    script = folder / "script.yaml"
    script.write_text("reply: {text: routine}\n", encoding="utf-8")
    target = TargetConfig(name="t", api="fake", script=str(script))
    thinks = TargetConfig(name="u", api="fake", script=str(script), thinking=4096)
    named = {name: folder / f"{name}.jsonl" for name in ("run", "probes", "load", "operator", "judged")}
    api.run_suite(
        api.RunOptions(
            suite="claims_v1", models=["t", "u"], out=named["run"], limit=12, targets={"t": target, "u": thinks}
        )
    )
    probe_target(target, os.environ, out=named["probes"], names=PROBED, options=ProbeOptions(quick=True))
    config = folder / "bench.yaml"
    config.write_text(f"targets: {{t: {{api: fake, script: {script}}}}}\n", encoding="utf-8")
    load_target(
        LoadOptions(suite="case_ops_v1", model="t", concurrency=(1,), duration_s=0.2, out=named["load"], config=config),
        os.environ,
    )
    write_log(run_by(oracle), named["operator"])
    _write_judged(named["judged"])
    return named


PROBED = (
    "errors",
    "limits",
    "streaming",
    "structured_output",
    "tool_calling",
    "repeatable",
    "truncation",
    "exposure",
    "memory_growth",
    "egress",
)


def _write_judged(path: Path) -> None:
    """Rows that only some runs have: retries, executions, judgements, a licence, the end of one workload."""
    fixtures = make_fixtures()
    plan = Plan(tuple(fixture.id for fixture in fixtures), ("a",), retries=1)
    writer = RunLogWriter.create(path, make_header(plan=plan), fixtures)
    key = AttemptKey("f0", "a")
    writer.append(make_attempt("f0", failed=True))
    writer.append(make_attempt("f0", key=AttemptKey("f0", "a", retry=1), waited_s=0.5))
    writer.append(make_attempt("f1", server_timings={"prompt_ms": 2.5}, prepared={"events": ["e1"]}))
    writer.append(Execution(key, "own", "d", "done", results=({"passed": True},)))
    writer.append(Execution(AttemptKey("f1", "a"), "own", "d", "time", problem="took too long"))
    for verdict, score in (("accept", 0.5), ("unread", None)):
        writer.append(ModelJudgement(key, "fair", "j", "a", verdict, "h", score=score))
    rows = tuple(LabelledVerdict(n, "notes", True, "yes") for n in range(2))
    writer.append(JudgeLicence("fair", "j", "single", "rubric", "a", "m", "p", "d", "2026-01-01", "2026-02-01", rows))
    writer.append(WorkEnd("a", "notes", "decided", 3, gates={"g": "pass"}, needs={}))
    writer.close(make_end(3))


@pytest.mark.parametrize("kind", ["run", "probes", "load", "operator", "judged"])
@pytest.mark.parametrize("reader", READERS)
def test_every_row_of_a_log_is_read(kind: str, reader: str, logs: dict[str, Path]) -> None:
    try:
        module = importlib.import_module(reader)
    except ImportError:
        pytest.skip(f"{reader} is not installed here; requirements/dev.txt has it")
    path = logs[kind]
    assert READERS[reader](module, path) == len(path.read_bytes().splitlines())


def test_the_logs_have_rows_of_each_kind(logs: dict[str, Path]) -> None:
    rows = [msgspec.json.decode(line) for path in logs.values() for line in path.read_bytes().splitlines()]
    found = Counter(row["type"] for row in rows)
    assert {
        "run", "fixture", "attempt", "telemetry", "end", "seal", "probe", "load", "load_row", "episode", "execution",
        "judgement", "licence", "work_end",
    } <= found.keys()  # fmt: skip
    told = {row["probe"] for row in rows if row["type"] == "probe"}
    assert told == set(PROBED)


def test_one_name_in_the_evidence_of_probes_has_one_type(logs: dict[str, Path]) -> None:
    types: dict[str, set[str]] = {}
    for line in logs["probes"].read_bytes().splitlines():
        if line.startswith(b'{"type":"probe"'):
            for name, value in msgspec.json.decode(line, type=ProbeResult).evidence.items():
                if value is not None:
                    kind = (
                        "number"
                        if isinstance(value, int | float) and not isinstance(value, bool)
                        else type(value).__name__
                    )
                    types.setdefault(name, set()).add(kind)
    assert not {name: kinds for name, kinds in types.items() if len(kinds) > 1}
