"""The library's face and the only wiring of the rooms: run, grade, score, compare, infer.

Names are imported when they are first used, so that a run does not pay for the statistics of a
scorecard.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milo_bench.api.deciding import (
        DecideOptions,
        decide_again,
        decide_logs,
        decision_bytes,
        default_decision_path,
        read_decision,
        write_decision,
    )
    from milo_bench.api.exporting import export_inspect, export_junit
    from milo_bench.api.finding import list_targets, prepare_weights, write_config
    from milo_bench.api.inferring import infer
    from milo_bench.api.inventorying import inventory_difference, inventory_now
    from milo_bench.api.judging import (
        JudgedAttempt,
        SideRef,
        compare_logs,
        judge_log,
        judge_logs,
        save_verdicts,
        score_logs,
    )
    from milo_bench.api.load_options import LoadOptions
    from milo_bench.api.loading import LoadReport, load_target
    from milo_bench.api.model_judge import judge_sheet
    from milo_bench.api.operating import FinishedOperatorRun, OperatorOptions, run_operators
    from milo_bench.api.operating_mcp import OperatorServeOptions, ServedEpisode, serve_operator
    from milo_bench.api.permitting import (
        check_requirement,
        permit_operators,
        report_operators,
        write_default_policy,
        write_permits,
    )
    from milo_bench.api.probing import ProbeOptions, has_grave_failure, probe_target
    from milo_bench.api.reporting import report_decision
    from milo_bench.api.reviewing import import_review, review_key_path, sample_for_review
    from milo_bench.api.running import FinishedRun, RunOptions, run_suite
    from milo_bench.api.standing import baseline_decision, decision_changes, gate_logs
    from milo_bench.api.verifying import Verification, verify_package

_HOME = {
    "Verification": "verifying",
    "report_decision": "reporting",
    "verify_package": "verifying",
    "gate_logs": "standing",
    "decision_changes": "standing",
    "baseline_decision": "standing",
    "judge_sheet": "model_judge",
    "review_key_path": "reviewing",
    "import_review": "reviewing",
    "sample_for_review": "reviewing",
    "check_requirement": "permitting",
    "permit_operators": "permitting",
    "report_operators": "permitting",
    "write_default_policy": "permitting",
    "write_permits": "permitting",
    "LoadOptions": "load_options",
    "LoadReport": "loading",
    "load_target": "loading",
    "OperatorServeOptions": "operating_mcp",
    "ServedEpisode": "operating_mcp",
    "serve_operator": "operating_mcp",
    "ProbeOptions": "probing",
    "has_grave_failure": "probing",
    "probe_target": "probing",
    "FinishedOperatorRun": "operating",
    "OperatorOptions": "operating",
    "run_operators": "operating",
    "FinishedRun": "running",
    "RunOptions": "running",
    "run_suite": "running",
    "JudgedAttempt": "judging",
    "SideRef": "judging",
    "compare_logs": "judging",
    "export_inspect": "exporting",
    "export_junit": "exporting",
    "DecideOptions": "deciding",
    "decide_again": "deciding",
    "decide_logs": "deciding",
    "decision_bytes": "deciding",
    "default_decision_path": "deciding",
    "read_decision": "deciding",
    "write_decision": "deciding",
    "infer": "inferring",
    "inventory_difference": "inventorying",
    "inventory_now": "inventorying",
    "judge_log": "judging",
    "judge_logs": "judging",
    "list_targets": "finding",
    "prepare_weights": "finding",
    "save_verdicts": "judging",
    "score_logs": "judging",
    "write_config": "finding",
}

__all__ = [
    "DecideOptions",
    "FinishedOperatorRun",
    "FinishedRun",
    "JudgedAttempt",
    "LoadOptions",
    "LoadReport",
    "OperatorOptions",
    "OperatorServeOptions",
    "ProbeOptions",
    "RunOptions",
    "ServedEpisode",
    "SideRef",
    "Verification",
    "baseline_decision",
    "check_requirement",
    "compare_logs",
    "decide_again",
    "decide_logs",
    "decision_bytes",
    "decision_changes",
    "default_decision_path",
    "export_inspect",
    "export_junit",
    "gate_logs",
    "has_grave_failure",
    "import_review",
    "infer",
    "inventory_difference",
    "inventory_now",
    "judge_log",
    "judge_logs",
    "judge_sheet",
    "list_targets",
    "load_target",
    "permit_operators",
    "prepare_weights",
    "probe_target",
    "read_decision",
    "report_decision",
    "report_operators",
    "review_key_path",
    "run_operators",
    "run_suite",
    "sample_for_review",
    "save_verdicts",
    "score_logs",
    "serve_operator",
    "verify_package",
    "write_config",
    "write_decision",
    "write_default_policy",
    "write_permits",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
