"""What the sample decision says of machines and work: load windows, probes, backlog, targets."""

from __future__ import annotations

from typing import Any

from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow, Price, ProbeResult, TargetRecord
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import BacklogItem, Figure, LoadEvidence, ProbeEvidence, Ref, Source

LOAD_LOG = "runs/load.jsonl"
SMALL, LARGE, HOSTED = "local_8b", "local_27b", "hosted"
POLICY = """\
name: claims_v1
confidence: 0.95
workloads:
  escalation:
    gates:
      - {measure: recall, slice: class=escalate, at_least: 0.85, safety: true}
      - {measure: accuracy, against: baseline, margin: 0.03}
  handoff:
    gates:
      - {measure: unsupported_claim_rate, at_most: 0.02, safety: true}
"""


def sample_load(figures: Figures) -> tuple[LoadEvidence, ...]:
    made = []
    for target, rows in (
        (SMALL, ((1, 0.9, 1.1), (4, 1.2, 3.1), (8, 2.4, 3.3))),
        (LARGE, ((1, 1.8, 0.5), (4, 4.6, 0.9))),
    ):
        for level, p95, per_s in rows:
            place = f"load/{target}/closed-{level}"
            source = Source("load", f"closed {level}", target)
            ids = {
                "level": figures.add(Figure(f"{place}/level", "concurrent streams", level, "count", source)),
                "latency_p95_s": figures.add(
                    Figure(
                        f"{place}/latency_p95_s",
                        "latency p95",
                        p95,
                        "s",
                        source,
                        n=120,
                        low=p95 * 0.9,
                        high=p95 * 1.15,
                        confidence=0.95,
                    )
                ),
                "requests_per_s": figures.add(
                    Figure(f"{place}/requests_per_s", "requests per second", per_s, "/s", source, n=120)
                ),
                "failure_share": figures.add(
                    Figure(f"{place}/failure_share", "failures", 0.0, "share", source, n=120, k=0, low=0, high=0.03)
                ),
            }
            window = LoadWindow(
                target,
                "closed",
                float(level),
                10.0 * level,
                10.0 * level + 60,
                LoadFigures(requests=120, answered=120, requests_per_s=per_s),
                client_bound=target == SMALL and level == 8,
            )
            made.append(LoadEvidence(LOAD_LOG, window, ids))
        figures.add(
            Figure(f"load/{target}/knee", "streams at the knee", 4.0, "streams", Source("load", "knee", target), n=3)
        )
    return tuple(made)


def sample_probes() -> tuple[ProbeEvidence, ...]:
    rows: tuple[tuple[str, str, Any, Any, str], ...] = (
        (SMALL, "readiness", "fail", "major", "The server reports ready 74 s before the first token."),
        (SMALL, "privacy_leak", "pass", "critical", "No canary was found in 12 files."),
        (LARGE, "readiness", "pass", "major", "The server reports ready 0.2 s after the first token."),
        (LARGE, "truncation", "undecided", "minor", "The server does not say how long the prompt was."),
    )
    return tuple(
        ProbeEvidence(LOAD_LOG, ProbeResult(target, probe, "1", outcome, severity, finding))
        for target, probe, outcome, severity, finding in rows
    )


def sample_backlog(figures: Figures) -> tuple[BacklogItem, ...]:
    def hours(name: str, ends: tuple[float, float, float]) -> tuple[str, str, str]:
        source = Source("policy", f"hours.{name}", "policy.yaml")
        low, base, high = (
            figures.stated(f"hours/{name}/{end}", f"hours of {name}, {end}", value, "hour", source)
            for end, value in zip(("low", "base", "high"), ends, strict=True)
        )
        return low, base, high

    return (
        BacklogItem(
            1,
            "Put the keyword rule in front of the classifier",
            ("Without it recall is ", Ref("replay/model_only/recall", whole=True), "."),
            "high",
            hours("keyword_rule", (4, 8, 12)),
            ("F1",),
            "the recall gate passes on a new run",
        ),
        BacklogItem(
            2,
            "Check readiness with a generation",
            ("The server reports ready too early.",),
            "medium",
            hours("readiness", (2, 4, 6)),
            ("F1",),
            "the readiness probe passes",
        ),
    )


def sample_targets() -> tuple[TargetRecord, ...]:
    return (
        TargetRecord(
            SMALL,
            "ollama",
            "llama3.1:8b-instruct-q4",
            endpoint="http://127.0.0.1:11434",
            model_digest="sha256:" + "a1" * 32,
            quantisation="Q4_0",
            family="llama",
            runtime="ollama",
            runtime_version="0.9.1",
            context_window=8192,
        ),
        TargetRecord(
            LARGE,
            "ollama",
            "qwen3.6:27b",
            endpoint="http://127.0.0.1:11434",
            quantisation="Q4_K_M",
            family="qwen",
            context_window=16384,
        ),
        TargetRecord(
            HOSTED,
            "openai",
            "gpt-baseline",
            hosted=True,
            endpoint="https://api.example.com",
            price=Price(2.5, 10.0, "genai-prices"),
        ),
    )


def sample_routing() -> dict[str, Any]:
    """The routing table that the decision proposes."""
    return {
        "schema_version": 1,
        "targets": {LARGE: {"model": "qwen3.6:27b"}, HOSTED: {"model": "gpt-baseline", "hosted": True}},
        "rules": [
            {
                "id": "keywords",
                "when": {"workload": ["escalation"], "keywords": ["regulator", "litigation"]},
                "route": "human_review",
                "finding": "F1",
            },
            {
                "id": "notes",
                "when": {"workload": ["escalation"]},
                "route": "local",
                "target": LARGE,
                "finding": "F2",
                "fallback": {"route": "human_review"},
            },
            {"id": "handoff", "when": {"workload": ["handoff"]}, "route": "hosted", "target": HOSTED},
        ],
        "default": {"route": "human_review"},
    }
