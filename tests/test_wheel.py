"""The wheel that a user installs: everything the commands read is in it, and they work from it alone."""

from __future__ import annotations

import gzip
import json
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
    files = run(
        "git", "ls-files", "src", "requirements", "pyproject.toml", "setup.py", "README.md", "LICENSE", cwd=ROOT
    ).split("\n")
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
    found = zipfile.ZipFile(wheel)
    assert wanted - {unpacked(name) for name in found.namelist()} == set()
    packed = [name for name in found.namelist() if unpacked(name) != name]
    assert len(packed) > 20
    for name in packed:
        assert gzip.decompress(found.read(name)) == (ROOT / "src" / unpacked(name)).read_bytes()
    # The same texts give the same bytes: neither the time nor a path is in them.
    assert {found.read(name)[:8] for name in packed} == {b"\x1f\x8b\x08\x00\x00\x00\x00\x00"}


def unpacked(name: str) -> str:
    return name.removesuffix(".gz") if "/fixtures/" in name else name


def test_what_is_installed_is_what_runs(installed: Path, tmp_path: Path) -> None:
    where = run(
        sys.executable, "-c", "import milo_bench; print(milo_bench.__file__)", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert Path(where.strip()).is_relative_to(installed)
    assert {"milo-bench", "case-timeline", "draft-guard"} <= {path.name for path in (installed / "bin").iterdir()}


def test_a_built_in_suite_can_be_checked_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    assert "0 errors, 0 warnings" in milo(installed, tmp_path, "suite", "check", "case_ops_v1@de")


def test_packed_suites_are_the_suites_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Their hashes are in run logs. Every way that a suite's files are read finds the packed ones."""
    code = """
import json, sys
from milo_bench.suites.load import builtin_names, earlier_names, language_names, load_suite
found = {}
for name in (*builtin_names(), *language_names(), *earlier_names()):
    suite = load_suite(name)
    file, line = suite.fixture_places[suite.fixtures[-1].id]
    found[name] = [suite.ref.hash, len(suite.fixtures), file.name, line]
json.dump(found, sys.stdout)
"""
    words = (sys.executable, "-c", code)
    from_wheel = json.loads(run(*words, cwd=tmp_path, PYTHONPATH=str(installed)))
    assert from_wheel == json.loads(run(*words, cwd=tmp_path, PYTHONPATH=str(ROOT / "src")))
    assert len(from_wheel) > 10


def test_packed_suites_are_written_plain(installed: Path, tmp_path: Path) -> None:
    milo(installed, tmp_path, "suite", "regenerate", "case_ops_v1@de", "--seed", "5", "--out", "fresh")
    files = sorted((tmp_path / "fresh" / "fixtures").iterdir())
    assert [path.name for path in files] == ["drafting.jsonl", "extraction.jsonl", "timeline.jsonl"]
    assert all(json.loads(line)["id"] for path in files for line in path.read_text(encoding="utf-8").splitlines())


def test_a_policy_an_operator_task_and_a_page_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    from milo_bench import api
    from tests.report.sample_decision import sample_decision

    milo(installed, tmp_path, "policy", "new", "case_ops_v1", "--out", "policy.yaml")
    assert "gates:" in (tmp_path / "policy.yaml").read_text(encoding="utf-8")
    assert "provider_503" in milo(installed, tmp_path, "operator", "tasks")
    api.write_decision(tmp_path / "decision.json", sample_decision())
    milo(installed, tmp_path, "report", "decision.json", "--out", "package")
    assert "<svg" in (tmp_path / "package" / "index.html").read_text(encoding="utf-8")
