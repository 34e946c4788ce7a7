"""The small repository, mined once through the real sandbox; its environment is copied from this one's own packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.roles.declared import Declared, read_declared
from milo_bench.roles.environments import MinedEnvironment, environment_digest, mark_ready
from tests.roles.repository import BEFORE_FLAKY, PYPROJECT, build_repository

_PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with a bug, its fix, clean commits, a renamed file and a flaky test."""
    return build_repository(tmp_path_factory.mktemp("repository") / "shop")


@pytest.fixture(scope="session")
def roles_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """This process's environment with a cache of its own, in which the shop's environment is made already.

    So no test needs a package index.
    """
    cache = tmp_path_factory.mktemp("cache")
    cache.chmod(0o755)
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    declared = read_declared({"pyproject.toml": PYPROJECT}.get)
    make_offline(declared, api.environments_folder(env))
    return env


def make_offline(declared: Declared, cache: Path, *more: str) -> MinedEnvironment:
    """The environment of ``declared`` with pytest and the packages ``more``, as they are installed here."""
    folder = cache / environment_digest(declared)
    folder.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder)], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in (*_PACKAGES, *more):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                place = packages / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), place)
    return mark_ready(folder, declared)


@pytest.fixture(scope="session")
def mined(shop: Path, roles_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite mined from the shop."""
    out = tmp_path_factory.mktemp("mined") / "shop"
    api.mine_repository(api.MiningOptions(repository=shop, out=out, repeats=2, until=BEFORE_FLAKY), roles_env)
    return out
