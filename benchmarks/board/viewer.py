"""A viewer that serves pages in, what a person waits for its first page and for a filter out, and its memory."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_WAIT_S = 120.0
_CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


class NoFigures(Exception):
    """Why a viewer could not be measured."""


@dataclass(frozen=True)
class Page:
    """An address of a viewer, and a text that is on the page when it has come."""

    path: str
    shows: str


@dataclass(frozen=True)
class Seen:
    """Seconds until a page showed what it should, MiB of the viewer's processes and of the browser's afterwards."""

    start_s: float
    first_s: float
    filter_s: float | None
    server_mib: float
    browser_mib: float

    def row(self, name: str, note: str = "") -> str:
        filter = "   –  " if self.filter_s is None else f"{self.filter_s:5.2f} s"
        return (
            f"{name:<18} start {self.start_s:5.2f} s   first page {self.first_s:5.2f} s   filter {filter}   "
            f"server {self.server_mib:5.0f} MiB   browser {self.browser_mib:5.0f} MiB{note}"
        )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def mib(process: psutil.Process) -> float:
    """Of a process and those that it started, now."""
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 2**20


@contextmanager
def started(command: Sequence[str], address: str, env: Mapping[str, str], cwd: Path) -> Iterator[tuple[int, float]]:
    """A viewer's process while it runs: its id, and seconds until it answered. Raises NoFigures where it does not."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(env), cwd=cwd
    ) as process:
        try:
            while not _answers(address):
                if process.poll() is not None or time.perf_counter() - began > _WAIT_S:
                    raise NoFigures("it did not start")
                time.sleep(0.05)
            yield process.pid, time.perf_counter() - began
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else ():
                child.terminate()
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def looked_at(pid: int, start_s: float, address: str, first: Page, filtered: Page | None, *, before: str = "") -> Seen:
    """Open the pages in a browser, as a person does. ``before`` is opened first, to sign in."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoFigures("playwright is not installed") from None
    chromium = next((path for path in _CHROMIUM if Path(path).is_file()), None)
    server = psutil.Process(pid)
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            if before:
                page.goto(address + before)
            first_s = _until_shown(page, address, first)
            filter_s = None if filtered is None else _until_shown(page, address, filtered)
            memory = sum(mib(one) for one in psutil.Process().children() if one.pid != pid)
            seen = Seen(start_s, first_s, filter_s, mib(server), memory)
            browser.close()
        except Error as error:
            raise NoFigures(f"the browser gave up: {str(error).splitlines()[0][:120]}") from None
    return seen


def _until_shown(page: Any, address: str, wanted: Page) -> float:
    began = time.perf_counter()
    page.goto(address + wanted.path, wait_until="commit")
    page.wait_for_function("text => document.body?.innerText.includes(text)", arg=wanted.shows, timeout=_WAIT_S * 1000)
    return time.perf_counter() - began
