"""The pages that people read keep to plain English, as far as a pattern can see it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/how-to").glob("*.md")])
FRAGMENTS = sorted((ROOT / "changelog.d").glob("*.md"))

# What to write instead is in each name.
PATTERNS = {
    "'is not a …' or 'is missing', not 'is no …'": r"(?<!there )\b(?:is|are|was|were|holds?) no (?!longer\b)[a-z]",
    "'is' or 'are', not 'stands'": r"\b(?:stands?|stood)\b(?! for)",
    "name who acts, not 'somebody'": r"\b(?:some|no|any|every)body\b|\bwhoever\b",
    "'94%', not '94 %' or 'per cent'": r"\d %|\bper cent\b",
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
