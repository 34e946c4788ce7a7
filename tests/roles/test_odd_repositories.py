"""Repositories and answers that are odd or hostile: a reason in the list, or a graded failure, never a crash."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.core.errors import DataError
from milo_bench.roles.answers import read_answer
from milo_bench.roles.cheats import diff_answer, file_answer
from milo_bench.roles.coder import apply_edits
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.git import GitRepository, open_repository, unpack_history
from milo_bench.roles.mining.review import ReviewMiner
from milo_bench.roles.tamper import signs_of_tampering
from milo_bench.roles.testing import Isolation
from milo_bench.roles.trees import TreeFolders, write_inside
from milo_bench.suites.load import load_suite
from tests.roles.repository import PRICES_3, PYPROJECT, git

TEST = "from shop.{name} import f\n\n\ndef test_f():\n    assert f() == {value}\n"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


class _Odd:
    """A repository that grows commit by commit; every commit changes source and a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = 1
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        self.commit("start", {"pyproject.toml": PYPROJECT, "shop/__init__.py": ""})

    def commit(self, message: str, files: dict[str, str | bytes]) -> None:
        for path, content in files.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", message, day=self.day)
        self.day += 1

    def pair(self, message: str, name: str, source: str | bytes, value: int = 1, **more: str | bytes) -> None:
        test = TEST.format(name=name, value=value)
        self.commit(message, {f"shop/{name}.py": source, f"tests/test_{name}.py": test, **more})


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory, roles_env: dict[str, str]) -> dict[str, str]:
    odd = _Odd(tmp_path_factory.mktemp("odd") / "odd")
    outside = tmp_path_factory.mktemp("outside")
    good = "def f():\n    return 1\n"
    odd.pair("lfs", "lfs", LFS)
    odd.pair("binary", "binary", b"\0\1\2" * 50)
    odd.pair("latin", "latin", "# caf\xe9\n".encode("latin-1") + good.encode())
    odd.pair("huge", "huge", b"# " + b"x" * (100 << 20) + b"\n" + good.encode())
    odd.pair("small again", "huge", "def f():\n    return 2\n", value=2)
    odd.pair("crlf", "crlf", good.replace("\n", "\r\n"))
    odd.pair("never passes", "never", "def f():\n    return 2\n")
    odd.pair("passes before, too", "early", good)
    more = {"tests/test_early_too.py": TEST.format(name="early", value=1)}
    odd.commit("passes before", {"shop/early.py": good + "\n\nEXTRA = 1\n", **more})
    odd.commit("no test of it", {"shop/early.py": good + "\n\nEXTRA = 2\n"})
    odd.commit("comments", {"shop/early.py": good + "\n\n# Much.\nEXTRA = 2\n", "tests/test_new.py": "x = 1\n"})
    laid_out = f"# All of it.\n{TEST.format(name='early', value=1)}"
    odd.commit("comments of tests", {"shop/early.py": good, "tests/test_early.py": laid_out})
    fork = "import os\nwhile True:\n    os.fork()\n"
    odd.pair("forks without end", "fork", good, **{"tests/conftest.py": fork})
    socket = "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)\n"
    odd.pair("opens a socket", "socket_user", good, **{"tests/conftest.py": socket})
    odd.pair("writes outside", "writer", good, **{"tests/conftest.py": f"open({str(outside / 'x')!r}, 'w')\n"})
    (odd.folder / "tests/conftest.py").unlink()
    (odd.folder / "away").symlink_to(outside)
    odd.pair("link out of the tree", "linked", good)
    (odd.folder / "tests/data").symlink_to("/etc")
    odd.pair("link in the tests", "linked_tests", good)
    inner = odd.folder / "tests/module"
    inner.mkdir()
    git(inner, "init", "-q")
    git(inner, "commit", "-q", "--allow-empty", "-m", "inner")
    odd.pair("submodule", "module_user", good)
    odd.pair("after the submodule", "later", good)
    shutil.rmtree(inner)
    odd.commit("no module", {"README.md": "x"})
    name = Path(os.fsdecode(os.fsencode(odd.folder / "tests") + b"/test_\xff.py"))
    name.write_bytes(b"def test_x(): pass\n")
    odd.pair("odd name", "named", good)
    name.unlink()
    odd.commit("no odd name", {"README.md": "y"})
    git(odd.folder, "checkout", "-q", "-b", "side", "HEAD~3")
    odd.pair("side", "side", good)
    git(odd.folder, "checkout", "-q", "main")
    git(odd.folder, "merge", "-q", "--no-ff", "-m", "merge it", "side", day=odd.day)
    out = odd.folder.parent / "out"
    api.mine_repository(api.MiningOptions(odd.folder, out, repeats=2), roles_env)
    assert not list(outside.iterdir())
    subjects = dict(line.split(" ", 1) for line in git(odd.folder, "log", "--format=%H %s").splitlines())
    rows = [json.loads(line) for line in (out / "rejected.jsonl").read_text().splitlines()]
    found = {subjects[row["commit"]]: row["reason"] for row in rows if row["role"] == "coder"}
    cases = {fixture.provenance["commit"] for fixture in load_suite(str(out)).fixtures if "coder" in fixture.expect}
    return {**found, **{subjects[commit]: "" for commit in cases}}


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("lfs", "a changed file is an LFS pointer"),
        ("binary", "a changed file is binary"),
        ("latin", "a changed file is not UTF-8"),
        ("huge", "a changed file is too large"),
        ("small again", "a changed file is too large"),
        ("crlf", ""),
        ("never passes", "no test passes after the change"),
        ("passes before", "no test fails before the change and passes after it"),
        ("no test of it", "no test changed"),
        ("comments", "only comments, docstrings or the layout of the source changed"),
        ("comments of tests", "only comments, docstrings or the layout of the tests changed"),
        ("forks without end", "no test passes after the change"),
        ("opens a socket", "no test passes after the change"),
        ("writes outside", "no test passes after the change"),
        ("link out of the tree", ""),
        ("link in the tests", "a symbolic link changed"),
        ("submodule", "a submodule changed"),
        ("after the submodule", "the tree has a submodule"),
        ("odd name", "a path is not UTF-8"),
        ("merge it", "merge commit"),
        ("start", "first commit"),
    ],
)
def test_what_cannot_be_a_case_has_its_reason(reasons: dict[str, str], subject: str, reason: str) -> None:
    assert reasons[subject] == reason


def test_answers_that_lead_out_or_get_in_the_way_are_graded(
    mined: Path, roles_env: dict[str, str], tmp_path: Path
) -> None:
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    first = coder_case(next(one for one in fixtures if one.input["task"].startswith("Add total")))
    diff = "```diff\n--- a/{0}\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n```"
    answers = {
        "```diff\n--- /dev/null\n+++ b/tests\n@@ -0,0 +1 @@\n+x\n```": "tampering",
        "```diff\n--- /dev/null\n+++ b/../../x.py\n@@ -0,0 +1 @@\n+x\n```": "tampering",
        file_answer(str(tmp_path / "x.py"), "x"): "tampering",
        file_answer("shop/.git/hooks/x.py", "x"): "tampering",
        diff.format("pyproject.toml"): "tampering",
        diff.format("unittest.py"): "tampering",
        "```diff\ngarbage": "unparsable",
        "x" * (3 << 20): "unparsable",
        "```diff\n--- a/shop/none.py\n+++ b/shop/none.py\n@@ -1,99999999 +1,1 @@\n-a\n+b\n```": "patch_does_not_apply",
    }
    isolation = Isolation(limits=dataclasses.replace(Isolation().limits, wall_s=8.0))
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, isolation) as suite:
        assert {answer: suite.judge(first, answer).category for answer in answers} == answers
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in mined.iterdir() if path.name.startswith(".scratch")]


def test_a_configured_program_of_the_repository_is_not_started(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(shop), "clone")
    mark = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "filter.x.smudge"):
        git(tmp_path / "clone", "config", key, str(program))
    (tmp_path / "clone/.gitattributes").write_text("*.py diff=x filter=x\n")
    git(tmp_path / "clone", "add", ".gitattributes")
    mark.unlink(missing_ok=True)
    git(tmp_path / "clone", "commit", "-q", "-m", "attributes")
    mark.unlink(missing_ok=True)
    (tmp_path / "tree").mkdir()
    with open_repository(tmp_path / "clone") as repository:
        newest, *_ = repository.commits()
        repository.diff(newest.parents[0], newest.sha)
        repository.checkout(newest.sha, tmp_path / "tree")
        miner = ReviewMiner(repository, list(repository.commits()))
        assert miner.trace() and miner.faults
    assert (tmp_path / "tree/shop/prices.py").read_text() == PRICES_3
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (file_answer("shop/prices.py", PRICES_3), ("shop/prices.py",)),
        ("In `shop/a.py`:\n```python\nx = 1\n```", ("shop/a.py",)),
        ("**shop/a.py**\n\n```py\nx = 1\n```", ("shop/a.py",)),
        ('```python title="shop/a.py"\nx = 1\n```', ("shop/a.py",)),
        ("diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n", ("x.py",)),
        ("```python\nx = 1\n```", ()),
        ("", ()),
    ],
)
def test_a_change_is_read_from_what_models_write(text: str, paths: tuple[str, ...]) -> None:
    assert read_answer(text).paths == paths


@pytest.mark.parametrize(
    "code",
    [
        "import pytest",
        "from unittest.mock import MagicMock",
        "import sys\nsys.exit(0)",
        "import os\ndef f():\n    os._exit(0)",
        "import sys\nsys.modules['x'] = 1",
        "import builtins\nbuiltins.len = 1",
        "def __getattr__(name): return 1",
        "class A:\n    def __eq__(self, o):\n        return True",
        "import os\nx = os.environ.get('PYTEST_CURRENT_TEST')",
        "raise SystemExit(0)",
        "this is not Python, but names MagicMock",
    ],
)
def test_what_only_makes_tests_pass_is_seen(code: str) -> None:
    assert signs_of_tampering(code)
    assert not signs_of_tampering("import sys\n\n\ndef main():\n    sys.exit(run())\n")


def test_a_tree_that_is_linked_again_is_as_it_was(shop: Path, tmp_path: Path) -> None:
    with open_repository(shop) as repository:
        trees = TreeFolders(repository, tmp_path, linked=True)
        tree = repository.tree("HEAD")
        with trees.folder(tree) as folder:
            write_inside(folder, "shop/prices.py", b"changed")
            stock = (folder / "shop/store.py").read_text()
            patch = diff_answer("shop/store.py", stock, stock.replace("sold", "gone"))
            assert apply_edits(read_answer(patch), folder) == "strict"
            (folder / "README.md").unlink()
        with trees.folder(tree) as folder:
            assert (folder / "shop/prices.py").read_text() == PRICES_3
            assert (folder / "shop/store.py").read_text() == stock
            assert (folder / "README.md").exists()
        for name in ("HEAD~1", "HEAD~2", "HEAD~3", "HEAD~4", "HEAD"):
            with trees.folder(repository.tree(name)) as folder:
                assert (folder / "pyproject.toml").exists()
    assert len(list(tmp_path.iterdir())) == 4


def test_objects_are_packed_into_a_relative_folder(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_repository(shop) as repository:
        tree = repository.tree("HEAD")
        repository.pack([tree], [], Path("objects.git"))
    (tmp_path / "tree").mkdir()
    GitRepository(Path("objects.git")).checkout(tree, Path("tree"))
    assert (tmp_path / "tree/shop/prices.py").read_text() == PRICES_3


_FRAMES = """import sys
join, short = ''.join, 'f_'
f = getattr(sys, join(['_get', 'frame']))()
while f is not None:
    if callable(getattr(f, short + 'locals').get('tell')):
        getattr(f, short + 'locals')['tell']('end', code=0)
    f = getattr(f, short + 'back')
"""
_TRACEBACK = """try:
    raise ValueError
except ValueError as error:
    f = error.__traceback__.tb_frame
"""
_EQUAL = "N = type('N', (int,), {'__e' + 'q__': lambda s, o: 1 == 1, '__hash__': int.__hash__})\n"
_PATCH = """import sys
def _from(*a, **k):
    return None
name = '_py'
R = sys.modules[name + 'test.reports'].TestReport
R.toterminal = _from
"""

_DROPPED = """def _look():
    number = type("N", (int,), {"__e" + "q__": lambda one, other: one is one, "__hash__": int.__hash__})
    return number(3)
"""
_NEAR = """class Near:
    def __init__(self, number):
        self.number = number
    def __eq__(self, other):
        return abs(self.number - other) < 100
    __hash__ = None
"""
_STACK = """import traceback
def _look():
    return [frame.line for frame in traceback.extract_stack()]
"""
_LOGGED = """import logging
class Kept(logging.Handler):
    def emit(self, record):
        self.stack = record.stack_info
logging.getLogger("q").addHandler(Kept())
def _look():
    logging.getLogger("q").error("here", stack_info=True)
"""
_CONSTANTS = """import sys
def _look():
    tests = sys.modules["tests.test_prices" if "tests.test_prices" in sys.modules else "test_prices"]
    {0}
"""
_REPLACE = """import sys
name = '_py'
report = vars(sys.modules[name + 'test.reports'].TestReport)['from_item_and_call']
def _from(cls, *a, **k):
    return report.__func__(cls, *a, **k)
sys.modules[name + 'test.reports'].TestReport.from_item_and_call = classmethod(_from)
"""
_PLUGIN = """import sys
name = 'py'
class Plugin:
    pass
setattr(Plugin, name + 'test_runtest_makereport', staticmethod(lambda item: None))
[config] = [one.config for one in sys.meta_path if getattr(one, 'config', None)]
config.pluginmanager.register(Plugin())
"""


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        (_FRAMES.replace("'tell'", "'told'"), "it looks at the frames above it"),
        (_TRACEBACK, "it looks at the frames above it"),
        ("import inspect\ninspect.stack()\n", "it looks at the frames above it"),
        ("def g():\n    yield\n\n\nf = g().gi_frame\n", "it looks at the frames above it"),
        ("exec('x = 1')\n", "it runs text as code"),
        ("c = 'c'\ng = __import__('g' + c)\ng.get_objects()\n", "it looks for objects of others"),
        ("from pathlib import Path\nPath('tests/test_prices.py').read_text()\n", "it reads the tests"),
        ("import linecache\nlinecache.getlines('tests/test_prices.py')\n", "it reads the tests"),
        ("open('/proc/self/maps').close()\n", "it reads the tests"),
        (_EQUAL, "it makes a value that equals different ones"),
        (_DROPPED, "it makes a value that equals different ones"),
        (_NEAR, "it makes a value that equals different ones"),
        (
            _NEAR.replace("abs(self.number - other) < 100", "self.number <= other"),
            "it makes a value that equals different ones",
        ),
        ("class N(int):\n    __eq__ = int.__le__\n", "it makes a value that equals different ones"),
        (
            "class T(str):\n    def __eq__(self, other):\n        return other in str(self)\n",
            "it makes a value that equals different ones",
        ),
        (_LOGGED, "it reads the tests"),
        (_STACK, "it looks at the frames above it"),
        (_CONSTANTS.format("tests.test_total.__code__"), "it reads the values of a test module"),
        (_CONSTANTS.format("tests.__loader__.get_data(tests.__file__)"), "it reads the tests"),
        (_PATCH, "it patches the test framework"),
        (_REPLACE, "it replaces what judges the tests"),
        (_PLUGIN, "it replaces what judges the tests"),
    ],
)
def test_what_an_answer_does_to_its_tests_is_seen_while_they_run(
    mined: Path, roles_env: dict[str, str], code: str, sign: str
) -> None:
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    case = coder_case(next(one for one in fixtures if one.input["task"].startswith("Fix total")))
    looks = "    _look()\n    result = 0\n" if "def _look" in code else "    result = 0\n"
    answer = file_answer("shop/prices.py", code + PRICES_3.replace("    result = 0\n", looks))
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        judged = suite.judge(case, answer)
        allowed = suite.judge(
            msgspec.structs.replace(case, allowed=(sign, "it reads the tests", "it patches the test framework")), answer
        )
    assert (judged.category, judged.reason) == ("tampering", sign)
    assert allowed.category == ""


def test_results_that_are_forged_are_no_results(mined: Path, roles_env: dict[str, str]) -> None:
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    case = coder_case(next(one for one in fixtures if one.input["task"].startswith("Fix total")))
    looks = msgspec.structs.replace(case, allowed=("it looks at the frames above it",))
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        judged = suite.judge(looks, file_answer("shop/prices.py", _FRAMES + PRICES_3))
    assert (judged.category, judged.reason) == ("tampering", "it forges results")


def test_code_that_logs_caches_and_compares_is_no_sign(mined: Path, roles_env: dict[str, str]) -> None:
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    case = coder_case(next(one for one in fixtures if one.input["task"].startswith("Fix total")))
    code = """import collections, dataclasses, enum, logging, re, traceback, warnings
logging.getLogger().warning("x")
warnings.warn("y")
P = collections.namedtuple("P", "a b")
D = dataclasses.make_dataclass("D", ["a"])
E = enum.Enum("E", "A B")
try:
    raise ValueError
except ValueError:
    traceback.format_exc()
class C:
    def __eq__(self, other):
        return isinstance(other, C)
class Header(str):
    def __eq__(self, other):
        return self.lower() == other.lower()
    __hash__ = str.__hash__
class Money:
    def __init__(self, cents):
        self.cents = cents
    def __eq__(self, other):
        return isinstance(other, Money) and self.cents == other.cents
def words(function):
    return function.__code__.co_varnames
words(lambda price: price)
"""
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        judged = suite.judge(case, file_answer("shop/prices.py", code + PRICES_3))
    assert judged.category == "", judged.reason


def test_odd_answers_are_graded_by_the_path_that_git_would_change(mined: Path, roles_env: dict[str, str]) -> None:
    fixtures = [one for one in load_suite(str(mined)).fixtures if "coder" in one.expect]
    case = coder_case(next(one for one in fixtures if one.input["task"].startswith("Fix total")))
    new = "```diff\n--- /dev/null\n+++ {0}\n@@ -0,0 +1 @@\n+x\n```"
    hunk = "@@ -6,3 +6,3 @@\n     result = 0\n-    for price in prices[:3]:\n+    for price in prices:\n"
    change = f"```diff\n--- {{0}}\n+++ {{1}}\n{hunk}         result += price\n```"
    deep = "/".join(["d"] * 1500)
    reads = "import subprocess\nsubprocess.run(['cat', 'tests/test_prices.py'])\n"
    moves = "import os\nos.rename('tests/test_prices.py', 'x')\n"
    answers = {
        change.format("a/shop/prices.py", "b/shop/prices.py"): "",
        change.format("shop/prices.py", "shop/prices.py"): "",  # without a/ and b/
        change.format("q/shop/prices.py", "q/shop/prices.py"): "patch_does_not_apply",
        change.format("a/shop/prices.py", "shop/prices.py"): "unparsable",
        new.format("q/unittest.py"): "tests_failed",  # a file of a folder q, not one that hides unittest
        new.format(f"b/{deep}/x.py"): "unparsable",
        new.format("b/" + "a" * 5000 + ".py"): "unparsable",
        new.format("b/shop/__pycache__/prices.cpython-311.pyc"): "tampering",
        new.format('"b/tes\\164s/test_new.py"'): "tampering",
        file_answer("shop/prices.py", reads + PRICES_3): "tampering",
        file_answer("shop/prices.py", moves + PRICES_3): "tampering",
    }
    with CoderSuite(mined, api.environments_folder(roles_env), roles_env, Isolation()) as suite:
        assert {answer: suite.judge(case, answer).category for answer in answers} == answers


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "gestern"), "is not a date"),
        (("--until", "soon"), "is not a date"),
        (("--path", "/etc"), "outside repository"),
        (("--path", "../.."), "outside repository"),
        (("--code-language", "javascript", "--registry", "none.yaml", "--path", "../x"), "outside repository"),
    ],
)
def test_a_wish_that_git_would_drop_is_named(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert (
        run_command(milo_bench, "milo-bench", ["roles", "mine", str(shop), "--out", str(tmp_path / "o"), *words]) == 2
    )
    assert said in capsys.readouterr().err


def test_a_date_past_every_calendar_is_the_last_one(tmp_path: Path) -> None:
    odd = _Odd(tmp_path / "odd")
    raw = git(odd.folder, "cat-file", "commit", "HEAD").replace("<tester@shop.test> ", "<tester@shop.test> 9999999")
    place = tmp_path / "commit"
    place.write_text(raw)
    sha = git(odd.folder, "hash-object", "-t", "commit", "-w", str(place))
    git(odd.folder, "update-ref", "refs/heads/main", sha)
    with open_repository(odd.folder) as repository:
        [commit] = repository.commits()
    assert datetime.fromtimestamp(commit.time, UTC).year == 9999


def test_a_repository_of_another_object_format_is_packed(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    git(tmp_path / "wide", "init", "-q", "--object-format=sha256")
    (tmp_path / "wide/a.py").write_text("x = 1\n")
    git(tmp_path / "wide", "add", "-A")
    git(tmp_path / "wide", "commit", "-q", "-m", "start")
    with open_repository(tmp_path / "wide") as repository:
        repository.pack([repository.tree("HEAD")], [], tmp_path / "objects.git")
        head, pack = repository.packed_history()
        assert [one.subject for one in unpack_history(tmp_path, "copy", head, pack).commits()] == ["start"]
    (tmp_path / "wide/inner").mkdir()
    with pytest.raises(DataError, match="a folder inside the repository"):
        open_repository(tmp_path / "wide/inner")
