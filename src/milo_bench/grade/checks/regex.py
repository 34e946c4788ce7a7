r"""Passes if the answer, or one field of it, matches a regular expression.

```yaml
checks:
  - regex: {pattern: '^CASE-\d{6}$', field: case_id}
  - regex: {pattern: '(?i)\b(guarantee|promise)', match: none}
```

The language is RE2's, close to Python's and Perl's. It has no look-around and no back-references, and in exchange
the time for any pattern and any answer grows only with their lengths. Flags go in front: `(?i)` ignores case, `(?s)`
lets the dot match line ends, `(?m)` lets `^` and `$` match at each line.

`expect`: `regex` (optional) is a fixture's own pattern, instead of the one in the parameters. Failures of it end in
`_of_fixture`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import UNREAD_PART, judged_part
from milo_bench.grade.unreadable import unread_expectation

MAX_PATTERN_CHARS: Final = 2_000
# RE2 steps of a compiled pattern, and steps times characters of an answer: together about two seconds at the worst.
MAX_STEPS: Final = 10_000
MAX_WORK: Final = 1_000_000_000


class RegexParams(Params, frozen=True):
    """``match``: ``some`` is found anywhere, ``whole`` covers the whole text, ``none`` must not be found.

    ``field`` is a top-level field of a JSON answer; without it the whole answer is searched.
    """

    pattern: str = ""
    field: str = ""
    match: Literal["some", "whole", "none"] = "some"


class Regex:
    name = "regex"
    version = "2"
    known_served = frozenset({"no_match", "forbidden_match", "too_long", *UNREAD_PART})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, RegexParams)
        if rules.pattern:
            try:
                compile_re2(rules.pattern)
            except ValueError as error:
                message = f"The check '{self.name}' cannot use its pattern: {error}."
                raise ConfigError(message, hint="the language is RE2's: no look-around, no back-references.") from None
            if _finds_all(rules.pattern, rules.match):
                message = f"The check '{self.name}' has a pattern that every text matches."
                raise ConfigError(message, hint="write what a right answer has, or match: whole.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        rules, own = read_params(self.name, params, RegexParams), fixture.expect.get(self.name)
        if isinstance(own, str) and own:
            try:
                return "every text matches the fixture's pattern" if _finds_all(own, rules.match) else ""
            except ValueError as error:
                return f"the fixture's pattern cannot be used: {error}"
        return "" if rules.pattern else unread_expectation(fixture, self.name, readable=False, what="pattern")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, RegexParams)
        own = case.fixture.expect.get(self.name)
        stated = own if isinstance(own, str) else ""
        pattern, whose = stated or rules.pattern, "_of_fixture" if stated else ""
        if not pattern:  # the fixture's is empty, so the check does not apply
            return [Verdict(self.name, self.version, "skip", reason="no pattern is given")]
        part = judged_part(case, rules.field)
        if part.problem:
            return [self._verdict("fail", rules, pattern, part.category, part.problem)]
        program = compile_re2(pattern)
        if program.programsize * len(part.text) > MAX_WORK:
            reason = f"{len(part.text):,} characters are too many for this pattern"
            return [self._verdict("fail", rules, pattern, f"too_long{whose}", reason)]
        found = program.fullmatch(part.text) if rules.match == "whole" else program.search(part.text)
        if (found is not None) == (rules.match != "none"):
            return [self._verdict("pass", rules, pattern)]
        what = rules.field or "the answer"
        if found is None:
            reason = f"{what} does not match the pattern{' as a whole' if rules.match == 'whole' else ''}"
            return [self._verdict("fail", rules, pattern, f"no_match{whose}", reason)]
        reason = f"{what} contains {found.group()[:100]!r}, which must not be found"
        spans = part.span(*found.span())
        return [self._verdict("fail", rules, pattern, f"forbidden_match{whose}", reason, spans)]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return "" if read_params(self.name, params, RegexParams).pattern else "it has no pattern"

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)

    def _verdict(
        self,
        outcome: Literal["pass", "fail"],
        rules: RegexParams,
        pattern: str,
        category: str = "",
        reason: str = "",
        spans: tuple[Span, ...] = (),
    ) -> Verdict:
        return Verdict(self.name, self.version, outcome, category, reason, rules.field, spans, expected=pattern[:200])


def _finds_all(pattern: str, match: str) -> bool:
    """Whether ``pattern`` matches whatever an answer says: nothing at all, and a text that nobody expects."""
    program = compile_re2(pattern)
    find = program.fullmatch if match == "whole" else program.search
    return match != "none" and find("") is not None and find("\x01\n\x02") is not None


@lru_cache(maxsize=256)
def compile_re2(pattern: str) -> Any:
    """The pattern as RE2 runs it. Raises ValueError for one that it does not know or that is too large."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise ValueError(f"it has {len(pattern):,} characters, more than {MAX_PATTERN_CHARS:,}")
    import re2  # only suites with a pattern pay for it

    options = re2.Options()
    options.log_errors = False
    try:
        program = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        raise ValueError(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    except UnicodeEncodeError:
        raise ValueError("it contains half a character") from None
    if program.programsize > MAX_STEPS:
        raise ValueError(f"it is too large once its repetitions are written out ({program.programsize:,} steps)")
    return program


CHECKS.add(Regex.name, Regex())
