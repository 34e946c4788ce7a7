"""Passes if the answer, or one field of it, mentions none of the listed words and phrases.

```yaml
resources: {competitors: lists/competitors.txt}     # one word or phrase a line; # begins a comment
checks:
  - not_mentions: {words: [lawyer, legal advice]}
  - not_mentions: {lists: [competitors]}
```

A word counts as a whole: `art` is not found in `party`. Case does not matter, and any white space may be between the
words of a phrase. Endings are not added, so list `refund` and `refunds`. For text that must not appear even inside a
word, use `not_contains`.

`expect`: `not_mentions` (optional) lists further words for one fixture. An answer with only these fails as
`mentioned_of_fixture`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.core.suggest import hint_for
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import UNREAD_PART, judged_part
from milo_bench.grade.unreadable import unread_expectation

Words: TypeAlias = list[str]


class NotMentionsParams(Params, frozen=True):
    """``lists`` names resources of the workload: a text file with one entry a line, or a list in YAML or JSON.

    ``field`` is a top-level field of a JSON answer; without it the whole answer is searched.
    """

    words: Words = []
    lists: Words = []
    field: str = ""


class NotMentions:
    name = "not_mentions"
    version = "2"
    known_served = frozenset({"mentioned", *UNREAD_PART})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, NotMentionsParams)
        for name in rules.lists:
            if name not in workload.resources:
                message = f"The check '{self.name}' has a list '{name}' that is not among the workload's resources."
                hint = hint_for(name, workload.resources, noun="resources") if workload.resources else ""
                raise ConfigError(message, hint=hint or f"add resources: {{{name}: FILE.txt}} to the workload.")
            if not _entries(workload.resources[name]):
                message = f"The check '{self.name}' has a list '{name}' that is empty."
                raise ConfigError(message, hint="write one word or phrase per line, or a list of texts.")
        if any(not word.strip() for word in rules.words):
            message = f"The check '{self.name}' has an empty word, which is in every answer."
            raise ConfigError(message, hint="take it out of 'words'.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        rules, own = read_params(self.name, params, NotMentionsParams), fixture.expect.get(self.name)
        listed = isinstance(own, list | tuple) and bool(_entries(own))
        readable = listed or (own is None and bool(rules.words or rules.lists))
        return unread_expectation(fixture, self.name, readable=readable, what="list of words")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, NotMentionsParams)
        listed = [entry for name in rules.lists for entry in _entries(case.workload.resources.get(name))]
        own = case.fixture.expect.get(self.name)
        always = (*rules.words, *listed)
        words = (*always, *_entries(own if isinstance(own, list | tuple) else None))
        if not words:
            return [Verdict(self.name, self.version, "skip", reason="no word is listed")]
        part = judged_part(case, rules.field)
        if part.problem:
            return [Verdict(self.name, self.version, "fail", part.category, part.problem, rules.field)]
        found = list(_pattern(words).finditer(part.text))
        if not found:
            return [Verdict(self.name, self.version, "pass", subject=rules.field, reason="no listed word is mentioned")]
        spans = tuple(span for match in found for span in part.span(*match.span(), match[0][:60]))
        said = ", ".join(dict.fromkeys(repr(" ".join(match[0].split())[:60]) for match in found))
        reason = f"{rules.field or 'the answer'} mentions {said}"
        of_suite = bool(always) and _pattern(always).search(part.text) is not None
        category = "mentioned" if of_suite else "mentioned_of_fixture"
        return [Verdict(self.name, self.version, "fail", category, reason, rules.field, tuple(dict.fromkeys(spans)))]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        rules = read_params(self.name, params, NotMentionsParams)
        return "" if rules.words or rules.lists else "it lists no words"

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)


def _entries(data: Any) -> tuple[str, ...]:
    """The words of a resource: lines of a text without comments, or the texts of a list."""
    if isinstance(data, str):
        data = [line.partition("#")[0] for line in data.splitlines()]
    if not isinstance(data, list | tuple):
        return ()
    return tuple(" ".join(entry.split()) for entry in data if isinstance(entry, str) and entry.strip())


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Alternatives of literal words, longest first; no part of it can be tried in two ways, so it stays linear."""
    phrases = sorted({" ".join(word.split()) for word in words}, key=lambda word: (-len(word), word))
    written = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)", re.IGNORECASE)


CHECKS.add(NotMentions.name, NotMentions())
