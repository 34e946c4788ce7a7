"""The package of the sample decision, rendered once in a process and written as often as wanted."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from milo_bench import api
from tests.report.sample_decision import sample_decision


@cache
def _files() -> dict[str, bytes]:
    """decision.json and package/, by their paths."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        api.write_decision(folder / "decision.json", sample_decision())
        api.report_decision(folder / "decision.json", folder / "package")
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_sample(folder: Path) -> Path:
    """Write decision.json and package/ into ``folder``; gives the package."""
    for name, data in _files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / "package"
