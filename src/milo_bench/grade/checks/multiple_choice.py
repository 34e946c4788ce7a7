"""Passes if the answer chooses the correct option, by its letter or its words. Records both for a confusion matrix.

``expect``: ``choice`` is the correct letter (or number, or the option's own words), a list where several are to be
chosen. ``choices`` lists the options' words.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import judged_part
from milo_bench.grade.unreadable import unread_expectation

_MOST: Final = 26
# "Answer: B", "the correct option is (B)", "\boxed{B}": the model says what it chose. The last one counts.
_WORDS = "answers?|antwort|options?|choices?|choose|select|réponse|respuesta|risposta|antwoord|odpowiedź|resposta|ответ"
_BETWEEN = "is|are|ist|est|es|è|be|to|jest|the|correct|option|letter|choice"
_LETTERS = r"(?P<letters>[A-Za-z](?:\s*(?:,|\band\b|\bund\b|&|\+)\s*[A-Za-z](?![^\W_]))*)(?![^\W_])"
_SAID = re.compile(
    rf"(?:(?<![^\W_])(?:{_WORDS})(?![^\W_])|答え|答案|\\boxed)(?:\W|\\text|(?:{_BETWEEN})(?![^\W_])|は|是){{0,12}}?{_LETTERS}",
    re.IGNORECASE,
)
# "B)", "(B)", "B." or "B:" at the start of a line, or a letter alone on it.
_MARKED = re.compile(
    r"^[\s*_>\-\"'`]*(?:\((?P<a>[A-Za-z])\)|\[(?P<b>[A-Za-z])\]|(?P<c>[A-Za-z])[).:](?=\s|$|\*)|"
    r"\*\*(?P<e>[A-Za-z])\*\*|(?P<d>[A-Za-z](?:\s*,\s*[A-Za-z])*)[\s.*_\"'`]*$)",
    re.MULTILINE,
)


class MultipleChoiceParams(Params, frozen=True):
    """``field``: the key of a JSON answer that holds the choice. ``options``: how many there are, if not listed."""

    field: str = ""
    options: int = 0


class MultipleChoice:
    name = "multiple_choice"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, MultipleChoiceParams)
        if not 0 <= rules.options <= _MOST or rules.options == 1:
            message = f"The check '{self.name}' has {rules.options} options."
            raise ConfigError(message, hint=f"write how many there are, 2 to {_MOST}.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        rules = read_params(self.name, params, MultipleChoiceParams)
        readable = bool(_wanted(fixture, rules))
        return unread_expectation(fixture, "choice", readable=readable, what="correct choice")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, MultipleChoiceParams)
        wanted = _wanted(case.fixture, rules)
        if not wanted:
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no correct choice")]
        expected = ", ".join(wanted)
        part = judged_part(case, rules.field)
        if part.problem:
            return [Verdict(self.name, self.version, "fail", part.category, part.problem, expected=expected)]
        got = _chosen(part.text, _options(case.fixture), _letters(case.fixture, rules))
        if not got:
            reason = "the answer chooses no option"
            return [Verdict(self.name, self.version, "fail", "no_choice", reason, expected=expected, got="")]
        said = ", ".join(got)
        if len(got) > 1 and len(wanted) == 1:
            reason = f"the answer chooses several options: {said}"
            return [Verdict(self.name, self.version, "fail", "several_choices", reason, expected=expected, got=said)]
        if got == wanted:
            return [Verdict(self.name, self.version, "pass", expected=expected, got=said)]
        reason = f"the answer chooses {said}, expected {expected}"
        return [Verdict(self.name, self.version, "fail", "wrong_choice", reason, expected=expected, got=said)]


def _options(fixture: Fixture) -> list[str]:
    choices = fixture.expect.get("choices", fixture.input.get("choices"))
    if isinstance(choices, Mapping):
        choices = list(choices.values())
    return [_folded(str(choice)) for choice in choices] if isinstance(choices, list | tuple) else []


def _letters(fixture: Fixture, rules: MultipleChoiceParams) -> str:
    count = len(_options(fixture)) or rules.options or _MOST
    return string.ascii_uppercase[: min(count, _MOST)]


def _wanted(fixture: Fixture, rules: MultipleChoiceParams) -> tuple[str, ...]:
    """The correct letters in order; () where the expectation names no option."""
    gold = fixture.expect.get("choice")
    golds = gold if isinstance(gold, list | tuple) else [gold]
    letters, options = _letters(fixture, rules), _options(fixture)
    found = []
    for one in golds:
        if isinstance(one, bool) or one is None:
            return ()
        if isinstance(one, int):
            if not 0 <= one < len(letters):
                return ()
            found.append(letters[one])
            continue
        text = str(one).strip()
        bare = text.strip("()[].: ").upper()
        if len(bare) == 1 and bare in letters:
            found.append(bare)
        elif _folded(text) in options:
            found.append(letters[options.index(_folded(text))])
        elif text.isdecimal() and len(text) < 4 and int(text) < len(letters):
            found.append(letters[int(text)])
        else:
            return ()
    return tuple(sorted(set(found)))


def _chosen(text: str, options: Sequence[str], letters: str) -> tuple[str, ...]:
    """The letters that an answer chooses: as it says so, else marked as options are, else by an option's own words."""
    whole = _folded(text)
    if whole in options:
        return (letters[options.index(whole)],)
    said = [match["letters"] for match in _SAID.finditer(text)]
    for one in reversed(said):
        found = _split(one, letters)
        if found:
            return found
    marked = [next(group for group in match.groups() if group) for match in _MARKED.finditer(text)]
    found = tuple(sorted({letter for one in marked for letter in _split(one, letters)}))
    if found:
        return found
    words = [letters[place] for place, option in enumerate(options) if option and _is_in(option, whole)]
    return tuple(words) if len(words) == 1 else ()


def _split(written: str, letters: str) -> tuple[str, ...]:
    parts = re.split(r"\s*(?:,|\band\b|\bund\b|&|\+)\s*", written)
    found = {part.strip().upper() for part in parts}
    # A small "a" in running words is an article.
    if written.strip() == "a" and len(parts) == 1:
        return ()
    return tuple(sorted(found)) if found and all(one in letters and len(one) == 1 for one in found) else ()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold().strip("\"'`*. ")


def _is_in(option: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text) is not None


CHECKS.add(MultipleChoice.name, MultipleChoice())
