"""The library's face and the only wiring of the rooms: run, grade, score, compare, infer.

Names are imported when they are first used, so that a run does not pay for the statistics of a
scorecard.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from milo_bench.api.exporting import export_inspect, export_junit
    from milo_bench.api.finding import list_targets, write_config
    from milo_bench.api.inferring import infer
    from milo_bench.api.judging import (
        JudgedAttempt,
        SideRef,
        compare_logs,
        judge_log,
        judge_logs,
        save_verdicts,
        score_logs,
    )

_HOME = {
    "JudgedAttempt": "judging",
    "SideRef": "judging",
    "compare_logs": "judging",
    "export_inspect": "exporting",
    "export_junit": "exporting",
    "infer": "inferring",
    "judge_log": "judging",
    "judge_logs": "judging",
    "list_targets": "finding",
    "save_verdicts": "judging",
    "score_logs": "judging",
    "write_config": "finding",
}

__all__ = [
    "JudgedAttempt",
    "SideRef",
    "compare_logs",
    "export_inspect",
    "export_junit",
    "infer",
    "judge_log",
    "judge_logs",
    "list_targets",
    "save_verdicts",
    "score_logs",
    "write_config",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
