"""What a commit changes in Python files in, the tests that this can concern out: few have to be run at first."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.core.text import file_lines


@dataclass(frozen=True)
class Touched:
    """Tests that a commit touches, as ``path``, ``path::Class`` or ``path::Class::test``: what is below counts, too.

    ``imports`` says that an import changed, which shows when the file is collected.
    """

    names: tuple[str, ...]
    imports: bool


def touched_tests(diff: str, before: Mapping[str, str], after: Mapping[str, str]) -> Touched | None:
    """The tests that a diff of test modules touches; None where any test of them may be concerned.

    ``before`` and ``after`` are the modules by path. A helper, a fixture or a constant may concern any test.
    """
    names: dict[str, None] = {}
    imports = False
    try:
        for file in PatchSet(diff):
            if file.is_removed_file:
                continue
            if file.is_added_file:
                names[file.path] = None
                continue
            lines = [line for hunk in file for line in hunk]
            removed = {line.source_line_no for line in lines if line.is_removed and line.source_line_no}
            added = {line.target_line_no for line in lines if line.is_added and line.target_line_no}
            old = before[file.source_file.removeprefix("a/")]
            for text, numbers in ((old, removed), (after[file.path], added)):
                tree, rows = ast.parse(text), file_lines(text)
                for number in sorted(numbers):
                    where = _place(tree.body, number, rows)
                    if where is None:
                        return None
                    imports |= where == "import"
                    if where and where != "import":
                        names[f"{file.path}::{where}"] = None
    except (UnidiffParseError, SyntaxError, ValueError, KeyError, RecursionError, MemoryError):
        return None
    return Touched(tuple(names), imports)


def same_code(before: str, after: str) -> bool:
    """Whether two versions of a file differ in comments, docstrings and layout alone."""
    try:
        return ast.dump(_bare(ast.parse(before))) == ast.dump(_bare(ast.parse(after)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [one for one in node.body if not _is_docstring(one)]
    return tree


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _place(body: list[ast.stmt], line: int, lines: list[str], inside: str = "") -> str | None:
    """The test or class of tests that a line is in; "" for what is no code, "import", None for anything else."""
    for node in body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        if not first <= line <= (node.end_lineno or node.lineno):
            continue
        match node:
            case ast.Import() | ast.ImportFrom():
                return inside or "import"
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith("test"):
                    return f"{inside}::{name}".removeprefix("::")
            case ast.ClassDef(name=name) if "test" in name.lower():  # of any other class tests may be made
                return _place(node.body, line, lines, f"{inside}::{name}".removeprefix("::"))
            case _ if _is_docstring(node):
                return ""
        return inside or None
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return "" if not text or text.startswith("#") else inside or None
