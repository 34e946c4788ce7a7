"""Tests that must fail: where one passes, whatever ran before has patched what tests rest on."""

import unittest

import pytest


def test_assert() -> None:
    left, right = 1, 2
    assert left == right


def test_assert_false() -> None:
    assert not [object]


def test_raises() -> None:
    with pytest.raises(ValueError):
        pass


def test_fail() -> None:
    pytest.fail("on purpose")


def test_error() -> None:
    raise RuntimeError("on purpose")


def test_mock() -> None:
    mock = getattr(unittest, "mock", None)  # to load it takes as long as all else here, and nobody can have patched it
    if mock is None:
        raise RuntimeError("on purpose")
    mock.Mock().assert_called_once()


class TestUnittest(unittest.TestCase):
    def test_equal(self) -> None:
        self.assertEqual(1, 2)

    def test_true(self) -> None:
        self.assertTrue(False)

    def test_raises(self) -> None:
        with self.assertRaises(ValueError):
            pass
