"""The library's face and the only wiring of the rooms: run, grade, score, compare, decide, report.

Names are imported when they are first used, so that a run does not pay for the statistics of a scorecard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from milo_bench.core.lazy import lazy_names

if TYPE_CHECKING:
    from milo_bench.api.boarding import (
        export_review,
        people_add,
        people_list,
        people_revoke,
        review_batches,
        serve_board,
    )
    from milo_bench.api.deciding import DecideOptions, decide_again, decide_logs
    from milo_bench.api.demo.flow import DemoOptions, run_demo
    from milo_bench.api.drafting import LabelsDraft, new_suite, write_labels, write_operator_policy, write_policy
    from milo_bench.api.estimating import estimate_run
    from milo_bench.api.exporting import export_every_eval, export_inspect, export_junit
    from milo_bench.api.finding import write_config
    from milo_bench.api.gateway.backups import back_up, restore
    from milo_bench.api.gateway.challengers import compare_challengers, trial_record
    from milo_bench.api.gateway.sampling import ExportedSample, export_sample, samples_of
    from milo_bench.api.gateway.serving import (
        add_key,
        check_audit,
        end_key,
        incident_close,
        incident_show,
        incidents_list,
        keys_list,
        person_here,
        queue_end,
        queue_list,
        queue_show,
        queue_take,
        serve_gateway,
        state_place,
        watch_audit,
    )
    from milo_bench.api.inventorying import inventory_difference, inventory_now
    from milo_bench.api.judges.calibrating import CalibrateOptions, calibrate, figures_of_licence, judge_answers
    from milo_bench.api.loading import load_target
    from milo_bench.api.operating import (
        OperatorOptions,
        run_operators,
        selftest_operators,
        serve_operator,
        trust_tasks,
    )
    from milo_bench.api.permitting import permit_operators, report_operators, write_permits
    from milo_bench.api.probing import probe_target
    from milo_bench.api.recording import RecordedImport, RecordedReport, import_recorded
    from milo_bench.api.reporting import report_decision
    from milo_bench.api.roles.escalating import escalate_roles
    from milo_bench.api.roles.labelling import LabelSample, fixes_of, read_labels, set_labels
    from milo_bench.api.roles.mining import (
        environments_folder,
        execute_coder,
        language_command,
        mine_repository,
        selftest_roles,
    )
    from milo_bench.api.roles.page import verify_roles_page, write_registry, write_roles_page
    from milo_bench.api.roles.promoting import Promotion, promote_roles, restored_values, rollback_roles
    from milo_bench.api.roles.rerun import RolesRunOptions, run_roles
    from milo_bench.api.running import FinishedRun, RunOptions, run_suite
    from milo_bench.api.sealing.erasing import Erased, EraseOptions, erase_texts
    from milo_bench.api.sealing.signing import new_signing_key, sign_package
    from milo_bench.api.settings import graders, load_settings
    from milo_bench.api.standing import baseline_decision, decision_changes, gate_logs
    from milo_bench.api.suites import (
        ImportOptions,
        RedactedLanguage,
        RedactedSuite,
        check_gates,
        check_suite,
        import_suite,
        redact_suite,
        regenerate_suite,
        secrets_measured,
    )
    from milo_bench.api.verifying import verify_decision, verify_package
    from milo_bench.board.serving import BoardListening, BoardOptions
    from milo_bench.config.economics.file import example_path
    from milo_bench.config.settings import BUILTIN_TARGETS
    from milo_bench.config.written import Problem
    from milo_bench.evidence.comparing import SideRef, compare_logs
    from milo_bench.evidence.executing import ExecutedChecks, execute_own_checks
    from milo_bench.evidence.forms import compare_forms
    from milo_bench.evidence.judged_in_parts import judged_by
    from milo_bench.evidence.judges.calibrate import CalibrationOptions, read_licence
    from milo_bench.evidence.judges.record import JudgedAnswers, JudgeRunOptions
    from milo_bench.evidence.judging import GradedAttempt, grade_logs, judge_log, save_verdicts
    from milo_bench.evidence.regrading import Regraded, changed_text, regrade_log, write_regraded
    from milo_bench.evidence.reviewing import import_review, review_key_path, sample_for_review
    from milo_bench.evidence.scorecards import score_logs
    from milo_bench.gateway.options import ServeOptions
    from milo_bench.gateway.run import Listening
    from milo_bench.guards.citing.statements import cited_answer
    from milo_bench.guards.draft_guard import DraftDocument, GuardOptions, guard_draft
    from milo_bench.guards.event_selection import as_document, select_events
    from milo_bench.guards.handoff import build_handoff, read_facts
    from milo_bench.operator.mcp.options import OperatorServeOptions
    from milo_bench.operator.mcp.serve import ServedEpisode
    from milo_bench.operator.permit.requirement import check_requirement
    from milo_bench.operator.play.episode import EpisodeLimits, turn_timeouts
    from milo_bench.operator.play.recorded import FinishedOperatorRun
    from milo_bench.operator.worlds.tasks import describe_tasks
    from milo_bench.probes.context import ProbeOptions
    from milo_bench.probes.recording import has_grave_failure
    from milo_bench.report.charts.windows import write_load_charts
    from milo_bench.report.decision_file import decision_bytes, default_decision_path, read_decision, write_decision
    from milo_bench.report.evidence_check import EvidenceCheck, HeldFiles
    from milo_bench.report.files.scorecard import comparisons_json, scorecards_csv, scorecards_json
    from milo_bench.report.pages.difference import PackageDifference
    from milo_bench.report.reference import reference_page, reference_pages, write_schemas
    from milo_bench.report.verification import Verification
    from milo_bench.roles.execute import ExecutedCoder
    from milo_bench.roles.mining.records import MINED_ROLES, MinedRole, MiningOptions
    from milo_bench.run.infer import infer
    from milo_bench.run.load.options import LoadOptions
    from milo_bench.run.load.service_level import ServiceLevel
    from milo_bench.run.load.session import LoadReport
    from milo_bench.run.observed.watching import observe_load, observe_run
    from milo_bench.store.log.convert import ConvertedLog, convert_log
    from milo_bench.store.state.people import KnownPerson, Right
    from milo_bench.suites.find import find_case, list_suites, load_templates
    from milo_bench.suites.importing.importer import ImportRequest
    from milo_bench.suites.importing.suite_folder import IMPORT_REPORT, first_problems
    from milo_bench.suites.load import Suite, in_language, load_suite
    from milo_bench.suites.prompts import render_prompt
    from milo_bench.suites.trust import SuiteTrust, distrust_suite, suite_trust, trust_suite
    from milo_bench.targets.fake.process import serve_script
    from milo_bench.targets.listing import list_targets
    from milo_bench.targets.llamacpp.weights import find_weights

# What each module gives.
_NAMES: dict[str, tuple[str, ...]] = {
    "milo_bench.api.boarding": (
        "export_review",
        "people_add",
        "people_list",
        "people_revoke",
        "review_batches",
        "serve_board",
    ),
    "milo_bench.api.deciding": ("DecideOptions", "decide_again", "decide_logs"),
    "milo_bench.api.demo.flow": ("DemoOptions", "run_demo"),
    "milo_bench.api.drafting": ("LabelsDraft", "new_suite", "write_labels", "write_operator_policy", "write_policy"),
    "milo_bench.api.sealing.erasing": ("EraseOptions", "Erased", "erase_texts"),
    "milo_bench.api.exporting": ("export_every_eval", "export_inspect", "export_junit"),
    "milo_bench.api.finding": ("write_config",),
    "milo_bench.api.inventorying": ("inventory_difference", "inventory_now"),
    "milo_bench.api.judges.calibrating": ("CalibrateOptions", "calibrate", "figures_of_licence", "judge_answers"),
    "milo_bench.api.loading": ("load_target",),
    "milo_bench.run.observed.watching": ("observe_load", "observe_run"),
    "milo_bench.api.roles.mining": (
        "environments_folder",
        "execute_coder",
        "language_command",
        "mine_repository",
        "selftest_roles",
    ),
    "milo_bench.api.operating": (
        "OperatorOptions",
        "run_operators",
        "selftest_operators",
        "serve_operator",
        "trust_tasks",
    ),
    "milo_bench.api.permitting": ("permit_operators", "report_operators", "write_permits"),
    "milo_bench.api.probing": ("probe_target",),
    "milo_bench.api.recording": ("RecordedImport", "RecordedReport", "import_recorded"),
    "milo_bench.api.roles.labelling": ("LabelSample", "fixes_of", "read_labels", "set_labels"),
    "milo_bench.api.roles.escalating": ("escalate_roles",),
    "milo_bench.api.roles.rerun": ("RolesRunOptions", "run_roles"),
    "milo_bench.api.roles.promoting": ("Promotion", "promote_roles", "restored_values", "rollback_roles"),
    "milo_bench.api.roles.page": ("verify_roles_page", "write_registry", "write_roles_page"),
    "milo_bench.api.reporting": ("report_decision",),
    "milo_bench.api.estimating": ("estimate_run",),
    "milo_bench.api.running": ("FinishedRun", "RunOptions", "run_suite"),
    "milo_bench.api.gateway.challengers": ("compare_challengers", "trial_record"),
    "milo_bench.api.gateway.sampling": ("ExportedSample", "export_sample", "samples_of"),
    "milo_bench.api.gateway.backups": ("back_up", "restore"),
    "milo_bench.api.gateway.serving": (
        "add_key",
        "check_audit",
        "end_key",
        "incident_close",
        "incident_show",
        "incidents_list",
        "keys_list",
        "person_here",
        "queue_end",
        "queue_list",
        "queue_show",
        "queue_take",
        "serve_gateway",
        "state_place",
        "watch_audit",
    ),
    "milo_bench.api.settings": ("graders", "load_settings"),
    "milo_bench.api.sealing.signing": ("new_signing_key", "sign_package"),
    "milo_bench.api.standing": ("baseline_decision", "decision_changes", "gate_logs"),
    "milo_bench.api.suites": (
        "ImportOptions",
        "RedactedLanguage",
        "RedactedSuite",
        "check_gates",
        "check_suite",
        "import_suite",
        "redact_suite",
        "regenerate_suite",
        "secrets_measured",
    ),
    "milo_bench.api.verifying": ("verify_decision", "verify_package"),
    "milo_bench.board.serving": ("BoardListening", "BoardOptions"),
    "milo_bench.config.economics.file": ("example_path",),
    "milo_bench.config.settings": ("BUILTIN_TARGETS",),
    "milo_bench.config.written": ("Problem",),
    "milo_bench.evidence.comparing": ("SideRef", "compare_logs"),
    "milo_bench.evidence.forms": ("compare_forms",),
    "milo_bench.evidence.executing": ("ExecutedChecks", "execute_own_checks"),
    "milo_bench.evidence.judged_in_parts": ("judged_by",),
    "milo_bench.evidence.judging": ("GradedAttempt", "grade_logs", "judge_log", "save_verdicts"),
    "milo_bench.evidence.judges.calibrate": ("CalibrationOptions", "read_licence"),
    "milo_bench.evidence.judges.record": ("JudgeRunOptions", "JudgedAnswers"),
    "milo_bench.evidence.regrading": ("Regraded", "changed_text", "regrade_log", "write_regraded"),
    "milo_bench.evidence.reviewing": ("import_review", "review_key_path", "sample_for_review"),
    "milo_bench.evidence.scorecards": ("score_logs",),
    "milo_bench.gateway.options": ("ServeOptions",),
    "milo_bench.gateway.run": ("Listening",),
    "milo_bench.guards.draft_guard": ("DraftDocument", "GuardOptions", "guard_draft"),
    "milo_bench.guards.event_selection": ("as_document", "select_events"),
    "milo_bench.guards.handoff": ("build_handoff", "read_facts"),
    "milo_bench.operator.mcp.options": ("OperatorServeOptions",),
    "milo_bench.operator.mcp.serve": ("ServedEpisode",),
    "milo_bench.operator.permit.requirement": ("check_requirement",),
    "milo_bench.operator.play.episode": ("EpisodeLimits", "turn_timeouts"),
    "milo_bench.operator.play.recorded": ("FinishedOperatorRun",),
    "milo_bench.operator.worlds.tasks": ("describe_tasks",),
    "milo_bench.probes.context": ("ProbeOptions",),
    "milo_bench.probes.recording": ("has_grave_failure",),
    "milo_bench.report.charts.windows": ("write_load_charts",),
    "milo_bench.report.decision_file": ("decision_bytes", "default_decision_path", "read_decision", "write_decision"),
    "milo_bench.report.files.scorecard": ("comparisons_json", "scorecards_csv", "scorecards_json"),
    "milo_bench.report.pages.difference": ("PackageDifference",),
    "milo_bench.report.reference": ("reference_page", "reference_pages", "write_schemas"),
    "milo_bench.report.evidence_check": ("EvidenceCheck", "HeldFiles"),
    "milo_bench.report.verification": ("Verification",),
    "milo_bench.roles.execute": ("ExecutedCoder",),
    "milo_bench.roles.mining.records": ("MINED_ROLES", "MinedRole", "MiningOptions"),
    "milo_bench.guards.citing.statements": ("cited_answer",),
    "milo_bench.run.infer": ("infer",),
    "milo_bench.run.load.options": ("LoadOptions",),
    "milo_bench.run.load.service_level": ("ServiceLevel",),
    "milo_bench.run.load.session": ("LoadReport",),
    "milo_bench.store.state.people": ("KnownPerson", "Right"),
    "milo_bench.store.log.convert": ("ConvertedLog", "convert_log"),
    "milo_bench.suites.find": ("find_case", "list_suites", "load_templates"),
    "milo_bench.suites.importing.importer": ("ImportRequest",),
    "milo_bench.suites.importing.suite_folder": ("IMPORT_REPORT", "first_problems"),
    "milo_bench.suites.load": ("Suite", "in_language", "load_suite"),
    "milo_bench.suites.prompts": ("render_prompt",),
    "milo_bench.suites.trust": ("SuiteTrust", "distrust_suite", "suite_trust", "trust_suite"),
    "milo_bench.targets.fake.process": ("serve_script",),
    "milo_bench.targets.listing": ("list_targets",),
    "milo_bench.targets.llamacpp.weights": ("find_weights",),
}

__all__ = sorted(name for names in _NAMES.values() for name in names)

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES)
