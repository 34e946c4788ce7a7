"""Coder cases proven on two Ray nodes are those that one machine proves, and a worker that dies loses none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.fleet.nodes import LocalCluster, local_cluster
from milo_bench import api
from milo_bench.roles.declared import read_declared
from tests.patience import WAIT_S
from tests.roles.conftest import make_offline
from tests.roles.repository import BEFORE_FLAKY, PYPROJECT, build_repository

TARGETS = "targets:\n  word: {api: openai, model: fake-1, base_url: 'http://127.0.0.1:1/v1'}\n"
MILO = str(Path(sys.executable).parent / "milo-bench")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two nodes with the shop's environment in the cache that they share, so that no test needs a package index."""
    cache = tmp_path_factory.mktemp("cache")
    cache.chmod(0o755)
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(cache)
    make_offline(read_declared({"pyproject.toml": PYPROJECT}.get), api.environments_folder(os.environ))
    try:
        with local_cluster({}, {}) as made:
            yield made
    finally:
        os.environ.pop("XDG_CACHE_HOME")
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before


def mine(repository: Path, out: Path, *more: str) -> None:
    command = [MILO, "roles", "mine", str(repository), "--out", str(out), "--repeats", "2", "--until", BEFORE_FLAKY]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False, timeout=4 * WAIT_S,
                          cwd=repository.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "objects.git" not in path.parts and path.suffix in (".jsonl", ".json")
    }


@pytest.mark.timeout(8 * WAIT_S)
def test_a_fleet_mines_what_one_machine_mines(cluster: LocalCluster, tmp_path: Path) -> None:
    shop = build_repository(tmp_path / "shop")
    mine(shop, tmp_path / "here", "--workers", "1")
    (tmp_path / "bench.yaml").write_text(f"{TARGETS}fleet:\n  address: {cluster.address}\n")
    mine(shop, tmp_path / "fleet", "--on", "ray")
    here, fleet = files(tmp_path / "here"), files(tmp_path / "fleet")
    assert here.keys() == fleet.keys()
    for name in here:
        assert sorted(here[name].splitlines()) == sorted(fleet[name].splitlines()), name
    assert b'"coder' in fleet["fixtures/coder.jsonl"]
