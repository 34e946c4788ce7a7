"""A commit's message and files in, the text of a task out: without trailers, and without what gives the answer away."""

from __future__ import annotations

import ast
import re
from typing import Final

from milo_bench.core.text import file_lines
from milo_bench.roles.languages.code import JAVASCRIPT

_TRAILER: Final = re.compile(r"^(signed-off-by|co-authored-by|reviewed-by|change-id|cc|acked-by)\s*:", re.IGNORECASE)
_IDENTIFIER: Final = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]{2,}\b")
_CODE_LIKE: Final = re.compile(r"_|[a-z][A-Z]|^[A-Z]{2,}|\d")
MOST_MESSAGE: Final = 4_000


def message_of(message: str) -> str:
    """A commit message without its trailers, cut where it goes on for pages."""
    lines = [line.rstrip() for line in message.strip().splitlines() if not _TRAILER.match(line.strip())]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip().rstrip("-").strip()
    return text[:MOST_MESSAGE]


def without_answer(text: str, added: str, known: str) -> tuple[str, tuple[str, ...]]:
    """``text`` with "…" for identifiers that only the true patch has, and which those were.

    ``added`` are the lines that the patch adds, ``known`` everything that the task may show: the files before it and
    the tests. A word is an identifier where it looks like code, so that plain English stays.
    """
    shown = set(_IDENTIFIER.findall(known))
    secret = {word for word in _IDENTIFIER.findall(added) if word not in shown and _CODE_LIKE.search(word)}
    removed: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if match[0] not in secret:
            return match[0]
        removed.append(match[0])
        return "…"

    return _IDENTIFIER.sub(hide, text), tuple(dict.fromkeys(removed))


def added_lines(diff: str) -> str:
    """The lines that a diff adds, without their marks."""
    return "\n".join(line[1:] for line in file_lines(diff) if line.startswith("+") and not line.startswith("+++ "))


def excerpt(text: str, path: str, changed: frozenset[int], most: int) -> tuple[str, bool]:
    """A source file as it is where it has at most ``most`` characters, else its changed parts, and whether it was cut.

    ``changed`` are line numbers of the file. What is left out is told by a line of its own.
    """
    if len(text) <= most:
        return text, False
    lines = file_lines(text, keep_ends=True)
    comment = "//" if path.endswith(JAVASCRIPT.endings) else "#"
    kept = set(range(1, min(len(lines), 25) + 1))
    for first, last in _definitions(text, path):
        if any(first <= line <= last for line in changed) and last - first < 160:
            kept.update(range(first, last + 1))
    for number in changed:
        kept.update(range(max(1, number - 25), min(len(lines), number + 25) + 1))
    parts: list[str] = []
    gap = False
    for number, line in enumerate(lines, start=1):
        if number in kept:
            parts.append(line)
            gap = False
        elif not gap:
            parts.append(f"{comment} … from line {number}: not shown\n")
            gap = True
    return "".join(parts), True


def _definitions(text: str, path: str) -> list[tuple[int, int]]:
    if path.endswith(JAVASCRIPT.endings):
        from milo_bench.roles.languages.javascript.syntax import definitions  # its grammars take long to load

        return definitions(text, path)
    if not path.endswith(".py"):
        return []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.lineno, node.end_lineno or node.lineno) for node in ast.walk(tree) if isinstance(node, kinds)]


def function_of(name: str) -> str:
    """The test function behind a test's name: pytest adds parameters in brackets."""
    return name.partition("[")[0] if name.partition("::")[0].endswith(".py") else name


def test_source(text: str, name: str, language: str) -> str:
    """The source of a test by its name, "" where it is not found or the language is not parsed."""
    if language == "python":
        return function_source(text, name)
    if language == "javascript":
        from milo_bench.roles.languages.javascript.syntax import test_source as written

        path, _, title = name.partition("::")
        return written(text, path, title)
    return ""


def function_source(text: str, name: str) -> str:
    """The source of a test by the last part of its name (``TestX::test_y[1]``), "" where it is not found."""
    *_, last = name.split("::")
    wanted = last.partition("[")[0]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == wanted:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            return "\n".join(file_lines(text)[first - 1 : node.end_lineno])
    return ""
