"""The library's face and the only wiring of the rooms: run, grade, score, compare, infer."""

from milo_bench.api.exporting import export_inspect, export_junit
from milo_bench.api.judging import (
    JudgedAttempt,
    SideRef,
    compare_logs,
    judge_log,
    judge_logs,
    save_verdicts,
    score_logs,
)

__all__ = [
    "JudgedAttempt",
    "SideRef",
    "compare_logs",
    "export_inspect",
    "export_junit",
    "judge_log",
    "judge_logs",
    "save_verdicts",
    "score_logs",
]
