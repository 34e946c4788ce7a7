"""Milo Bench decides what work you can give a language model, and shows why.

From a script or a notebook::

    import milo_bench as mb

    finished = mb.run_suite(mb.RunOptions(suite="case_ops_v1", models=["smollm2"], limit=8, out="runs/first.jsonl"))
    (card,) = mb.score_logs(finished.path)
    decision = mb.decide_logs(mb.DecideOptions(logs=finished.path))
    mb.report_decision(decision, "package")

Errors are ``MiloError``s with a ``message`` and a ``hint``. Names are imported when they are first used.
``docs/how-to/python.md`` shows three complete examples.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from milo_bench.core.version import __version__

if TYPE_CHECKING:
    from milo_bench.api import (
        DecideOptions,
        FinishedRun,
        GradedAttempt,
        RunOptions,
        SideRef,
        Verification,
        compare_logs,
        decide_logs,
        grade_logs,
        read_decision,
        report_decision,
        run_suite,
        score_logs,
        verify_package,
        write_decision,
    )
    from milo_bench.config.settings import TargetConfig
    from milo_bench.core.errors import (
        ConfigError,
        DataError,
        GateFailed,
        IncompleteRun,
        Interrupted,
        MiloError,
        PrerequisiteError,
        TargetError,
        UsageError,
    )
    from milo_bench.core.records import Measure
    from milo_bench.core.units import measure_text
    from milo_bench.decide.records import Decision
    from milo_bench.report.figures import plain_text
    from milo_bench.stats.compare import Comparison
    from milo_bench.stats.scorecard import Scorecard
    from milo_bench.suites.load import Suite, load_suite

# The module of each name, below milo_bench.
_HOME = {
    "Comparison": "stats.compare",
    "ConfigError": "core.errors",
    "DataError": "core.errors",
    "DecideOptions": "api",
    "Decision": "decide.records",
    "FinishedRun": "api",
    "GateFailed": "core.errors",
    "GradedAttempt": "api",
    "IncompleteRun": "core.errors",
    "Interrupted": "core.errors",
    "Measure": "core.records",
    "MiloError": "core.errors",
    "PrerequisiteError": "core.errors",
    "RunOptions": "api",
    "Scorecard": "stats.scorecard",
    "SideRef": "api",
    "Suite": "suites.load",
    "TargetConfig": "config.settings",
    "TargetError": "core.errors",
    "UsageError": "core.errors",
    "Verification": "api",
    "compare_logs": "api",
    "decide_logs": "api",
    "grade_logs": "api",
    "load_suite": "suites.load",
    "measure_text": "core.units",
    "plain_text": "report.figures",
    "read_decision": "api",
    "report_decision": "api",
    "run_suite": "api",
    "score_logs": "api",
    "verify_package": "api",
    "write_decision": "api",
}

__all__ = [
    "Comparison",
    "ConfigError",
    "DataError",
    "DecideOptions",
    "Decision",
    "FinishedRun",
    "GateFailed",
    "GradedAttempt",
    "IncompleteRun",
    "Interrupted",
    "Measure",
    "MiloError",
    "PrerequisiteError",
    "RunOptions",
    "Scorecard",
    "SideRef",
    "Suite",
    "TargetConfig",
    "TargetError",
    "UsageError",
    "Verification",
    "__version__",
    "compare_logs",
    "decide_logs",
    "grade_logs",
    "load_suite",
    "measure_text",
    "plain_text",
    "read_decision",
    "report_decision",
    "run_suite",
    "score_logs",
    "verify_package",
    "write_decision",
]


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(importlib.import_module(f"milo_bench.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
