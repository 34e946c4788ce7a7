"""A decision, or the file of one, in; the folder of its package out."""

from __future__ import annotations

from pathlib import Path

from milo_bench.core.errors import UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.decide.records import Decision
from milo_bench.report.decision_file import read_decision, whole_decision
from milo_bench.report.package import DECISION, write_package


def report_decision(decision: Decision | AnyPath, out: AnyPath) -> list[Path]:
    """Write the package of ``decision`` (or of a decision's file, or a package's folder) into the folder ``out``.

    Returns the paths written; ``index.html`` is the page to open. Raises PrerequisiteError for files
    that cannot be read or written, DataError for a file that is not a decision and UsageError if
    ``out`` is a file.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        message = f"{out} is a file, but a package is a folder."
        raise UsageError(message, hint="choose a folder with --out.")
    if isinstance(decision, Decision):
        return write_package(decision, out)
    path = Path(decision)
    file = path / DECISION if path.is_dir() else path
    with whole_decision(file):
        return write_package(read_decision(file), out)
