"""Which tests a commit touches is read from its diff, so that few have to be run to see that it gives no case."""

from __future__ import annotations

import difflib

import pytest

from milo_bench.roles.mining.touched import Touched, same_code, touched_tests

MODULE = '''"""Tests of parcels."""

import pytest

from parcels import weigh

LIGHT = 3


def made(grams):
    return weigh(grams)


def test_light():
    assert made(LIGHT) == 3


@pytest.mark.parametrize("grams", [1, 2])
def test_heavy(grams):
    assert made(grams) == grams


class TestPost:
    """The post."""

    limit = 9

    def test_stamp(self):
        assert self.limit == 9

    def helper(self):
        return 1


class Base:
    def test_inherited(self):
        assert True
'''


def _touched(old: str, new: str) -> Touched | None:
    after = MODULE.replace(old, new, 1)
    assert after != MODULE
    lines = (text.splitlines(keepends=True) for text in (MODULE, after))
    diff = "".join(difflib.unified_diff(*lines, "a/tests/test_post.py", "b/tests/test_post.py"))
    return touched_tests(diff, {"tests/test_post.py": MODULE}, {"tests/test_post.py": after})


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("== 3\n", "== 4\n", ["test_light"]),
        ("[1, 2]", "[1, 2, 3]", ["test_heavy"]),
        ("assert self.limit == 9", "assert self.limit < 10", ["TestPost::test_stamp"]),
        ("limit = 9", "limit = 8", ["TestPost"]),
        ("return 1", "return 2", ["TestPost"]),
        ("class TestPost:", "class TestMail:", ["TestPost", "TestMail"]),
        ("\n    limit = 9\n", "", ["TestPost"]),
        ("def test_light():\n    assert made(LIGHT) == 3\n", "", ["test_light"]),
        ("class Base:", "def test_new():\n    assert made(5) == 5\n\n\nclass Base:", ["test_new"]),
        ("class Base:", "# The base.\nclass Base:", []),
        ('"""Tests of parcels."""', '"""Parcels."""', []),
        ('"""Tests of parcels."""', '# First.\n"""Tests of parcels."""', []),
    ],
)
def test_a_change_of_a_test_or_its_class_touches_that_one(old: str, new: str, names: list[str]) -> None:
    touched = _touched(old, new)
    assert touched == Touched(tuple(f"tests/test_post.py::{name}" for name in names), imports=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIGHT = 3", "LIGHT = 4"),
        ("return weigh(grams)", "return weigh(grams) + 1"),
        ("assert True", "assert 1"),  # classes that inherit it have the test, too
        ("def test_light():", "def light(:"),
    ],
)
def test_a_change_of_anything_else_may_concern_any_test(old: str, new: str) -> None:
    assert _touched(old, new) is None


def test_a_changed_import_shows_when_the_file_is_collected() -> None:
    assert _touched("from parcels import weigh", "from parcels.scales import weigh") == Touched((), imports=True)


def test_all_tests_of_a_new_file_are_touched() -> None:
    diff = "--- /dev/null\n+++ b/tests/test_new.py\n@@ -0,0 +1,2 @@\n+def test_x():\n+    pass\n"
    assert touched_tests(diff, {}, {}) == Touched(("tests/test_new.py",), imports=False)


def test_comments_docstrings_and_layout_are_no_code() -> None:
    before = 'def f(a,b):\n    """Sum."""\n    return a+b\n'
    assert same_code(before, "# Sums.\ndef f(a, b):\n    return a + b\n")
    assert not same_code(before, before.replace("a+b", "b+a"))
    assert not same_code(before, before.replace("b):", "b=1):"))
    assert not same_code("this is", "no code")
