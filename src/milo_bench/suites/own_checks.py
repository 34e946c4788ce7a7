"""The text of a suite's own Python in, the checks that it defines out; it is read, and nothing of it is run."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from milo_bench.config.written import Problem, place
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import OwnChecks

LARGEST_CHARS: Final = 256_000  # it travels in every run log


def read_own_checks(text: str, path: Path, *, name: str) -> OwnChecks | Problem:
    """The functions of ``text`` that can be checks: at its top, public, with one argument that must be given.

    ``name`` is how suite.yaml calls the file. What is wrong comes back as a problem with its line.
    """
    if len(text) > LARGEST_CHARS:
        what = f"{len(text):,} characters, more than {LARGEST_CHARS:,}"
        return Problem(str(path), what, "keep data in resources, and programs in a package of their own.")
    try:
        tree = ast.parse(text, filename=name)
    except SyntaxError as error:
        return Problem(place(path, error.lineno), f"not valid Python: {error.msg}", "correct it there.")
    except (ValueError, RecursionError, MemoryError) as error:
        return Problem(str(path), f"not valid Python: {str(error) or 'nested too deeply'}", "correct the file.")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    names = tuple(dict.fromkeys(node.name for node in functions if _takes_a_case(node)))
    if not names:
        return Problem(
            str(path), "no check in it", "write a function: def polite(case): return 'please' in case.output"
        )
    return OwnChecks(file=name, digest=sha256_text(text), source=text, names=names)


def _takes_a_case(node: ast.FunctionDef) -> bool:
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args]
    must = len(given) - len(arguments.defaults)
    keywords = [
        one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
    ]
    return must <= 1 <= len(given) and not keywords
