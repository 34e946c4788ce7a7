"""A decision file in, the folder of its package out."""

from __future__ import annotations

from pathlib import Path

from milo_bench.core.errors import UsageError
from milo_bench.report.package import write_package


def report_decision(path: Path, out: Path) -> list[Path]:
    """Write the package of the decision at ``path`` (a file, or a package's folder) into ``out``; the paths written.

    Raises PrerequisiteError where files cannot be read or written, DataError for a file that is no
    decision and UsageError where ``out`` is a file.
    """
    from milo_bench.api.deciding import read_decision

    if out.exists() and not out.is_dir():
        message = f"{out} is a file, and a package is a folder."
        raise UsageError(message, hint="name a folder with --out.")
    return write_package(read_decision(path / "decision.json" if path.is_dir() else path), out)
