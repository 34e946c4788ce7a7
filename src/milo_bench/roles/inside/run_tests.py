"""Test files of a tree in, the outcome of each test out, line by line; a program of the sandbox.

It runs with the repository's interpreter and packages, so it imports nothing of ours. The first line of its input is
``{"nonce", "root", "files", "only", "canaries", "canary_tests", "repeats", "changed"}``. With ``only``, no other tests
run than those and what is below them. What tests print goes to standard error. Results go to a descriptor that tests
do not know, each with the nonce: a line that a test forges lacks it. ``watch`` tells what files in ``changed`` do to
find them. After the tests it runs canaries, tests that must fail. One that passes shows that ``assert`` or the test
framework was patched. They run last in the session of the tests, which the answer has seen. If that session does not
run all of them, they run in a session of their own.
"""

import gc
import json
import os
import runpy
import sys
from collections.abc import Callable
from typing import Any

_PARTS = ("watch", "judges", "values", "doors", "asserts", "others")
_KEPT = "an assertion of this test failed, and the test did not see it"
_EXAMPLES = 10
_SETTINGS = "_hypothesis_internal_use_settings"  # where Hypothesis keeps those of a test


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

    watched, held, asserts = [], [], []
    plugins: set[str] = set()  # files of those that are installed
    kept: set[str] = set()  # tests that passed although one of their assertions failed
    if asked["changed"]:
        noted: set[str] = set()

        def note(what: str) -> None:
            if what not in noted:
                noted.add(what)
                tell("tampered", why=what)

        # By their place: folders of this program are on no path, so that no test can import them.
        parts = {name: runpy.run_path(os.path.join(os.path.dirname(__file__), f"{name}.pyc")) for name in _PARTS}
        names = {**parts["values"], **parts["doors"], **parts["others"]}
        asserts.append(parts["asserts"]["Asserts"](root, asked["files"]))
        watched.append(parts["watch"]["watch"](root, asked["changed"], asked["files"], note, names, plugins))
        held.append(parts["judges"]["Judges"](root, asked["changed"], note))

    class Guard:
        """Looks at what judges before and after each test."""

        @pytest.hookimpl(tryfirst=True)
        def pytest_configure(self, config: Any) -> None:
            for plugin, _ in config.pluginmanager.list_plugin_distinfo():
                plugins.add(str(getattr(plugin, "__file__", "")))

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: list[Any]) -> None:
            if asked["only"] is not None:
                items[:] = [item for item in items if _is_among(item.nodeid, asked["only"])]

        @pytest.hookimpl(trylast=True)
        def pytest_collection_finish(self, session: Any) -> None:
            _steady(session.items)
            for judges in held:
                judges.hold_tests(session.config.pluginmanager, session.items)
                parts["others"]["watch_tests"](root, asked["files"], judges.files, note)

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_call(self, item: Any) -> Any:
            for judges in held:
                judges.look_at_test(item)
            for one in asserts:
                one.begin()
            outcome = yield
            if any(one.any_was_kept(outcome.excinfo is None) for one in asserts):
                kept.add(item.nodeid)
            for judges in held:
                judges.look(item)
            for _, after_test in watched:
                after_test()

    class Canaries:
        """Puts tests in ``folder`` behind all others, out of sight of hooks and tests, and keeps how they end."""

        def __init__(self, folder: str) -> None:
            self.folder = folder
            self.ended: dict[str, Any] = {}
            self.names: set[str] = set()
            self.too_early = False

        def pytest_configure(self, config: Any) -> None:
            # Not among the arguments: pytest looks above all of those for its configuration.
            names = os.listdir(self.folder) if self.folder else []
            config.args = [*config.args, *(os.path.join(self.folder, name) for name in names)]

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(self, items: list[Any]) -> Any:
            mine = [item for item in items if os.path.dirname(str(item.fspath)) == self.folder]
            items[:] = [item for item in items if item not in mine]
            yield
            self.names = {item.nodeid for item in mine}
            items += mine
            for item in mine:
                item.repr_failure = _untold

        def pytest_collection_finish(self) -> None:
            for name, module in list(sys.modules.items()):
                place = getattr(module, "__dict__", {}).get("__file__")
                if isinstance(place, str) and os.path.dirname(place) == self.folder:
                    del sys.modules[name]
            sys.path[:] = [one for one in sys.path if one != self.folder]

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.nodeid not in self.names:
                self.too_early = bool(self.ended)
            elif held and not held[0].is_genuine():
                tell("tampered", why="it forges results")
            elif report.when == "call" and not hasattr(report, "wasxfail") and report.outcome != "skipped":
                self.ended[report.nodeid] = report

        def tell(self) -> bool:
            """Tell how they ended; whether each ran, and after all tests."""
            whole = len(self.ended) == asked["canary_tests"] and not self.too_early
            for name, report in self.ended.items():
                if whole or report.outcome != "failed":
                    tell("canary", test=name, outcome=report.outcome)
            return whole

    class Reporter:
        """Tells each test's outcome once it is known."""

        def __init__(self, kind: str, canaries: Canaries) -> None:
            self.kind = kind
            self.canaries = canaries

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                tell("uncollected", test=report.nodeid, why=_last(report))

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.nodeid in self.canaries.names or (report.when == "setup" and report.outcome == "passed"):
                return
            if report.when == "teardown" and report.outcome == "passed":
                return
            if held and not held[0].is_genuine():
                tell("tampered", why="it forges results")
            if report.when == "call" and any(report.nodeid not in judges.looked for judges in held):
                tell("tampered", why="it patches the test framework")
            outcome = "skipped" if hasattr(report, "wasxfail") else report.outcome
            if report.when == "teardown" or (report.when == "setup" and outcome == "failed"):
                outcome = "failed"
            why = _last(report) if outcome == "failed" else ""
            if report.nodeid in kept and report.when == "call" and outcome == "passed":
                outcome, why = "failed", _KEPT
            tell(self.kind, test=report.nodeid, outcome=outcome, why=why)

    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--rootdir", root]
    options += [
        "--color=no",
        "--tb=line",
        "-o",
        "console_output_style=classic",
        "-o",
        f"addopts={asked['addopts']}",
        "-o",
        "xfail_strict=false",
    ]
    folder = asked["canaries"]
    gc.freeze()  # what is loaded by now stays, so that no collection goes through all of it again
    # Each repeat is a process of its own that begins where pytest is imported and nothing of the tree is.
    while turn[0] < asked["repeats"] - 1:
        child = os.fork()
        if not child:
            break
        os.waitpid(child, 0)
        turn[0] += 1
    canaries = Canaries(folder)
    code = pytest.main([*options, *asked["files"]], plugins=[Reporter("test", canaries), canaries, Guard()])
    if folder and int(code) in (3, 4):  # pytest ended before the tests, maybe because of them
        code = pytest.main([*options, *asked["files"]], plugins=[Reporter("test", canaries), Guard()])
    if int(code) == 3:
        tell("broken", why="pytest ended with an error of its own")
    for after, _ in watched:
        after()
    if folder and not canaries.tell():
        plain = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--color=no", "--tb=no", "-c", os.devnull]
        plain += ["--rootdir", folder, folder]
        held.clear()
        pytest.main(plain, plugins=[Reporter("canary", Canaries(folder))])
    tell("end", code=int(code))
    return 0


def _teller(out: int, nonce: str, turn: list[int]) -> Callable[..., None]:
    """What writes one line of results. No frame that is alive has the nonce among its variables."""

    frame_above = sys._getframe  # held: tests may take it away, and answers put another one in its place

    def tell(kind: str, **more: Any) -> None:
        if frame_above(1).f_code.co_filename != __file__:
            kind, more = "tampered", {"why": "it forges results"}
        data = json.dumps({"nonce": nonce, "kind": kind, "turn": turn[0], **more}).encode() + b"\n"
        while data:
            data = data[os.write(out, data) :]

    return tell


def _is_among(test: str, names: list[str]) -> bool:
    """Whether a test has one of the names, or is below one: ``path``, ``path::Class`` or ``path::Class::test``."""
    name = test.partition("[")[0]
    return any(name == one or name.startswith(f"{one}::") for one in names)


def _steady(items: list[Any]) -> None:
    """Hypothesis draws the same few examples each time, so that an answer is judged alike each time, and soon.

    A test has its settings from when it was imported; one that is written inside a test gets those of the profile.
    """
    hypothesis: Any = sys.modules.get("hypothesis")
    fixed = {"derandomize": True, "database": None, "deadline": None}

    def few(own: Any) -> dict[str, Any]:
        quiet = {*own.suppress_health_check, hypothesis.HealthCheck.too_slow}
        return {**fixed, "max_examples": min(own.max_examples, _EXAMPLES), "suppress_health_check": list(quiet)}

    try:
        now = hypothesis.settings()
        hypothesis.settings.register_profile("milo", now, **few(now))
        hypothesis.settings.load_profile("milo")
        for function in {getattr(item, "function", None) for item in items}:
            own = getattr(function, _SETTINGS, None)
            if own is not None:
                setattr(function, _SETTINGS, hypothesis.settings(own, **few(own)))
    except Exception:  # it is not there, or is of another version: then its own way stays
        return


def _untold(failure: Any, style: Any = None) -> str:
    """What a canary's failure looks like: nobody reads it, and pytest would parse its file for it."""
    return ""


def _last(report: Any) -> str:
    text = str(getattr(report, "longrepr", "") or "")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else ""


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)
