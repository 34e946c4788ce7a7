"""The library's face and the only wiring of the rooms: run, grade, score, compare, decide, report.

Names are imported when they are first used, so that a run does not pay for the statistics of a scorecard.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milo_bench.api.deciding import DecideOptions as DecideOptions
    from milo_bench.api.deciding import decide_again as decide_again
    from milo_bench.api.deciding import decide_logs as decide_logs
    from milo_bench.api.exporting import export_inspect as export_inspect
    from milo_bench.api.exporting import export_junit as export_junit
    from milo_bench.api.finding import write_config as write_config
    from milo_bench.api.inventorying import inventory_difference as inventory_difference
    from milo_bench.api.inventorying import inventory_now as inventory_now
    from milo_bench.api.loading import load_target as load_target
    from milo_bench.api.operating import OperatorOptions as OperatorOptions
    from milo_bench.api.operating import run_operators as run_operators
    from milo_bench.api.operating import serve_operator as serve_operator
    from milo_bench.api.permitting import permit_operators as permit_operators
    from milo_bench.api.permitting import report_operators as report_operators
    from milo_bench.api.permitting import write_default_policy as write_default_policy
    from milo_bench.api.permitting import write_permits as write_permits
    from milo_bench.api.probing import probe_target as probe_target
    from milo_bench.api.reporting import report_decision as report_decision
    from milo_bench.api.running import FinishedRun as FinishedRun
    from milo_bench.api.running import RunOptions as RunOptions
    from milo_bench.api.running import run_suite as run_suite
    from milo_bench.api.settings import load_settings as load_settings
    from milo_bench.api.standing import baseline_decision as baseline_decision
    from milo_bench.api.standing import decision_changes as decision_changes
    from milo_bench.api.standing import gate_logs as gate_logs
    from milo_bench.api.verifying import verify_package as verify_package
    from milo_bench.evidence.comparing import SideRef as SideRef
    from milo_bench.evidence.comparing import compare_logs as compare_logs
    from milo_bench.evidence.executing import ExecutedChecks as ExecutedChecks
    from milo_bench.evidence.executing import execute_own_checks as execute_own_checks
    from milo_bench.evidence.judging import GradedAttempt as GradedAttempt
    from milo_bench.evidence.judging import grade_logs as grade_logs
    from milo_bench.evidence.judging import judge_log as judge_log
    from milo_bench.evidence.judging import save_verdicts as save_verdicts
    from milo_bench.evidence.model_judge import judge_sheet as judge_sheet
    from milo_bench.evidence.reviewing import import_review as import_review
    from milo_bench.evidence.reviewing import review_key_path as review_key_path
    from milo_bench.evidence.reviewing import sample_for_review as sample_for_review
    from milo_bench.evidence.scorecards import score_logs as score_logs
    from milo_bench.operator.mcp.options import OperatorServeOptions as OperatorServeOptions
    from milo_bench.operator.mcp.serve import ServedEpisode as ServedEpisode
    from milo_bench.operator.permit.requirement import check_requirement as check_requirement
    from milo_bench.operator.play.recorded import FinishedOperatorRun as FinishedOperatorRun
    from milo_bench.probes.context import ProbeOptions as ProbeOptions
    from milo_bench.probes.recording import has_grave_failure as has_grave_failure
    from milo_bench.report.decision_file import decision_bytes as decision_bytes
    from milo_bench.report.decision_file import default_decision_path as default_decision_path
    from milo_bench.report.decision_file import read_decision as read_decision
    from milo_bench.report.decision_file import write_decision as write_decision
    from milo_bench.report.verification import Verification as Verification
    from milo_bench.run.infer import infer as infer
    from milo_bench.run.load.options import LoadOptions as LoadOptions
    from milo_bench.run.load.session import LoadReport as LoadReport
    from milo_bench.suites.trust import SuiteTrust as SuiteTrust
    from milo_bench.suites.trust import distrust_suite as distrust_suite
    from milo_bench.suites.trust import suite_trust as suite_trust
    from milo_bench.suites.trust import trust_suite as trust_suite
    from milo_bench.targets.listing import list_targets as list_targets
    from milo_bench.targets.llamacpp.weights import find_weights as find_weights

# What each module below milo_bench gives.
_NAMES: dict[str, tuple[str, ...]] = {
    "api.deciding": (
        "DecideOptions",
        "decide_again",
        "decide_logs",
    ),
    "api.exporting": (
        "export_inspect",
        "export_junit",
    ),
    "api.finding": ("write_config",),
    "api.inventorying": (
        "inventory_difference",
        "inventory_now",
    ),
    "api.loading": ("load_target",),
    "api.operating": (
        "OperatorOptions",
        "run_operators",
        "serve_operator",
    ),
    "api.permitting": (
        "permit_operators",
        "report_operators",
        "write_default_policy",
        "write_permits",
    ),
    "api.probing": ("probe_target",),
    "api.reporting": ("report_decision",),
    "api.running": (
        "FinishedRun",
        "RunOptions",
        "run_suite",
    ),
    "api.settings": ("load_settings",),
    "api.standing": (
        "baseline_decision",
        "decision_changes",
        "gate_logs",
    ),
    "api.verifying": ("verify_package",),
    "evidence.comparing": (
        "SideRef",
        "compare_logs",
    ),
    "evidence.executing": (
        "ExecutedChecks",
        "execute_own_checks",
    ),
    "evidence.judging": (
        "GradedAttempt",
        "grade_logs",
        "judge_log",
        "save_verdicts",
    ),
    "evidence.model_judge": ("judge_sheet",),
    "evidence.reviewing": (
        "import_review",
        "review_key_path",
        "sample_for_review",
    ),
    "evidence.scorecards": ("score_logs",),
    "operator.mcp.options": ("OperatorServeOptions",),
    "operator.mcp.serve": ("ServedEpisode",),
    "operator.permit.requirement": ("check_requirement",),
    "operator.play.recorded": ("FinishedOperatorRun",),
    "probes.context": ("ProbeOptions",),
    "probes.recording": ("has_grave_failure",),
    "report.decision_file": (
        "decision_bytes",
        "default_decision_path",
        "read_decision",
        "write_decision",
    ),
    "report.verification": ("Verification",),
    "run.infer": ("infer",),
    "run.load.options": ("LoadOptions",),
    "run.load.session": ("LoadReport",),
    "suites.trust": (
        "SuiteTrust",
        "distrust_suite",
        "suite_trust",
        "trust_suite",
    ),
    "targets.listing": ("list_targets",),
    "targets.llamacpp.weights": ("find_weights",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_HOME)


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(importlib.import_module(f"milo_bench.{_HOME[name]}"), name)
