"""The wheel that a user installs: everything the commands read is in it, and they work from it alone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.patience import WAIT_S

ROOT = Path(__file__).parents[1]
QUIET_PIP = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input")


def run(*words: str, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, so that nothing left in a work tree helps it."""
    folder = tmp_path_factory.mktemp("wheel")
    files = run("git", "ls-files", "src", "requirements", "pyproject.toml", "README.md", "LICENSE", cwd=ROOT).split(
        "\n"
    )
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "source" / name).write_bytes((ROOT / name).read_bytes())
    run(*QUIET_PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "built", "./source", cwd=folder)
    (built,) = (folder / "built").glob("milo_bench-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents alone, to be put before everything else that Python finds."""
    folder = tmp_path_factory.mktemp("installed")
    run(*QUIET_PIP, "install", "--no-deps", "--target", str(folder), str(wheel), cwd=folder)
    return folder


def milo(installed: Path, folder: Path, *words: str) -> str:
    return run(sys.executable, "-m", "milo_bench.cli.main", *words, cwd=folder, PYTHONPATH=str(installed))


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    tracked = run("git", "ls-files", "-z", "src/milo_bench", cwd=ROOT).split("\0")
    wanted = {name.removeprefix("src/") for name in tracked if name and (ROOT / name).is_file()}
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_what_is_installed_is_what_runs(installed: Path, tmp_path: Path) -> None:
    where = run(
        sys.executable, "-c", "import milo_bench; print(milo_bench.__file__)", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert Path(where.strip()).is_relative_to(installed)
    assert {"milo-bench", "case-timeline", "draft-guard"} <= {path.name for path in (installed / "bin").iterdir()}


@pytest.mark.parametrize("suite", ["case_ops_v1", "claims_v1"])
def test_built_in_suites_can_be_checked_from_the_wheel(installed: Path, tmp_path: Path, suite: str) -> None:
    assert suite in milo(installed, tmp_path, "suite", "check", suite)


def test_a_policy_an_operator_task_and_a_page_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    from milo_bench import api
    from tests.report.sample_decision import sample_decision

    milo(installed, tmp_path, "policy", "new", "case_ops_v1", "--out", "policy.yaml")
    assert "gates:" in (tmp_path / "policy.yaml").read_text(encoding="utf-8")
    assert "provider_503" in milo(installed, tmp_path, "operator", "tasks")
    api.write_decision(tmp_path / "decision.json", sample_decision())
    milo(installed, tmp_path, "report", "decision.json", "--out", "package")
    assert "<svg" in (tmp_path / "package" / "index.html").read_text(encoding="utf-8")
