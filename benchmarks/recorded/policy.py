"""A graded classification set in, a policy with an accuracy above the null model and recall by class out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml

from benchmarks.recorded.classification import Graded

_RULES = """
findings:
  - {name: unsafe runtime, when: [probe_failed_critical], finding: reject}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: not fit, when: [any_gate_failed], finding: reject}
  - {name: undecided, when: [], finding: defer}
"""


def write_policy(graded: Graded, path: Path) -> None:
    """Write a policy: accuracy near the median model's and above the null model's, recall of every class."""
    accuracy = max(float(np.median(graded.right.mean(axis=1))) - 0.02, graded.null_rate + 0.01)
    gates = [{"measure": "accuracy", "at_least": min(0.98, round(accuracy, 2))}]
    for label, recalls in sorted(graded.recalls.items()):
        least = min(0.95, max(0.5, round(float(np.median(recalls)) - 0.1, 2)))
        gates.append({"measure": "recall", "slice": f"class={label}", "at_least": least})
    data = {
        "policy": 1,
        "title": f"Recorded answers: {graded.name}",
        "suite": graded.name,
        "confidence": 0.95,
        "error_family": "headline",
        "workloads": {"classify": {"risk": "medium", "gates": gates}},
    }
    note = (
        f"# The null model, always {json.dumps(graded.null_class)}, is right on {graded.null_rate:.1%} of the texts.\n"
    )
    path.write_text(
        note + yaml.safe_dump(data, sort_keys=False, allow_unicode=True) + _RULES.lstrip(), encoding="utf-8"
    )
