"""Logs and a decision that version 0.1.0 wrote are read, judged, decided on and resumed by this one."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from milo_bench import __version__
from milo_bench.core.errors import DataError
from milo_bench.core.records import RunEnd, TargetRecord
from milo_bench.run.events import RunListener, RunStarted
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.spec import RunSpec
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites import load_suite
from tests.cli.commands import milo
from tests.run.run_parts import TestTarget, opening

KEPT = Path(__file__).parents[1] / "data" / "logs-0.1.0"
DECIDE = ("decide", "run.jsonl", "load.jsonl", "--economics", "economics.yaml", "--out", "again.json")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything that 0.1.0 wrote, with the package of its decision in ``package``."""
    folder = tmp_path_factory.mktemp("kept") / "logs"
    shutil.copytree(KEPT, folder)
    assert milo("report", "decision.json", "--out", "package", folder=folder).code == 0
    return folder


def test_the_logs_are_of_the_schema_that_0_1_0_wrote() -> None:
    for path in sorted(KEPT.glob("*.jsonl")):
        first = json.loads(path.read_text(encoding="utf-8").partition("\n")[0])
        assert (first["tool_version"], first["schema_version"]) == ("0.1.0", 1), path


@pytest.mark.parametrize(
    "words",
    [
        ("grade", "run.jsonl"),
        ("grade", "run-cut.jsonl", "--json"),
        ("grade", "run.jsonl", "--fixture", "extraction-062"),
        ("score", "run.jsonl"),
        ("score", "run.jsonl", "--format", "csv"),
        ("score", "run.jsonl", "--format", "junit"),
        ("score", "run.jsonl", "--format", "inspect", "--out", "inspect"),
        ("compare", "run.jsonl"),
        DECIDE,
        ("decide", "operator.jsonl", "--out", "operator.json"),
        ("review", "sample", "run.jsonl", "--out", "sheet.csv"),
        ("operator", "report", "operator.jsonl", "--out", "board"),
        ("operator", "permit", "operator.jsonl"),
        ("verify", "package"),
        ("gate", "--baseline", "package", "run.jsonl", "load.jsonl"),
    ],
    ids=lambda words: " ".join(words),
)
def test_every_command_that_reads_a_log_takes_the_old_ones(kept: Path, words: tuple[str, ...]) -> None:
    said = milo(*words, folder=kept)
    assert said.code == 0, said.err
    assert "Traceback" not in said.out + said.err


def test_a_decision_of_0_1_0_is_checked_figure_by_figure_though_its_sentences_were_worded_otherwise(
    kept: Path, tmp_path: Path
) -> None:
    assert "note: decided by version 0.1.0" in milo("verify", "package", folder=kept).out
    changed = tmp_path / "kept"
    shutil.copytree(kept, changed)
    decision = json.loads((changed / "decision.json").read_text(encoding="utf-8"))
    decision["figures"]["measure/extraction/smollm2/pass_rate"]["value"] = 0.75
    decision["findings"][0]["kind"] = "keep"
    (changed / "decision.json").write_text(json.dumps(decision), encoding="utf-8")
    assert milo("report", "decision.json", "--out", "package", folder=changed).code == 0
    said = milo("verify", "package", folder=changed)
    assert said.code == 1
    assert "measure/extraction/smollm2/pass_rate" in said.out and ".kind" in said.out


def test_the_figures_of_an_old_log_are_those_that_0_1_0_decided_on(kept: Path) -> None:
    (card,) = milo("score", "run.jsonl", "--json", folder=kept).json()["scorecards"]
    now = {_figure_id(one): one.get("value") for one in card["measures"]}
    decision = json.loads((kept / "decision.json").read_text(encoding="utf-8"))
    then = {id: one.get("value") for id, one in decision["figures"].items() if id.startswith("measure/")}
    shared = now.keys() & then.keys()
    assert len(shared) > 100
    for one in shared:
        assert now[one] == (None if then[one] is None else pytest.approx(then[one], rel=1e-9)), one


def _figure_id(measure: dict[str, str]) -> str:
    decoding = "/constrained" if measure.get("decoding") == "constrained" else ""
    slice = f"[{measure['slice']}]" if "slice" in measure else ""
    return f"measure/{measure['workload']}/{measure['target']}{decoding}/{measure['name']}{slice}"


def test_a_decision_on_the_old_logs_is_set_beside_the_old_decision(kept: Path) -> None:
    said = milo(*DECIDE, "--since", "decision.json", folder=kept)
    assert said.code == 0, said.err
    since = said.out.partition("since 2026-11-28T16:10:23Z:\n")[2]
    assert "  no finding changed\n" in since


def test_pages_that_0_1_0_worded_are_named_as_not_checked(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "logs")
    page = tmp_path / "logs" / "package" / "summary.md"
    page.write_text("As 0.1.0 worded it.\n", encoding="utf-8")
    said = milo("verify", "package", folder=tmp_path / "logs")
    assert said.code == 3, said.out
    assert "note: decided by version 0.1.0, so its sentences were not compared" in said.out
    assert "unchecked  summary.md is worded by another version" in said.out
    assert "but 1 file was not checked" in said.out


def test_a_log_cut_inside_a_line_is_told_from_a_whole_one(kept: Path) -> None:
    said = milo("decide", "run-cut.jsonl", "--out", "cut.json", folder=kept)
    assert said.code == 0, said.err
    assert "The run log run-cut.jsonl is incomplete: 10 of 22 attempts." in said.out


async def _resume(path: Path, records: tuple[TargetRecord, ...], listeners: list[RunListener]) -> tuple[RunEnd, int]:
    """Go on with the log at ``path`` as ``run`` does; only the models are stand-ins. Its end, and how many it sent."""
    suite = load_suite("case_ops_v1@1")
    targets = {record.name: TestTarget(record) for record in records}
    request = PlanRequest(limit=8, decodings=("free", "constrained"))
    spec = RunSpec(
        suite=suite.ref,
        workloads=suite.workloads,
        fixtures={fixture.id: fixture for fixture in suite.fixtures},
        plan=make_plan(request, fixtures=suite.fixtures, workloads=suite.workloads, targets=records),
        tool_version=__version__,
        grace_s=0.05,
    )
    end = await execute(spec, targets=targets, open_log=opening(path, spec), listeners=listeners)
    return end, sum(len(target.asked) for target in targets.values())


def test_the_cut_log_is_resumed_where_the_suite_is_still_that_suite(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    shutil.copy(KEPT / "run-cut.jsonl", path)
    before = path.read_bytes()
    told: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, RunStarted):
            told.extend(event.messages)

    end, asked = asyncio.run(_resume(path, read_run_log(path).header.targets, [listen]))
    assert (end.complete, end.attempts, asked) == (True, 22, 12)
    assert told[0] == "removed an incomplete last line of 5 bytes, so its attempt is sent again"
    assert (f"the log was started by version 0.1.0, and this is version {__version__}" in told) == (
        __version__ != "0.1.0"
    )
    assert path.read_bytes().startswith(before.rpartition(b"\n")[0]), "what 0.1.0 wrote is still there, byte for byte"
    assert {attempt.key for attempt in read_run_log(path).attempts} == {
        attempt.key for attempt in read_run_log(KEPT / "run.jsonl").attempts
    }


def test_another_model_does_not_go_on_with_an_old_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    shutil.copy(KEPT / "run-cut.jsonl", path)
    first, second = read_run_log(path).header.targets
    other = TargetRecord(name=first.name, api=first.api, model="another")
    with pytest.raises(DataError) as caught:
        asyncio.run(_resume(path, (other, second), []))
    assert "target 'smollm2' model: SmolLM2-135M-Instruct in the log, another now" in caught.value.message
    assert path.read_bytes() == (KEPT / "run-cut.jsonl").read_bytes()
