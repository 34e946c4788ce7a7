"""Files of another tool in, a run log that everything downstream works on out."""

from __future__ import annotations

from datetime import UTC, datetime

from milo_bench.core.version import __version__
from milo_bench.evidence.judge_while_running import JudgeBeforeStoring
from milo_bench.recorded.answer import format_names
from milo_bench.recorded.importing import ImportSetting, RecordedImport, RecordedReport
from milo_bench.recorded.importing import import_recorded as _import
from milo_bench.run.log_opening import text_policy

__all__ = ["RecordedImport", "RecordedReport", "format_names", "import_recorded"]


def import_recorded(wanted: RecordedImport, *, now: datetime | None = None) -> RecordedReport:
    """Write the run log of answers that another tool recorded, with the source of each. Calls no model.

    Their times and verdicts are kept as that tool's: no gate on time rests on them. What cannot be carried over is
    listed in the report. Raises UsageError and DataError where nothing can be imported, and PrerequisiteError where
    a file cannot be read or written.
    """
    moment = now or datetime.now(UTC)
    if wanted.store_text == "full":
        return _import(wanted, ImportSetting(__version__, moment))
    judge = JudgeBeforeStoring(wanted.out)
    try:
        return _import(wanted, ImportSetting(__version__, moment, text_policy(wanted.store_text), judge))
    finally:
        judge.close()
