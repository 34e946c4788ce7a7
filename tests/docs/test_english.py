"""What people read keeps to plain English, as far as a pattern can see it: pages, and the sentences of each room."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "milo_bench"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/how-to").glob("*.md")])
FRAGMENTS = sorted((ROOT / "changelog.d").glob("*.md"))

# What to write instead is in each name.
PATTERNS = {
    "'is not a …' or 'is missing', not 'is no …'": r"(?<!there )\b(?:is|are|was|were|holds?) no (?!longer\b)[a-z]",
    "'is' or 'are', not 'stands'": r"\b(?:stands?|stood)\b(?! for)",
    "name who acts, not 'somebody'": r"\b(?:some|no|any|every)body\b|\bwhoever\b",
    "'94%', not '94 %' or 'per cent'": r"\d %|\} %|\bper cent\b",
    "'compare with' or 'check against', not 'hold against'": r"\bh(?:old|eld) (?:\w+ )?against\b",
    "'compute', not 'work out'": r"\bwork(?:s|ed)?(?: \w+)? out\b",
    "'counted separately', not 'told apart'": r"\btold apart\b",
    "'silently', not 'in silence'": r"\bin silence\b|\bwithout a word\b",
    "'built-in', not 'shipped'": r"\bshipped\b",
    "'breach', 'full pass', 'clean variant'": r"(?<!`)\bminefields?\b(?!`)|\bpassed whole\b|\bclean twin\b",
    "'guardrail', not 'rail'": r"\brails?\b(?!\.md)",
    "'undecided', not 'not settled' or 'cannot be told'": r"\bnot settled\b|\bcannot be told\b|\bnot decided\b",
    "'Repeatable', not 'may be given again'": r"\bmay be given\b",
    "no contractions": r"\b(?:don|doesn|isn|aren|can|won|it|that|you)['’](?:t|s|re|ll)\b",
    "no exclamation marks": r"[a-z]!(?:\s|$)",
}
# Of sentences in the code. Pages may keep a few.
SEMICOLON = r"[\w)}\]”’'\"`.]; (?=[\w({\[“‘'\"`])|^; \w"

# Rooms whose sentences are held so. Add a room here once it passes.
ROOMS = tuple(sorted(path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"))
# Files and folders of these rooms that hold no sentences for people.
NOT_SENTENCES: Mapping[str, str] = {
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
# Single texts that keep an old word, with the reason.
KEPT: Mapping[str, str] = {
    "until {}; do sleep 1; done": "a shell command",
    'for one in /proc/$$/fd/* /proc/1/fd/*; do readlink "$one"; done; exit 0': "a shell command",
    "Not shipped: ": "what does not go live",
    "A colleague could work with it as it stands.": "the rubric is in the judge's prompt, which is recorded",
}
_MARKUP = re.compile(r"</?\w+[ >]|<svg|\bSELECT\b|\(\?[:P<!=]|\\[bdsw]")
_KEYS = re.compile(r"minefield_ceiling|clean_up_of_a_minefield|event_selection|not_worse_than")


def _prose(text: str) -> str:
    """``text`` without code, links, quotations and comments."""
    for left_out in (r"```.*?```", r"<!--.*?-->", r"`[^`\n]*`", r"\]\([^)]*\)", r'"[^"\n]*"'):
        text = re.sub(left_out, "` `", text, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("page", [*PAGES, *FRAGMENTS], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_plain_words(page: Path) -> None:
    for number, line in enumerate(_prose(page.read_text(encoding="utf-8")).splitlines(), 1):
        for instead, pattern in PATTERNS.items():
            found = re.search(pattern, line, flags=re.IGNORECASE)
            assert found is None, f"{page.name}, about line {number}: write {instead} ({line.strip()!r})"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_sentence_on_a_page_has_one_fact(page: Path) -> None:
    """Semicolons join facts in tables and lists; elsewhere they are rare."""
    prose = [
        line for line in _prose(page.read_text(encoding="utf-8")).split("\n\n") if not line.startswith(("|", "-", "#"))
    ]
    text = " ".join(" ".join(prose).split())
    joined = re.findall(r"[^.]{0,60}; (?!`)[^.]{0,40}", text)
    assert len(joined) <= 1 + len(text) // 1500, joined


def _strings(path: Path) -> Iterator[tuple[int, str]]:
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


def _template(text: str) -> Iterator[str]:
    """What a reader sees of a template, line by line, and the literals of its statements."""
    text = re.sub(r"\{#.*?#\}|<style.*?</style>", " ", text, flags=re.DOTALL)
    for tag in re.findall(r"\{[{%].*?[}%]\}", text, flags=re.DOTALL):
        yield from re.findall(r'"([^"\n]*)"', tag)
    shown = re.sub(r"\{\{.*?\}\}", "{}", text, flags=re.DOTALL)
    yield from re.sub(r"\{%.*?%\}|<[^>]*>|&\w+;", " ", shown, flags=re.DOTALL).splitlines()


def _texts(room: str) -> Iterator[tuple[str, str]]:
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
            yield from ((f"{name}:{line}", text) for line, text in _strings(path))
        elif path.suffix == ".jinja":
            yield from ((name, line) for line in _template(text))
        else:
            yield from ((f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), start=1))


def _to_write(text: str) -> list[str]:
    """What to write instead in ``text``; nothing for what is kept, for markup, and for a single word."""
    if text in KEPT or " " not in text.strip() or _MARKUP.search(text):
        return []
    text = _KEYS.sub("", text)
    found = [instead for instead, pattern in PATTERNS.items() if re.search(pattern, text, flags=re.IGNORECASE)]
    return [*found, *(["two sentences, or 'and', 'so', 'but'"] if re.search(SEMICOLON, text) else [])]


@pytest.mark.parametrize("room", ROOMS)
def test_the_sentences_of_a_room_use_plain_words(room: str) -> None:
    found = [
        f"{place}: write {instead} ({text.strip()[:160]!r})"
        for place, text in _texts(room)
        for instead in _to_write(text)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "'x' is no date.",
        "the file holds no mapping",
        "the id stands twice",
        "no minefield in {} trials",
        "nobody has to mend it",
        "about 94 % of them",
        "{} more; give a longer --duration",
    ],
)
def test_an_old_word_is_found(text: str) -> None:
    assert len(_to_write(text)) == 1


@pytest.mark.parametrize(
    "text", ["the model is no longer {}", "is not a date", "94% of 70", "a, b and c", "understand it", "no knee: {}"]
)
def test_plain_words_are_let_through(text: str) -> None:
    assert not _to_write(text)


def test_what_keeps_an_old_word_is_still_there() -> None:
    known = {text for room in ROOMS for _, text in _texts(room)}
    assert set(KEPT) <= known
    assert all((SRC / name).exists() for name in NOT_SENTENCES)
