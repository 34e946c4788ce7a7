"""What is run to find flaky tests: property tests alike each time, some tests alone, each time in a new process."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.roles import testing
from milo_bench.roles.declared import Declared
from milo_bench.roles.languages.run import run_tests_often
from milo_bench.roles.testing import Isolation
from tests.roles.conftest import make_offline

PROPERTIES = """import hashlib
from unittest import TestCase

from hypothesis import given, settings, strategies

PLAIN, OWN, INNER = [], [], []


@given(strategies.integers())
def test_plain(number):
    PLAIN.append(number)


class TestOwn(TestCase):
    @settings(max_examples=300)
    @given(strategies.text(min_size=1))
    def test_own(self, text):
        OWN.append(text)


def test_inner():
    @given(strategies.integers())
    def inner(number):
        INNER.append(number)

    inner()


def test_what_was_drawn():
    counts = len(PLAIN), len(OWN), len(INNER)
    raise ValueError(f"{counts} {hashlib.sha256(repr((PLAIN, OWN, INNER)).encode()).hexdigest()}")
"""
PROCESSES = """import os
from pathlib import Path


def test_turn():
    place = Path("turns")
    turns = place.read_text().split() if place.exists() else []
    place.write_text(" ".join([*turns, str(os.getpid())]))
    raise ValueError(f"{len(turns)} {str(os.getpid()) in turns}")


def test_other():
    pass


class TestMore:
    def test_more(self):
        pass
"""


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> testing.TestSetup:
    cache = tmp_path_factory.mktemp("cache")
    cache.chmod(0o755)
    declared = Declared("parcels", "1.0", ("pytest", "hypothesis"))
    return testing.TestSetup(make_offline(declared, cache, "hypothesis", "sortedcontainers"), declared)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "test_properties.py").write_text(PROPERTIES)
    (tmp_path / "test_processes.py").write_text(PROCESSES)
    return tmp_path


def test_property_tests_draw_the_same_ten_examples_each_time(setup: testing.TestSetup, tree: Path) -> None:
    runs = run_tests_often(tree, ("test_properties.py",), setup, Isolation(), 2)
    [drawn] = {run.reasons["test_properties.py::test_what_was_drawn"] for run in runs}
    counts = drawn.partition("(")[2].partition(")")[0]
    assert [int(count) for count in counts.split(",")] == [10, 10, 10]
    assert len(runs[0].passed) == 3


def test_what_an_installed_plugin_replaces_in_pytest_is_no_sign_of_an_answer(
    setup: testing.TestSetup, tree: Path
) -> None:
    run = run_tests_often(tree, ("test_properties.py",), setup, Isolation(), 1, ("parcels.py",))[0]
    assert len(run.passed) == 3 and not run.tampered  # the plugin of Hypothesis replaces how fixtures are marked


def test_what_pytest_compiles_of_its_plugins_is_compiled_once(setup: testing.TestSetup, tree: Path) -> None:
    run_tests_often(tree, ("test_processes.py",), setup, Isolation(), 1)
    compiled = [*setup.environment.folder.rglob("*-pytest-*.pyc")]
    assert "core" in {path.name.partition(".")[0] for path in compiled if path.parent.parent.name == "hypothesis"}
    assert not [path for path in compiled if "sortedcontainers" in path.parts]
    before = {path: path.stat().st_mtime_ns for path in compiled}
    run_tests_often(tree, ("test_properties.py",), setup, Isolation(), 1)
    assert {path: path.stat().st_mtime_ns for path in setup.environment.folder.rglob("*-pytest-*.pyc")} == before


def test_repeats_run_one_after_the_other_each_in_a_new_process(setup: testing.TestSetup, tree: Path) -> None:
    runs = run_tests_often(tree, ("test_processes.py",), setup, Isolation(), 3)
    told = [run.reasons["test_processes.py::test_turn"].rpartition("ValueError: ")[2] for run in runs]
    assert told == ["0 False", "1 False", "2 False"]
    assert [path.name for path in tree.iterdir() if path.name not in ("test_properties.py", "test_processes.py")] == []


@pytest.mark.parametrize(
    ("only", "ran"),
    [
        ((), []),
        (("test_processes.py::test_other",), ["test_processes.py::test_other"]),
        (("test_processes.py::TestMore",), ["test_processes.py::TestMore::test_more"]),
        (("test_processes.py::test_oth", "test_processes.py::test_none"), []),
    ],
)
def test_some_tests_run_alone(setup: testing.TestSetup, tree: Path, only: tuple[str, ...], ran: list[str]) -> None:
    [run] = run_tests_often(tree, ("test_processes.py",), setup, Isolation(), 1, only=only)
    assert sorted(run.outcomes) == ran
    assert run.ended and not run.broken
