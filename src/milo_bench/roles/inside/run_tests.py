"""Test files of a tree in, the outcome of each test out, line by line; a program of the sandbox.

It runs with the repository's interpreter and packages, so it imports nothing of ours. The first line of its input is
``{"nonce", "root", "files", "canaries", "repeats", "changed"}``. What tests print goes to standard error. Results go to
a descriptor that tests do not know, each with the nonce: a line that a test forges lacks it. ``watch`` tells what files
in ``changed`` do to find them. After the tests it runs canaries, tests that must fail. One that passes shows that
``assert`` or the test framework was patched.
"""

import json
import os
import runpy
import sys
from collections.abc import Callable
from typing import Any


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    sys.stdin.close()
    out = os.dup(1)
    os.dup2(2, 1)
    root, turn = asked["root"], [0]
    tell = _teller(out, asked.pop("nonce"), turn)
    os.chdir(root)
    try:
        import pytest
    except Exception as error:
        tell("broken", why=f"pytest cannot be imported: {type(error).__name__}: {error}"[:300])
        return 3

    watched = []
    if asked["changed"]:
        # By its place: folders of this program are on no path, so that no test can import it.
        watch = runpy.run_path(os.path.join(os.path.dirname(__file__), "watch.py"))["watch"]
        watched.append(watch(root, asked["changed"], asked["files"], lambda what: tell("tampered", why=what)))

    class Reporter:
        """Tells each test's outcome once it is known."""

        def __init__(self, kind: str) -> None:
            self.kind = kind

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                tell("uncollected", test=report.nodeid, why=_last(report))

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.when == "setup" and report.outcome == "passed":
                return
            if report.when == "teardown" and report.outcome == "passed":
                return
            outcome = "skipped" if hasattr(report, "wasxfail") else report.outcome
            if report.when == "teardown" or (report.when == "setup" and outcome == "failed"):
                outcome = "failed"
            tell(self.kind, test=report.nodeid, outcome=outcome, why=_last(report) if outcome == "failed" else "")

    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--rootdir", root]
    options += ["--color=no", "--tb=line", "-o", f"addopts={asked['addopts']}", "-o", "xfail_strict=false"]
    # Each repeat is a process of its own that begins where pytest is imported and nothing of the tree is.
    for number in range(1, asked["repeats"]):
        child = os.fork()
        if not child:
            turn[0] = number
            break
        os.waitpid(child, 0)
    code = pytest.main([*options, *asked["files"]], plugins=[Reporter("test")])
    for after in watched:
        after()
    if asked["canaries"]:
        plain = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--color=no", "--tb=no", "-c", os.devnull]
        plain += ["--rootdir", asked["canaries"], asked["canaries"]]
        pytest.main(plain, plugins=[Reporter("canary")])
    tell("end", code=int(code))
    return 0


def _teller(out: int, nonce: str, turn: list[int]) -> Callable[..., None]:
    """What writes one line of results. No frame that is alive has the nonce among its variables."""

    def tell(kind: str, **more: Any) -> None:
        if sys._getframe(1).f_code.co_filename != __file__:
            kind, more = "tampered", {"why": "it forges results"}
        data = json.dumps({"nonce": nonce, "kind": kind, "turn": turn[0], **more}).encode() + b"\n"
        while data:
            data = data[os.write(out, data) :]

    return tell


def _last(report: Any) -> str:
    text = str(getattr(report, "longrepr", "") or "")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else ""


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
