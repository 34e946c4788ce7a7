"""Passes if every sentence of the answer is in the language that the workload asks for.

```yaml
workloads:
  reply: {prompt: prompts/reply.jinja, locale: de-DE, checks: [language]}
  note: {prompt: prompts/note.jinja, checks: [{language: {is: en}}]}
```

Without `is`, the language of the workload's `locale` is required. Numbers, codes, addresses and names are of no
language. A sentence whose language cannot be recognised leaves the answer unjudged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.languages.answers import answer_languages, language_of
from milo_bench.guards.languages.names import is_language, language_name
from milo_bench.guards.languages.recognise import NONE, UNKNOWN


class LanguageParams(Params, frozen=True):
    """``is``: ISO 639-1 code of the required language; "" takes that of the workload's locale."""

    required: str = msgspec.field(default="", name="is")


class Language:
    name = "language"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        wanted = _wanted(read_params(self.name, params, LanguageParams), workload)
        if not wanted:
            message = f"The check '{self.name}' has no language to require."
            raise ConfigError(message, hint="give the workload a locale such as de-DE, or the check 'is: de'.")
        if not is_language(wanted):
            message = f"The check '{self.name}' cannot recognise the language '{wanted}'."
            raise ConfigError(message, hint="use a two-letter code such as en, de, fr, es, it, nl, pl or pt.")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = _wanted(read_params(self.name, params, LanguageParams), case.workload)
        as_json = case.workload.json_schema is not None and case.json.usable
        parts = [
            part
            for part in answer_languages(case.output, wanted, as_json=as_json)
            if part.language not in (NONE, wanted)
        ]
        expected = language_name(wanted)
        if not parts:
            return [Verdict(self.name, self.version, "pass", expected=expected)]
        others = [part for part in parts if part.language != UNKNOWN]
        spans = tuple(Span("output", part.start, part.end, part.language) for part in others or parts)
        if not others:
            reason = f"{len(parts)} sentences are in a language that was not recognised"
            return [Verdict(self.name, self.version, "unjudged", "unread_language", reason, "", spans, expected)]
        got = ", ".join(dict.fromkeys(language_name(part.language) for part in others))
        sentences = "1 sentence is" if len(others) == 1 else f"{len(others)} sentences are"
        reason = f"{sentences} in {got}, not in {expected}"
        return [Verdict(self.name, self.version, "fail", "wrong_language", reason, "", spans, expected, got)]


def _wanted(rules: LanguageParams, workload: Workload) -> str:
    return rules.required.strip().lower() or language_of(workload)


CHECKS.add(Language.name, Language())
