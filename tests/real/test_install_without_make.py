"""The lines for a machine without make, taken from the page that gives them and run in a copy of the project."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import environment

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "first-run.md"

pytestmark = pytest.mark.timeout(3600)  # an install on a machine that others share


def lines_without_make() -> list[str]:
    found = re.search(r"Without make[^\n]*\n\n```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, "the page no longer says how to install without make"
    return found[1].splitlines()


def project_copy(folder: Path) -> Path:
    """The files that git tracks or would track, and nothing that was installed or built here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    copy = folder / "project"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def test_the_lines_without_make_install_the_product_and_run_the_demo(tmp_path: Path) -> None:
    project = project_copy(tmp_path)
    *installing, demo = lines_without_make()
    for line in installing:
        done = subprocess.run(shlex.split(line), cwd=project, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert demo == ".venv/bin/milo-bench demo"
    shown = subprocess.run(
        [*demo.split(), "--budget", "1s", "--out", "d"], cwd=project, env=environment(), capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert "decision package: open d/package/index.html" in shown.stdout
    assert (project / "d" / "package" / "index.html").is_file()
