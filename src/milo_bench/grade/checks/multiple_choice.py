"""Passes if the answer chooses the correct option, by its letter or its words. Records both for a confusion matrix.

``expect``: ``choice`` is the correct letter (or number, or the option's own words), a list where several are to be
chosen. ``choices`` lists the options' words.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import judged_part
from milo_bench.grade.reading.choices import chosen_letters, folded_option
from milo_bench.grade.unreadable import unread_expectation

_MOST: Final = 26


class MultipleChoiceParams(Params, frozen=True):
    """``field``: the key of a JSON answer that holds the choice. ``options``: how many there are, if not listed."""

    field: str = ""
    options: int = 0


class MultipleChoice:
    name = "multiple_choice"
    version = "2"

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
        got = chosen_letters(part.text, _options(case.fixture), _letters(case.fixture, rules))
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
    return [folded_option(str(choice)) for choice in choices] if isinstance(choices, list | tuple) else []


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
        elif folded_option(text) in options:
            found.append(letters[options.index(folded_option(text))])
        elif text.isdecimal() and len(text) < 4 and int(text) < len(letters):
            found.append(letters[int(text)])
        else:
            return ()
    return tuple(sorted(set(found)))


CHECKS.add(MultipleChoice.name, MultipleChoice())
