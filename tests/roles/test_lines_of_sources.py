"""A form feed or a U+2028 in a source moves no line number and breaks no patch."""

from __future__ import annotations

from milo_bench.roles.cheats import diff_answer
from milo_bench.roles.mining.review import numbered
from milo_bench.roles.mining.text import added_lines, function_source

SOURCE = 'x = "a\u2028b"\n\x0c\n\ndef test_y():\n    assert x\n'


def test_a_function_is_found_behind_a_form_feed() -> None:
    assert function_source(SOURCE, "test_y") == "def test_y():\n    assert x"


def test_the_numbers_of_a_shown_diff_are_those_of_the_file() -> None:
    diff = '@@ -1,2 +1,3 @@\n x = "a\u2028b"\n+y = "c\x0cd"\n z = 1\n'
    assert numbered(diff).split("\n")[1:4] == ['    1  x = "a\u2028b"', '    2 +y = "c\x0cd"', "    3  z = 1"]
    assert added_lines(diff) == 'y = "c\x0cd"'


def test_a_patch_of_such_a_file_has_a_mark_before_each_line() -> None:
    lines = diff_answer("a.py", SOURCE, SOURCE.replace("assert x", "assert not x")).split("\n")
    assert all(line[:1] in "+- @" for line in lines[1:-2])
