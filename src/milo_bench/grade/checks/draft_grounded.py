"""Passes if a text on a diff names what it touches, invents and copies nothing, and has the project's own format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params

_FENCE: Final = re.compile(r"^\s*```[^\n]*\n(.*?)\n?```\s*$", re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_ISSUE: Final = re.compile(r"(?<![\w/])#(\d+)\b")
_PATH: Final = re.compile(r"\b[\w.-]+(?:/[\w.-]+)+|\b[\w-]+\.(?:py|pyi|toml|cfg|md|rst|txt|js|ts|json|ya?ml)\b")
_IDENTIFIER: Final = re.compile(r"\b(?:[A-Za-z]\w*_\w+|_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|\w+\(\))")
_MOST_WORDS: Final = 500  # that are looked up: each is looked for in the whole diff, and a draft has a few
_MARKS: Final = " \t+-*`"
_LEAST_LINE: Final = 8  # characters: shorter ones are the same by chance
_NUMBER: Final = re.compile(r"(?<![\w.#])\d+(?:\.\d+)*(?![\w])")


class DraftGrounded:
    name = "draft_grounded"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if "draft" in fixture.expect else "its expectation has no mined commit ('draft')"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        diff = str(case.fixture.input.get("diff", ""))
        known = diff + "\n" + str(case.fixture.expect["draft"].get("message", ""))
        problems = list(draft_problems(case.output, case.fixture.expect["draft"], known, diff))
        for category, reason in problems:
            yield Verdict(self.name, self.version, "fail", category, reason)
        if not problems:
            yield Verdict(self.name, self.version, "pass")


def draft_problems(answer: str, expect: Mapping[str, Any], known: str, diff: str) -> Iterator[tuple[str, str]]:
    """What is wrong with ``answer``, each as a category and a reason.

    ``expect`` has ``symbols`` that the diff touches and the ``format``: ``max_subject`` characters, a ``prefix``
    pattern, whether a full stop may end the subject, and whether a ``body`` follows; for an entry of a change log
    ``max_length`` characters, its ``bullet`` and its ``full_stop``. ``known`` is all that may be named. A
    text that consists of lines of ``diff``, or of names, is none that a person could use.
    """
    fenced = _FENCE.match(answer)
    text = (fenced[1] if fenced is not None else answer).strip()
    subject = text.partition("\n")[0].strip()
    for kind, word in _invented(text, known):
        yield "invented", f"the {kind} {word[:80]!r} is not in the diff"
    symbols = [str(one) for one in expect.get("symbols", ())]
    folded = text.casefold()
    if symbols and not any(re.search(rf"\b{re.escape(one.casefold())}\b", folded) for one in symbols):
        yield "symbols_missing", f"it names none of the touched symbols: {', '.join(symbols[:8])}"
    if copied := _copied(text, diff):
        yield "copied", f"it copies the diff: {copied[:80]!r}"
    elif _is_list_of_names(text, symbols):
        yield "names_only", "it lists names and says nothing of them"
    rules = expect.get("format", {})
    most = int(rules.get("max_subject", 0))
    if most and len(subject) > most:
        yield "format", f"the subject has {len(subject)} characters, the project's have at most {most}"
    prefix = str(rules.get("prefix", ""))
    if prefix and not re.match(r"^[a-z]+(\([^)]*\))?!?: ", subject):
        yield "format", "the subject has no 'type: ' prefix, which the project's have"
    if rules.get("body") and not text.partition("\n")[2].strip():
        yield "format", "it has a title and no text below it"
    longest = int(rules.get("max_length", 0))
    if longest and len(text) > longest:
        yield "format", f"it has {len(text)} characters, the project's entries have at most {longest}"
    if (bullet := str(rules.get("bullet", ""))) and not text.startswith(bullet):
        yield "format", f"it does not begin with {bullet!r}, as the project's entries do"
    if rules.get("full_stop") and not text.endswith("."):
        yield "format", "it does not end with a full stop, as the project's entries do"
    if rules.get("no_full_stop") and subject.endswith("."):
        yield "format", "the subject ends with a full stop, which the project's do not"


def _copied(text: str, diff: str) -> str:
    """A line of a text that consists of lines of the diff for more than a half, "" where it does not."""
    shown = {line.strip(_MARKS) for line in diff.splitlines()}
    lines = [line.strip(_MARKS) for line in text.splitlines()]
    lines = [line for line in lines if len(line) >= _LEAST_LINE]
    same = [line for line in lines if line in shown]
    return same[0] if 2 * len(same) > len(lines) else ""


def _is_list_of_names(text: str, symbols: Sequence[str]) -> bool:
    """Whether fewer than one word of four is one of a language."""
    names = {symbol.casefold() for symbol in symbols}
    words = re.findall(r"[^\W\d]\w*", text)
    plain = sum(word.casefold() not in names and not _IDENTIFIER.fullmatch(word) for word in words)
    return bool(words) and 4 * plain < len(words)


def _invented(text: str, known: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    patterns = (("path", _PATH), ("identifier", _CODE), ("identifier", _IDENTIFIER))
    for kind, pattern in (*patterns, ("issue", _ISSUE), ("number", _NUMBER)):
        for match in pattern.finditer(text):
            word = (match[1] if pattern.groups else match[0]).strip().removesuffix("()").strip(".")
            if not word or word in seen:
                continue
            if len(seen) == _MOST_WORDS:
                return
            seen.add(word)
            if kind in ("issue", "number"):
                if not re.search(rf"(?<!\d){re.escape(word)}(?!\d)", known):
                    yield kind, word
            elif word not in known and not all(part in known for part in re.findall(r"\w+", word)):
                yield kind, word


CHECKS.add(DraftGrounded.name, DraftGrounded())
