"""``python -m benchmarks.sentences``: every text that a person can read, sorted, each once, for an editor to read.

Of the code: literals and f-strings (``{}`` for what is filled in), templates, YAML that people copy, docstrings that
the program prints. Of packages, given as folders: every sentence of their pages, numbers as ``{}``.

    python -m benchmarks.sentences [--room report]... [--places] [PACKAGE]...
"""

from __future__ import annotations

import argparse
import ast
import html
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SRC: Final = ROOT / "src" / "milo_bench"
ROOMS: Final = tuple(sorted(path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"))
# Files and folders of these rooms that hold no sentences for people.
NOT_SENTENCES: Final[Mapping[str, str]] = {
    "guards/personal/names.py": "words that are no names of people",
    "operator/mcp/episode.py": "texts for models, which are part of the bench's version",
    "operator/play/prompt.py": "texts for models, which are part of the bench's version",
    "operator/play/protocol.py": "texts for models, which are part of the bench's version",
    **dict.fromkeys(
        (f"operator/worlds/{name}" for name in ("faults.py", "gated.py", "session.py", "tasks", "tools")),
        "texts for models, which are part of the bench's version",
    ),
    "report/charts/style.py": "markup of drawings",
    "report/pages/interval_bar.py": "markup of drawings",
    "report/runbook/watch.py": "queries in SQL",
    "suites/builtin": "prompts, fixtures and what they are made of, which are part of a suite's version",
    "suites/languages": "suites in other languages",
    "suites/earlier": "suites as earlier versions had them, byte for byte",
    "suites/generators": "what fixtures are made of, which is part of a suite's version",
    "targets/fake/wire.py": "HTTP headers",
}
_BLOCK: Final = re.compile(r"</?(?:p|li|ul|ol|td|th|tr|h\d|div|dt|dd|figcaption|summary|section|header|br)\b[^>]*>")
_NUMBER: Final = re.compile(r"(?<![\w.-])[-+]?\d[\d,.]*\d(?![\w-])|(?<![\w.-])\d(?![\w-])")


def texts_of_room(room: str) -> Iterator[tuple[str, str]]:
    """Place and text of everything that a room shows: strings, templates, and YAML files that people copy."""
    for path in sorted((SRC / room).rglob("*")):
        name = str(path.relative_to(SRC))
        if any(f"{name}/".startswith(f"{left_out}/") for left_out in NOT_SENTENCES) or path.suffix not in (
            ".py",
            ".jinja",
            ".yaml",
        ):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            yield from ((f"{name}:{line}", text) for line, text in texts_of_code(path))
        elif path.suffix == ".jinja":
            yield from ((name, line) for line in texts_of_template(text))
        else:
            yield from ((f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), start=1))


def texts_of_code(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a Python file that may be shown, with its line; ``{}`` for what an f-string fills in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    yield from _shown_docstrings(path, tree)


def _shown_docstrings(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Docstrings that the program prints: of commands as their help, of checks in their reference."""
    if "checks" in path.parts:
        yield 1, ast.get_docstring(tree) or ""
    if "commands" in path.parts:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(one) for one in node.decorator_list):
                yield node.lineno, ast.get_docstring(node) or ""


def texts_of_template(text: str) -> Iterator[str]:
    """What a reader sees of a template, line by line, and the literals of its statements."""
    text = re.sub(r"\{#.*?#\}|<style.*?</style>", " ", text, flags=re.DOTALL)
    for tag in re.findall(r"\{[{%].*?[}%]\}", text, flags=re.DOTALL):
        yield from re.findall(r'"([^"\n]*)"', tag)
    shown = re.sub(r"\{\{.*?\}\}", "{}", text, flags=re.DOTALL)
    yield from re.sub(r"\{%.*?%\}|<[^>]*>|&\w+;", " ", shown, flags=re.DOTALL).splitlines()


def sentences_of_package(folder: Path) -> Iterator[tuple[str, str]]:
    """File and sentence of every page and Markdown file of a package; answers of models and code are left out."""
    for path in sorted((*folder.rglob("*.html"), *folder.rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = re.sub(r"<(style|script|svg|pre|mark)\b.*?</\1>", " ", text, flags=re.DOTALL)
            text = _BLOCK.sub("\n", text.replace('<span class="range"', '<br><span class="range"'))
            text = html.unescape(re.sub(r"<[^>]*>", "", text))
        else:
            text = re.sub(r"```.*?```", " ", text, flags=re.DOTALL).replace("|", "\n")
        for line in text.splitlines():
            for sentence in re.split(r"(?<=[.?:]) +(?=[A-Z])", line.strip(" -#*>")):
                yield str(path.relative_to(folder)), _NUMBER.sub("{}", sentence)


def is_read(text: str) -> bool:
    """Whether ``text`` is more than a name: a key, a path, a pattern and markup are not sentences."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    return (
        len(words) > 1 and " " in text.strip() and not re.search(r"</?\w+[ >/]|\(\?[:P<!=]|\\[bdsw]|\bSELECT\b", text)
    )


def main() -> int:
    """Print the list."""
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", nargs="*", type=Path)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--places", action="store_true")
    asked = parser.parse_args()
    found: dict[str, str] = {}
    rooms = asked.room or (() if asked.packages else ROOMS)
    every = [pair for room in rooms for pair in texts_of_room(room)]
    every += [pair for folder in asked.packages for pair in sentences_of_package(folder)]
    for place, text in every:
        if is_read(text):
            found.setdefault(" ".join(text.split()), place)
    for text in sorted(found, key=str.casefold):
        print(f"{found[text]}: {text}" if asked.places else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
