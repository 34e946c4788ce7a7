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
    )
    from milo_bench.api.executing import ExecutedChecks, execute_own_checks
    from milo_bench.api.exporting import export_inspect, export_junit
    from milo_bench.api.finding import list_targets, prepare_weights, write_config
    from milo_bench.api.inferring import infer
    from milo_bench.api.inventorying import inventory_difference, inventory_now
    from milo_bench.api.loading import load_target
    from milo_bench.api.operating import OperatorOptions, run_operators, serve_operator
    from milo_bench.api.permitting import (
        check_requirement,
        permit_operators,
        report_operators,
        write_default_policy,
        write_permits,
    )
    from milo_bench.api.probing import ProbeOptions, has_grave_failure, probe_target
    from milo_bench.api.reporting import report_decision
    from milo_bench.api.running import FinishedRun, RunOptions, run_suite
    from milo_bench.api.settings import load_settings
    from milo_bench.api.standing import baseline_decision, decision_changes, gate_logs
    from milo_bench.api.trusting import SuiteTrust, distrust_suite, suite_trust, trust_suite
    from milo_bench.api.verifying import verify_package
    from milo_bench.evidence.comparing import SideRef, compare_logs
    from milo_bench.evidence.judging import GradedAttempt, grade_logs, judge_log, save_verdicts
    from milo_bench.evidence.model_judge import judge_sheet
    from milo_bench.evidence.reviewing import import_review, review_key_path, sample_for_review
    from milo_bench.evidence.scorecards import score_logs
    from milo_bench.operator.mcp.options import OperatorServeOptions
    from milo_bench.operator.mcp.serve import ServedEpisode
    from milo_bench.operator.play.recorded import FinishedOperatorRun
    from milo_bench.report.decision_file import decision_bytes, default_decision_path, read_decision, write_decision
    from milo_bench.report.verification import Verification
    from milo_bench.run.load.options import LoadOptions
    from milo_bench.run.load.session import LoadReport

# Where each name lives, below milo_bench.
_HOME = {
    "ExecutedChecks": "api.executing",
    "execute_own_checks": "api.executing",
    "SuiteTrust": "api.trusting",
    "distrust_suite": "api.trusting",
    "suite_trust": "api.trusting",
    "trust_suite": "api.trusting",
    "Verification": "report.verification",
    "report_decision": "api.reporting",
    "verify_package": "api.verifying",
    "gate_logs": "api.standing",
    "decision_changes": "api.standing",
    "baseline_decision": "api.standing",
    "judge_sheet": "evidence.model_judge",
    "review_key_path": "evidence.reviewing",
    "import_review": "evidence.reviewing",
    "sample_for_review": "evidence.reviewing",
    "check_requirement": "api.permitting",
    "permit_operators": "api.permitting",
    "report_operators": "api.permitting",
    "write_default_policy": "api.permitting",
    "write_permits": "api.permitting",
    "LoadOptions": "run.load.options",
    "LoadReport": "run.load.session",
    "load_settings": "api.settings",
    "load_target": "api.loading",
    "OperatorServeOptions": "operator.mcp.options",
    "ServedEpisode": "operator.mcp.serve",
    "serve_operator": "api.operating",
    "ProbeOptions": "api.probing",
    "has_grave_failure": "api.probing",
    "probe_target": "api.probing",
    "FinishedOperatorRun": "operator.play.recorded",
    "OperatorOptions": "api.operating",
    "run_operators": "api.operating",
    "FinishedRun": "api.running",
    "RunOptions": "api.running",
    "run_suite": "api.running",
    "GradedAttempt": "evidence.judging",
    "SideRef": "evidence.comparing",
    "compare_logs": "evidence.comparing",
    "export_inspect": "api.exporting",
    "export_junit": "api.exporting",
    "DecideOptions": "api.deciding",
    "decide_again": "api.deciding",
    "decide_logs": "api.deciding",
    "decision_bytes": "report.decision_file",
    "default_decision_path": "report.decision_file",
    "read_decision": "report.decision_file",
    "write_decision": "report.decision_file",
    "infer": "api.inferring",
    "inventory_difference": "api.inventorying",
    "inventory_now": "api.inventorying",
    "judge_log": "evidence.judging",
    "grade_logs": "evidence.judging",
    "list_targets": "api.finding",
    "prepare_weights": "api.finding",
    "save_verdicts": "evidence.judging",
    "score_logs": "evidence.scorecards",
    "write_config": "api.finding",
}

__all__ = [
    "DecideOptions",
    "ExecutedChecks",
    "FinishedOperatorRun",
    "FinishedRun",
    "GradedAttempt",
    "LoadOptions",
    "LoadReport",
    "OperatorOptions",
    "OperatorServeOptions",
    "ProbeOptions",
    "RunOptions",
    "ServedEpisode",
    "SideRef",
    "SuiteTrust",
    "Verification",
    "baseline_decision",
    "check_requirement",
    "compare_logs",
    "decide_again",
    "decide_logs",
    "decision_bytes",
    "decision_changes",
    "default_decision_path",
    "distrust_suite",
    "execute_own_checks",
    "export_inspect",
    "export_junit",
    "gate_logs",
    "grade_logs",
    "has_grave_failure",
    "import_review",
    "infer",
    "inventory_difference",
    "inventory_now",
    "judge_log",
    "judge_sheet",
    "list_targets",
    "load_settings",
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
    "suite_trust",
    "trust_suite",
    "verify_package",
    "write_config",
    "write_decision",
    "write_default_policy",
    "write_permits",
]


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(importlib.import_module(f"milo_bench.{_HOME[name]}"), name)
