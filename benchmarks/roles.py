"""Git repositories in; yield of mining, oracle, cheats, cost of judging and wrong promotions by simulation out.

    python -m benchmarks.roles                              # the simulation, and repositories that are there already
    python -m benchmarks.roles --clone                      # clones structlog, httpx and attrs with git first
    python -m benchmarks.roles --repo PATH --repo PATH      # clones that you have
    python -m benchmarks.roles --quick --repo PATH          # every row from few cases: minutes of processor time
    python -m benchmarks.roles --suites FOLDER              # keeps what was mined there, and goes on there next time

Clones go to benchmarks/repositories/, which git ignores. Suites go to ``--suites``, with what mining them took in all
calls, or to a temporary folder. Scratch trees go to a temporary folder, environments to the user's cache. The
repositories' code runs in the sandbox alone.

On two free cores the simulation takes about two minutes and, with environments there, mining a repository about five.
What is left takes one minute to four for each of them.

``--quick`` takes 8 cases per role, 2 to try each cheat on, 4 to time and 40 simulated roles.

What judging an answer costs is compared with ``python -m pytest`` on the same test files in a tree with the true patch,
in the same environment, without any of this package: the same ten examples of Hypothesis, nothing compiled beforehand.

Beside each time stands the processor time of all that it started: on a busy machine that is the honest figure, and
half of it is what two quiet cores would take.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.soundness.promotions import promotions_table
from milo_bench import api
from milo_bench.roles.answers import read_answer
from milo_bench.roles.coder import CoderCase, apply_edits, put_tests
from milo_bench.roles.environments import find_environment
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.testing import Isolation, TestSetup
from milo_bench.roles.trees import TreeFolders
from milo_bench.suites.load import load_suite

_SET_CHILD_SUBREAPER = 36  # of prctl: processes whose parent has ended become this one's children
_LONG_S = 2.0  # tests that take longer are timed once
_TO_END_S = 0.02  # for processes of the sandbox that were killed, until they are gone
CLONES = Path(__file__).parent / "repositories"
PUBLIC = {
    "structlog": "https://github.com/hynek/structlog",
    "httpx": "https://github.com/encode/httpx",
    "attrs": "https://github.com/python-attrs/attrs",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", action="append", type=Path, default=[], help="a whole clone. Repeatable.")
    parser.add_argument("--clone", action="store_true", help="clone the public repositories first")
    parser.add_argument("--limit", type=int, default=40, help="most cases per role")
    parser.add_argument("--minutes", type=float, default=10.0, help="time limit of mining one repository")
    parser.add_argument("--cheats", type=int, default=4, help="cases of each repository to try each cheat on")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--timed", type=int, default=9, help="cases whose judging is timed")
    parser.add_argument("--suites", type=Path, help="where suites are kept from call to call")
    parser.add_argument("--quick", action="store_true", help="few of everything, whatever else is given")
    asked = parser.parse_args()
    if asked.quick:
        asked.limit, asked.minutes, asked.cheats, asked.timed, asked.simulations = 8, 5.0, 2, 4, 40
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    promotions_table(asked.simulations, os.cpu_count() or 1)
    if asked.clone:
        for name, address in PUBLIC.items():
            if not (CLONES / name).exists():
                subprocess.run(["git", "clone", "--quiet", address, str(CLONES / name)], check=True)
    repositories = asked.repo or [CLONES / name for name in PUBLIC if (CLONES / name).exists()]
    if not repositories:
        print("\nNo repository here. hint: --clone (needs the network), or --repo PATH of a whole clone")
        return 0
    worst = max([one_repository(path, asked) for path in repositories])
    print(f"\nin all {processor_s():.0f} s of processor")
    return worst


def one_repository(path: Path, asked: argparse.Namespace) -> int:
    """Mine, validate and time one repository; 1 where a row of its selftest is not as it must be."""
    print(f"\n== {path.name}")
    with tempfile.TemporaryDirectory(prefix="milo-roles-") as folder:
        Path(folder).chmod(0o755)
        if asked.suites is not None:
            asked.suites.mkdir(parents=True, exist_ok=True)
        out = (asked.suites or Path(folder)) / path.resolve().name
        options = api.MiningOptions(path, out, limit=asked.limit, minutes=asked.minutes, workers=os.cpu_count() or 1)
        began, used = time.monotonic(), processor_s()
        report = api.mine_repository(options).summary()
        calls, took, used = in_all_calls(out, time.monotonic() - began, processor_s() - used)
        print(
            f"mined in {took:.0f} s ({used:.0f} s of processor, {used / 2:.0f} s on two cores), calls: {calls}, "
            f"{report.examined} commits examined: {report.cases}"
        )
        for role, reasons in report.rejected.items():
            print(f"  {role} rejected: {', '.join(f'{reason} {count}' for reason, count in reasons.items())}")
        for note in report.notes:
            print(f"  {note}")
        result = api.selftest_roles(out, cheats=asked.cheats)
        for row in result.rows:
            bound = f"{'at most ' if row.upper else ''}{row.wanted:.0%}"
            caught = ", ".join(f"{name} {count}" for name, count in row.caught_by.items())
            state = "" if row.ok else "  NOT AS REQUIRED"
            print(f"  {row.workload:7} {row.kind:26} {row.passed:4} of {row.answers:4} ({bound}) {caught}{state}")
            for name in row.fooled if not row.ok else ():
                print(f"      {name}")
        cost_of_judging(out, Path(folder), asked.timed)
    return 0 if result.ok else 1


def in_all_calls(suite: Path, took_s: float, used_s: float) -> tuple[int, float, float]:
    """How many calls have mined ``suite`` with this one, and the wall and processor time of all of them."""
    kept = suite.with_name(f"{suite.name}.times.json")
    calls, wall_s, processor = json.loads(kept.read_text()) if kept.exists() else [0, 0.0, 0.0]
    after = (int(calls) + 1, float(wall_s) + took_s, float(processor) + used_s)
    kept.write_text(json.dumps(after))
    return after


def processor_s() -> float:
    """Processor time of this process and of all that it started and that has ended, also inside the sandbox."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:  # what the sandbox leaves behind comes to us
            pass
    both = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def cost_of_judging(suite: Path, scratch: Path, cases: int, repeats: int = 3) -> None:
    """Print what judging a true answer takes beyond ``python -m pytest`` on the same files."""
    cache = api.environments_folder(os.environ)
    fixtures = [one for one in load_suite(str(suite)).fixtures if "coder" in one.expect]
    chosen = random.Random(0).sample(fixtures, min(cases, len(fixtures)))
    plain, extra, used = [], [], []
    with CoderSuite(suite, cache, os.environ, Isolation()) as judge:
        for fixture in chosen:
            case = coder_case(fixture)
            environment = find_environment(case.environment, cache)
            assert environment is not None
            trees = TreeFolders(judge.place.objects, scratch, linked=False)
            with trees.folder(case.tree) as tree, tempfile.TemporaryDirectory(dir=scratch) as aside:
                apply_edits(read_answer(case.oracle), tree)
                put_tests(case, tree, judge.place.objects)
                setup = TestSetup(environment, judge.declared[case.environment], case.source_folders, case.addopts)
                alone = PlainPytest(case, tree, Path(aside), setup)
                times: dict[str, list[float]] = {"plain": [], "judged": []}
                spent: dict[str, list[float]] = {"plain": [], "judged": []}
                for turn in range(repeats):
                    if turn and min(times["plain"]) > _LONG_S:  # what judging adds is small beside what tests vary by
                        break
                    for way in times:
                        began, before = time.monotonic(), processor_s()
                        if way == "plain":
                            alone.run()
                        else:
                            judge.judge(case, f"```diff\n{case.oracle}```\n")
                        times[way].append(time.monotonic() - began)
                        time.sleep(_TO_END_S)
                        spent[way].append(processor_s() - before)
            plain.append(min(times["plain"]))
            extra.append(min(times["judged"]) - min(times["plain"]))
            used.append(min(spent["judged"]) - min(spent["plain"]))
    if extra:
        print(
            f"  judging an answer: python -m pytest alone {statistics.median(plain) * 1000:.0f} ms, "
            f"beyond it {statistics.median(extra) * 1000:.0f} ms "
            f"(median of {len(extra)}, largest {max(extra) * 1000:.0f} ms), "
            f"{statistics.median(used) * 1000:.0f} ms of processor (largest {max(used) * 1000:.0f} ms), "
            f"at a load of {os.getloadavg()[0]:.1f}"
        )


class PlainPytest:
    """``python -m pytest`` on a case's test files in ``tree``, with nothing of this package."""

    def __init__(self, case: CoderCase, tree: Path, aside: Path, setup: TestSetup) -> None:
        folder = f"{setup.declared.name.replace('-', '_')}-{setup.declared.version}.dist-info"
        (aside / folder).mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {setup.declared.name}\nVersion: {setup.declared.version}\n"
        (aside / folder / "METADATA").write_text(metadata)
        (aside / folder / "entry_points.txt").write_text(setup.declared.entry_points)
        (aside / f"{_FEW}.py").write_text(_FEW_EXAMPLES)
        self.words = [str(setup.environment.python), "-m", "pytest", "-q", "-p", _FEW]
        self.words += ["-o", f"addopts={case.addopts}", *case.run]
        folders = [*(str(tree / one) for one in case.source_folders), str(aside)]
        self.variables = {"PYTHONPATH": os.pathsep.join(folders), "PYTHONHASHSEED": "0", "HOME": str(aside)}
        self.variables |= {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
        self.variables["PATH"] = f"{setup.environment.folder}/bin:/usr/local/bin:/usr/bin:/bin"
        self.tree = tree

    def run(self) -> None:
        """Run the tests once. Raises RuntimeError if not all of them ran to their end."""
        done = subprocess.run(self.words, cwd=self.tree, env=self.variables, capture_output=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"pytest alone exits with {done.returncode}: {done.stdout[-300:]!r}")


_FEW = "few_examples"
# What the sandbox's runner does, too: else the tests alone would take up to ten times as long.
_FEW_EXAMPLES = """
import sys
def pytest_collection_finish(session):
    hypothesis = sys.modules.get("hypothesis")
    if hypothesis is None:
        return
    own = "_hypothesis_internal_use_settings"
    def few(settings):
        quiet = {*settings.suppress_health_check, hypothesis.HealthCheck.too_slow}
        examples = min(settings.max_examples, 10)
        return dict(derandomize=True, database=None, deadline=None, max_examples=examples,
                    suppress_health_check=list(quiet))
    hypothesis.settings.register_profile("few", hypothesis.settings(), **few(hypothesis.settings()))
    hypothesis.settings.load_profile("few")
    for function in {getattr(item, "function", None) for item in session.items}:
        if getattr(function, own, None) is not None:
            setattr(function, own, hypothesis.settings(getattr(function, own), **few(getattr(function, own))))
"""


if __name__ == "__main__":
    sys.exit(main())
