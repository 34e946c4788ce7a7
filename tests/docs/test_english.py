"""What people read keeps to plain English, as far as a pattern can see it: pages, and the sentences of each room."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.sentences import (
    NOT_SENTENCES,
    ROOMS,
    is_read,
    sentences_of_package,
    texts_of_code,
    texts_of_room,
    texts_of_template,
)

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
        for place, text in texts_of_room(room)
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
    known = {text for room in ROOMS for _, text in texts_of_room(room)}
    assert set(KEPT) <= known
    assert all((SRC / name).exists() for name in NOT_SENTENCES)


def test_the_list_of_sentences_has_each_kind(tmp_path: Path) -> None:
    """Literals, f-strings, help of commands and templates of the code; pages and Markdown of a package."""
    path = tmp_path / "commands" / "one.py"
    path.parent.mkdir()
    path.write_text(
        '"""Not shown."""\n@click.command()\ndef one() -> None:\n    """Count the boats."""\n'
        "    message = f'Cannot count {n} boats.'\n    say('Each boat has a name')\n"
    )
    assert {text for _, text in texts_of_code(path)} == {
        "Count the boats.", "Cannot count {} boats.", "Each boat has a name",
    }  # fmt: skip
    template = "{# no #}<p>Seen {{ n }} times.</p>{{ 'x' if y else \"not seen\" }}"
    assert [" ".join(text.split()) for text in texts_of_template(template)] == ["not seen", "Seen {} times. {}"]
    (tmp_path / "index.html").write_text(
        "<style>p{}</style><p>It has 1,250 boats. A second fact.</p><pre>code here</pre>"
    )
    (tmp_path / "notes.md").write_text("# The harbour\n\n- It took 3 s to count.\n")
    assert {text for _, text in sentences_of_package(tmp_path) if is_read(text)} == {
        "It has {} boats.", "A second fact.", "The harbour", "It took {} s to count.",
    }  # fmt: skip


@pytest.mark.parametrize("sample", ["claims", "case_ops"])
def test_the_sentences_of_a_sample_package_use_plain_words(sample: str) -> None:
    # The appendix, which `make docs` leaves here, shows what models and fixtures say.
    said = sentences_of_package(ROOT / "docs/sample" / sample)
    found = {text for place, text in said if "appendix/" not in place and is_read(text)}
    assert len(found) > 100
    # A table cell may have a semicolon.
    assert not {
        f"{text}: write {instead}"
        for text in found
        for instead, pattern in PATTERNS.items()
        if re.search(pattern, _prose(text), flags=re.IGNORECASE)
    }
