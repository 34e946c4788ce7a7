"""Planted models in, the two sample packages of docs/sample out, the same bytes each time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.planted.labels import REVIEW, write_labels
from benchmarks.planted.models import CASE_OPS, CLAIMS, PlantedModel
from benchmarks.planted.record import STARTED, record_load, record_run
from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.reporting import report_decision
from milo_bench.config.routing.flags import FlagsFile
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
    policy: Sequence[tuple[str, str]] = ()  # changes to the text of the built-in policy
    economics: Sequence[tuple[str, str]] = ()  # changes to the text of the example of its economics
    launched: bool = False  # its flags are on, so that the gateway can be tried on it

    @property
    def folder(self) -> Path:
        return SAMPLE / self.name

    def model(self, name: str) -> PlantedModel:
        return next(one for one in self.models if one.name == name)


# A missed document delays a claim, so this desk asks for more than the built-in policy. Summaries that leave the house
# are few, and to serve them here costs more than it saves. No claim note leaves the house to have its label verified.
_CLAIMS_POLICY = (
    ("        at_least: 0.7\n", "        at_least: 0.88\n"),
    (
        "  packet_summary:\n    risk: medium\n",
        """\
  packet_summary:
    risk: medium
    uses:
      triage: {title: Packet summaries for internal triage}
      letters:
        title: Packet summaries for letters to customers
        value: {figures: [letters.usd], least_usd_per_month: 500}
""",
    ),
    ("      mixed_routing:\n      human_review:\n    recall_class", "      human_review:\n    recall_class"),
    (
        "workloads:\n  packet_summary:\n",
        """\
refuse:
  - when: {tags: [legal_hold]}
    note: a file under legal hold is read by counsel, so neither a model nor a queue gets a copy
workloads:
  packet_summary:
""",
    ),
    (
        "  handoff:\n    risk: high\n",
        """\
  handoff:
    risk: high
    uses:
      preview:
        title: Handoff notes previewed beside the packet
        gates:
          - measure: check_pass_rate
            slice: check=evidence_lines
            at_least: 0.9
            note: staff look up each sentence in the packet beside it, so each one names its line
          - measure: check_pass_rate
            slice: check=document_reviewed
            at_least: 0.75
            note: staff see in the packet beside it what was only mentioned
          - measure: failure_rate
            at_most: 0.1
            note: none of 94 held-out notes of 38 stories proves this
      takeover: {title: Handoff notes for takeover by an adjuster}
""",
    ),
    (
        "        replaces: true\n      human_review:\n    min_automated_share: 0.3\n",
        "        replaces: true\n      citation_filter:\n      human_review:\n    min_automated_share: 0.3\n",
    ),
)
# The share that goes on without a person is what the replay of the decision gives, not a guess.
_CLAIMS_ECONOMICS = (
    (
        'unit: percent, low: 45, base: 55, high: 60, source: "sample: a conservative pre-filter routes 55% to the '
        'routine queue (range: example)"}',
        "unit: share, measure: {workload: escalation, target: chosen, name: automated_share}}",
    ),
    ("workload: packet_summary,", 'workload: "packet_summary:triage",'),
    (
        "volumes: {packet_summary: packets,",
        'volumes: {"packet_summary:triage": triage_packets, "packet_summary:letters": letters,',
    ),
    (
        "  packet_price:",
        """\
  letters:
    {title: Summaries for letters per month, unit: packet/month, low: 500, base: 600, high: 800,
    source: "example: summaries for letters to customers"}
  triage_packets:
    {title: Packets for triage per month, unit: packet/month, exact: 17400,
    source: "example: the 18,000 packets without those for letters"}
  packet_price:""",
    ),
    (
        "  hosted_notes:",
        """\
  letters: {kind: hosted_spend_displaced, workload: "packet_summary:letters", title: Hosted summaries for letters,
    volume: letters, price: packet_price}
  hosted_notes:""",
    ),
)
# Staff read a preview beside the record, so the small model may write it. A cited summary is read alone.
_CASE_OPS_POLICY = (
    (
        "  timeline:\n    risk: medium\n",
        """\
  timeline:
    risk: medium
    uses:
      preview:
        title: "Timelines: previews beside the record"
        gates:
          - measure: check_pass_rate
            slice: check=current_status
            at_least: 0.75
            note: staff see the status in the record beside it
          - measure: policy_violation_rate
            at_most: 0.08
            safety: true
            note: a promise is wrong wherever it is read
      cited: {title: "Timelines: cited summaries for staff"}
""",
    ),
)
_CASE_OPS_ECONOMICS = (
    (
        'unit: share, low: 0.6, base: 0.7, high: 0.75, source: "sample: 70% auto-completed, the rest to manual review '
        '(range: example). Use measure: once a run has measured it"}',
        "unit: share, measure: {workload: extraction, target: chosen, name: automated_share}}",
    ),
    ("workload: timeline,", 'workload: "timeline:cited",'),
    (
        "volumes: {extraction: inbound_items, timeline: complex_cases,",
        'volumes: {extraction: inbound_items, "timeline:preview": searches, "timeline:cited": complex_cases,',
    ),
    (
        "  # Hosted spend\n",
        """\
  # Previews
  searches:
    {title: Cases found in a search per month, unit: case/month, low: 7000, base: 9000, high: 11000,
    source: "example: cases found in a search"}
  opened_less:
    {title: Cases that a preview saves opening, unit: share, low: 0.1, base: 0.2, high: 0.3,
    source: "example: cases that a preview saves opening"}
  opening:
    {title: Time to open a case and look, unit: s/case, low: 30, base: 45, high: 60,
    source: "example: seconds to open a case and look"}

  # Hosted spend
""",
    ),
    (
        "  hosted_extraction:",
        """\
  previews: {kind: capacity_returned, workload: "timeline:preview", title: Previews in search, volume: searches,
    factors: [opened_less], time: opening, wage: staff_cost}
  hosted_extraction:""",
    ),
)

SAMPLES = (
    Sample(
        "claims",
        "claims_v1",
        "Claims desk, planted models",
        CLAIMS,
        # Packets take 16 s each and differ, so a level needs more than a few of them.
        loads=(("local_27b", "packet_summary", 1_800.0), ("local_8b", "escalation", 600.0)),
        variants=(("handoff", "extraction_first", "local_27b"), ("packet_summary", "chunked", "local_27b")),
        policy=_CLAIMS_POLICY,
        economics=_CLAIMS_ECONOMICS,
        launched=True,
    ),
    Sample(
        "case_ops",
        "case_ops_v1",
        "Case office, planted models",
        CASE_OPS,
        loads=(("local_8b", "extraction", 600.0), ("local_14b", "timeline", 600.0)),
        policy=_CASE_OPS_POLICY,
        economics=_CASE_OPS_ECONOMICS,
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
    """The built-in policy of the suite and the example of its economics, each with the sample's changes."""
    source = ROOT / "src" / "milo_bench"
    kept = {
        "policy.yaml": (source / "decide" / "policies" / f"{sample.suite}.yaml", sample.policy),
        "economics.yaml": (source / "economics" / "examples" / f"{sample.name}.yaml", sample.economics),
    }
    for name, (path, changes) in kept.items():
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            if old not in text:
                message = f"{path.name} does not have the text that {sample.name} changes: {old!r}"
                raise ValueError(message)
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")


def decide_sample(sample: Sample, folder: Path, logs: Sequence[str]) -> Decision:
    """The decision on ``logs`` in ``folder``, which names them as they lie there."""
    kept = [PROBES] if (sample.folder / PROBES).exists() else []
    if kept and folder != sample.folder:
        (folder / PROBES).write_bytes((sample.folder / PROBES).read_bytes())
    here = Path.cwd()
    os.chdir(folder)
    try:
        write_labels(sample, [one for one in logs if "/load-" not in one])
        options = DecideOptions(
            logs=[*logs, *kept], policy="policy.yaml", economics="economics.yaml", review=REVIEW, title=sample.title
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
    if sample.launched:
        flags = folder / FlagsFile.file_name
        flags.write_text(flags.read_text(encoding="utf-8").replace(": off\n", ": on\n"), encoding="utf-8")
    return decision
