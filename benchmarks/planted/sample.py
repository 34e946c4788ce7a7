"""Planted models in, the two sample packages of docs/sample out, the same bytes each time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.planted.models import CASE_OPS, CLAIMS, PlantedModel
from benchmarks.planted.record import STARTED, record_load, record_run
from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.reporting import report_decision
from milo_bench.decide.records import Decision

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample"
DECIDED_AT = "2026-11-03T09:00:00Z"
PROBES = "probes.jsonl"  # recorded once by 'python -m benchmarks.planted probe', and kept


@dataclass(frozen=True)
class Sample:
    """One sample: its suite, its models, the workloads that load is put on, other variants to run."""

    name: str
    suite: str
    title: str
    models: Sequence[PlantedModel]
    loads: Sequence[tuple[str, str, float]]  # model, workload, and seconds of each level
    variants: Sequence[tuple[str, str, str]] = ()  # workload, variant, model
    policy: tuple[str, str] = ("", "")  # a change to the text of the built-in policy

    @property
    def folder(self) -> Path:
        return SAMPLE / self.name

    def model(self, name: str) -> PlantedModel:
        return next(one for one in self.models if one.name == name)


SAMPLES = (
    Sample(
        "claims",
        "claims_v1",
        "Claims desk, planted models",
        CLAIMS,
        # Packets take 16 s each and differ, so a level needs more than a few of them.
        loads=(("local_27b", "packet_summary", 1_800.0), ("local_8b", "escalation", 600.0)),
        variants=(("handoff", "extraction_first", "local_27b"), ("packet_summary", "chunked", "local_27b")),
        # A missed document delays a claim, so this desk asks for more than the built-in policy.
        policy=("        at_least: 0.7\n", "        at_least: 0.88\n"),
    ),
    Sample(
        "case_ops",
        "case_ops_v1",
        "Case office, planted models",
        CASE_OPS,
        loads=(("local_8b", "extraction", 600.0), ("local_14b", "timeline", 600.0)),
        # Summaries save staff less than this office asks of a change.
        policy=(
            "  timeline:\n",
            "  timeline:\n    value: {figures: [timeline.usd], least_usd_per_month: 8000}\n",
        ),
    ),
)


def record_sample(sample: Sample, folder: Path) -> list[str]:
    """Write the run logs into ``folder``/runs; their paths as the decision names them."""
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    found = [record_run(sample.suite, sample.models, runs / "answers.jsonl")]
    started = STARTED + timedelta(hours=8)
    for workload, variant, model in sample.variants:
        path = runs / f"{workload}-{variant}.jsonl"
        chosen = {workload: variant}
        found.append(
            record_run(
                sample.suite, [sample.model(model)], path, variants=chosen, workloads=[workload], started=started
            )
        )
    for model, workload, seconds in sample.loads:
        path = runs / f"load-{model}.jsonl"
        found.append(record_load(sample.suite, sample.model(model), path, workload, seconds, started=started))
    return [str(path.relative_to(folder)) for path in found]


def write_inputs(sample: Sample, folder: Path) -> None:
    """The built-in policy of the suite and the example of its economics."""
    source = ROOT / "src" / "milo_bench"
    example = source / "economics" / "examples" / f"{sample.name}.yaml"
    (folder / "economics.yaml").write_bytes(example.read_bytes())
    policy = (source / "decide" / "policies" / f"{sample.suite}.yaml").read_text(encoding="utf-8")
    (folder / "policy.yaml").write_text(
        policy.replace(*sample.policy) if sample.policy[0] else policy, encoding="utf-8"
    )


def decide_sample(sample: Sample, folder: Path, logs: Sequence[str]) -> Decision:
    """The decision on ``logs`` in ``folder``, which names them as they lie there."""
    kept = [PROBES] if (sample.folder / PROBES).exists() else []
    if kept and folder != sample.folder:
        (folder / PROBES).write_bytes((sample.folder / PROBES).read_bytes())
    here = Path.cwd()
    os.chdir(folder)
    try:
        options = DecideOptions(
            logs=[*logs, *kept], policy="policy.yaml", economics="economics.yaml", title=sample.title
        )
        return decide_logs(options, created_at=DECIDED_AT)
    finally:
        os.chdir(here)


def make_small_log() -> Path:
    """A small log that is kept in the repository, so that the board has a run to show: docs/sample/answers.jsonl."""
    sample = next(sample for sample in SAMPLES if sample.name == "case_ops")
    return record_run(sample.suite, sample.models, sample.folder.parent / "answers.jsonl", limit=24)


def make_sample(sample: Sample, folder: Path | None = None) -> Decision:
    """Record, decide and write the package, with its economics beside it."""
    folder = folder or sample.folder
    folder.mkdir(parents=True, exist_ok=True)
    write_inputs(sample, folder)
    decision = decide_sample(sample, folder, record_sample(sample, folder))
    report_decision(decision, folder)
    return decision
