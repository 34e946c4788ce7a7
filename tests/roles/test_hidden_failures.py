"""Assertions whose failure an answer keeps from their test: the test counts as failed where an answer is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.roles import testing
from milo_bench.roles.declared import Declared
from milo_bench.roles.languages.run import run_tests
from milo_bench.roles.testing import Isolation
from tests.roles.conftest import make_offline

SOURCE = """
class quiet:
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        return True

def call(function):
    try:
        function()
    except BaseException:
        pass
"""
TESTS = """from unittest import TestCase

import pytest

from shop import call, quiet


def test_in_a_manager():
    with quiet():
        assert 1 == 2


def test_in_a_call():
    def inner():
        assert not [1]
    call(inner)


def test_that_must_raise():
    with quiet():
        with pytest.raises(ValueError):
            pass


def test_fails_by_name():
    call(lambda: pytest.fail("on purpose"))


class TestUnit(TestCase):
    def test_equal(self):
        with quiet():
            self.assertEqual(1, 2)

    def test_fail(self):
        call(lambda: self.fail("on purpose"))


def test_tried_again():
    left = 3
    while True:
        try:
            assert left == 0
            break
        except AssertionError:
            left -= 1


def test_expected():
    with pytest.raises(AssertionError):
        assert 1 == 2


def test_that_holds():
    with quiet():
        assert 1 == 1
"""
_OWN = ["test_tried_again", "test_expected", "test_that_holds"]


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> testing.TestSetup:
    cache = tmp_path_factory.mktemp("cache")
    cache.chmod(0o755)
    declared = Declared("shop", "1.0", ("pytest",))
    return testing.TestSetup(make_offline(declared, cache), declared)


def test_a_test_that_did_not_see_its_own_failure_has_failed(tmp_path: Path, setup: testing.TestSetup) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "shop.py").write_text(SOURCE)
    (tmp_path / "test_shop.py").write_text(TESTS)
    run = run_tests(tmp_path, ("test_shop.py",), setup, Isolation(), ("shop.py",))
    assert not run.broken and not run.tampered and not run.framework_patched
    assert {name.rpartition("::")[2] for name in run.passed} == {*_OWN}
    assert len(run.outcomes) == 9
    whys = {why for name, why in run.reasons.items() if name not in run.passed}
    assert whys == {"an assertion of this test failed, and the test did not see it"}
    # Where no answer is judged, tests are as pytest says.
    assert len(run_tests(tmp_path, ("test_shop.py",), setup, Isolation()).passed) == 9
