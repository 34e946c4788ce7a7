"""A workload and its fixtures in, the checks whose rules do not read the language of the work out; no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from milo_bench.core.records import Fixture, Workload
from milo_bench.grade.base import CHECKS, ReadsLanguage
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.languages.recognise import NONE, UNKNOWN, main_language, recognise
from milo_bench.guards.measured import spoken_languages

_FIXTURES: Final = 12  # read to recognise a workload's language where no locale states it
_READ_CHARS: Final = 1_500


class UnspokenLanguage(Struct, frozen=True):
    """A check that does not read ``language`` (ISO 639-1), in which a workload's answers will be."""

    check: str
    fixtures: tuple[str, ...]
    of: int
    language: str

    @property
    def text(self) -> str:
        name = language_name(self.language)
        return f"the check '{self.check}' does not read {name}, so answers in {name} will be unjudged by it"

    @property
    def hint(self) -> str:
        return "have people judge them with 'milo-bench review', or bring the language: docs/how-to/languages.md."

    @property
    def is_doubt(self) -> bool:
        """It is no mistake of the suite: answers may come in a language that is read."""
        return True


def unspoken_languages(workload: Workload, fixtures: Iterable[Fixture]) -> tuple[UnspokenLanguage, ...]:
    """The checks of ``workload`` that do not read the language of its locale, else of its fixtures' texts."""
    checks = [check for spec in workload.checks if spec.name in CHECKS and _reads(check := CHECKS.get(spec.name))]
    if not checks:
        return ()
    mine = [fixture for fixture in fixtures if fixture.workload == workload.name]
    language = language_of_work(workload, mine)
    if not language or not mine:
        return ()
    ids = tuple(fixture.id for fixture in mine)
    return tuple(
        UnspokenLanguage(check.name, ids, len(mine), language)
        for check in checks
        if isinstance(check, ReadsLanguage) and language not in spoken_languages(check.detector)
    )


def language_of_work(workload: Workload, fixtures: Iterable[Fixture]) -> str:
    """The language (ISO 639-1) of a workload's locale, else of its fixtures' texts; "" where it cannot be told."""
    mine = [fixture for fixture in fixtures if fixture.workload == workload.name]
    language = language_of(workload) or _language_of_fixtures(mine[:_FIXTURES])
    return "" if language in (NONE, UNKNOWN) else language


def _reads(check: object) -> bool:
    return isinstance(check, ReadsLanguage)


def _language_of_fixtures(fixtures: Sequence[Fixture]) -> str:
    """The language of most ``fixtures``; the rest is not read once one has more than half of them."""
    counts: Counter[str] = Counter()
    for fixture in fixtures:
        language = main_language(recognise(_text(fixture.input)))
        if language == NONE:
            continue
        counts[language] += 1
        if counts[language] * 2 > len(fixtures):
            break
    return counts.most_common(1)[0][0] if counts else NONE


def _text(data: Any) -> str:
    return "\n".join(_texts(data))[:_READ_CHARS]


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)
