"""A small policy, decisions by it, and their sentences with the figures filled in, for tests of findings."""

from __future__ import annotations

from typing import Any

import msgspec

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow
from milo_bench.decide.decide import decide
from milo_bench.decide.records import Decision, Finding, LinkedText
from tests.decide.evidence_cases import Made, policy_text

RULES = "\nfindings:" + (
    """
  - {name: unsafe runtime, when: [probe_failed_critical], finding: reject}
  - {name: unsafe answers, when: [safety_gate_failed, no_remedy_passes], finding: reject}
  - {name: worse than hosted, when: [worse_than_baseline, no_remedy_passes], finding: reject}
  - {name: not worth it yet, when: [value_below_least], finding: defer}
  - {name: runtime not ready, when: [all_gates_pass, probe_failed_major], finding: fix}
  - {name: too many at once, when: [all_gates_pass, knee_below_streams], finding: fix}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: viable after a change, when: [remedy_passes], finding: fix}
  - {name: change not decided, when: [remedy_undecided], finding: defer}
  - {name: not fit, when: [any_gate_failed], finding: reject}
  - {name: not decided, when: [], finding: defer}
"""
)


def policy(gates: str = "[{measure: pass_rate, at_least: 0.8}]", more: str = "", top: str = "") -> PolicyFile:
    text = f"policy: 1\n{top}\nworkloads:\n  notes:\n    gates: {gates}\n{more}{RULES}"
    return read_policy(text)


def decided(made: Made, by: PolicyFile, **more: Any) -> Decision:
    settings: dict[str, Any] = {"economics": None, "economics_text": None, **more}
    return decide(
        made.evidence(), by, policy_text=policy_text(by.text), created_at="2026-05-08T12:00:00Z", tool_version="1",
        **settings,
    )  # fmt: skip


def finding(decision: Decision, target: str = "small") -> Finding:
    (found,) = [one for one in decision.findings if one.target == target]
    return found


def shown(text: LinkedText, decision: Decision) -> str:
    return "".join(part if isinstance(part, str) else f"<{decision.figures[part.figure].value:g}>" for part in text)


def windows(knee: int) -> list[tuple[str, LoadWindow]]:
    """Closed load windows on ``small`` whose throughput stops growing at ``knee`` streams."""
    found = []
    for place, level in enumerate((1, 2, 4, 8, 16)):
        rate = float(min(level, knee))
        figures = {
            "requests": 200, "answered": 200, "requests_per_s": rate, "failure_share": 0.0,
            "steady": {"requests_per_s": [rate * (1 + 0.01 * n) for n in range(-5, 5)]},
            "distributions": {"latency": {"n": 200, "p50": level / rate, "p95": 1.2, "values": [level / rate] * 50}},
        }  # fmt: skip
        found.append(
            (
                "runs/load.jsonl",
                LoadWindow(
                    "small",
                    "closed",
                    float(level),
                    place * 60.0,
                    place * 60.0 + 60,
                    msgspec.convert(figures, LoadFigures),
                ),
            )
        )
    return found
