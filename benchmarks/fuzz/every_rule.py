"""The rooms that judge text in, each of their public functions that takes a text out, as a call with one long text.

A new rule is found by itself, and so are the patterns that it rests on.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any, Final

from milo_bench import grade, guards
from milo_bench.core import amounts, reasoning, text
from milo_bench.core.errors import MiloError
from milo_bench.grade.checks.draft_grounded import draft_problems
from milo_bench.grade.languages.answers import in_spoken_languages
from milo_bench.grade.packet_lines import unsupported_by_lines
from milo_bench.grade.reading.tool_calls import broken_call
from milo_bench.grade.uncited import cut_uncited
from milo_bench.guards.citing.cut import without
from milo_bench.guards.draft_guard import GuardOptions, guard_draft
from milo_bench.guards.facts.names_abroad import languages_with_name, same_name, without_accents
from milo_bench.guards.handoff import build_handoff
from milo_bench.guards.names import stands_alone
from milo_bench.guards.status import find_status_claims, read_vocabulary
from milo_bench.guards.templates import template_use
from milo_bench.guards.values.found_at import matches_at, starts_in
from milo_bench.suites.load import load_suite

ROOMS: Final = (guards, grade, amounts, reasoning, text)
_TEXTS: Final = (Iterable[str], Sequence[str], Iterable[str] | None, Sequence[str] | None)
# Parameters that are a word of a configuration or of a closed set, with one such word.
_WORDS: Final = {"day": "2025-01-01", "script": "Latin", "unit": "days"}
LANGUAGES: Final = ("de", "pl", "ja")


STATUS: Final = read_vocabulary(None)
_WORD: Final = re.compile(r"(?<!\w)[a-z]{1,9}")
WORKLOAD: Final = next(iter(load_suite("demo_v1").workloads.values()))
_TOOL: Final = {"type": "object", "properties": {"a": {"type": "integer"}}}
BY_HAND: Final[dict[str, Callable[[str], Any]]] = {
    "grade.checks.draft_grounded.draft_problems": lambda text: list(draft_problems(text, {}, text, text)),
    "grade.languages.answers.in_spoken_languages": lambda text: in_spoken_languages(
        [], text, WORKLOAD, "promises", as_json=False
    ),
    "grade.packet_lines.unsupported_by_lines": lambda text: unsupported_by_lines(text, [1], {1: text}),
    "grade.reading.tool_calls.broken_call": lambda text: broken_call(text, {"a": text}, {text: _TOOL}),
    "grade.uncited.cut_uncited": lambda text: [cut_uncited(text, "events"), cut_uncited(text, "lines")],
    "guards.citing.cut.without": lambda text: without(text, [(at, at + 1) for at in range(0, len(text), 4)]),
    "guards.draft_guard.guard_draft": lambda text: guard_draft(text, case=None, templates=(), options=GuardOptions()),
    "guards.facts.names_abroad.languages_with_name": lambda text: languages_with_name(
        text, frozenset((text,)), without_accents((text,)), LANGUAGES
    ),
    "guards.facts.names_abroad.same_name": lambda text: same_name(text, frozenset((text,)), "pl"),
    "guards.names.stands_alone": lambda text: stands_alone(text, f" {text} "),
    "guards.values.found_at.matches_at": lambda text: list(matches_at(_WORD, text, range(len(text)))),
    "guards.values.found_at.starts_in": lambda text: list(starts_in(_WORD, text)),
    "guards.handoff.build_handoff": lambda text: build_handoff((), text),
    "guards.status.find_status_claims": lambda text: find_status_claims(text, STATUS),
    "guards.templates.template_use": lambda text: template_use(text, [], "2025-01-01"),
}
# What takes a word that the product or a configuration has, or what another rule has read before.
NOT_A_TEXT: Final = frozenset(
    (
        *("guards.event_selection.select_events", "guards.facts.known.supports", "guards.measured.figures_of"),
        *("guards.packs.patterns.pattern_of", "guards.packs.patterns.stems_of", "guards.packs.read.read_pack"),
        *("guards.packs.read.words", "guards.packs.read.beginnings", "guards.personal.abroad.any_of"),
        *("guards.status.read_vocabulary", "guards.templates.state_on", "guards.promises.english.rules.rule.rule"),
        *("grade.assertions.judge.value_at", "grade.base.read_params", "grade.engine.unjudged_by"),
        "grade.engine.grade_attempt",
        *("grade.fact_rows.read_rows", "grade.judged_part.judged_part", "grade.matched_comments.count_matches"),
        *("grade.packet_lines.packet_lines", "grade.sections.section_named", "grade.unreadable.unread_expectation"),
        *("grade.wanted_text.read_wanted", "grade.wanted_text.texts_gap", "grade.checks.regex.compile_re2"),
    )
)


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        yield room
        for found in pkgutil.walk_packages(getattr(room, "__path__", ()), f"{room.__name__}."):
            yield importlib.import_module(found.name)


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """Every public function that one of the rooms defines and that takes a text, by its dotted name."""
    return {
        f"{module.__name__.removeprefix('milo_bench.')}.{name}": value
        for module in modules()
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or hasattr(value, "cache_info"))
        and value.__module__ == module.__name__
        and any(kind in (str, str | None) or kind in _TEXTS for kind in _kinds(value).values())
    }


def _kinds(function: Callable[..., Any]) -> dict[str, Any]:
    of = inspect.unwrap(function)
    hints = typing.get_type_hints(of)
    return {name: hints.get(name) for name in inspect.signature(of).parameters}


def calls(function: Callable[..., Any]) -> list[Callable[[str], Any]] | None:
    """``function`` with one long text in every place for a text, once for each of some languages where it takes one;
    None where its types do not say what else it needs.
    """
    made: dict[str, Callable[[str], Any]] = {}
    signature = inspect.signature(inspect.unwrap(function))
    kinds = _kinds(function)
    for name, kind in kinds.items():
        if name == "languages":
            made[name] = lambda _: LANGUAGES[:2]
        elif name in _WORDS:
            made[name] = lambda _, word=_WORDS[name]: word  # type: ignore[misc]
        elif name == "language":
            continue
        elif kind in _TEXTS:
            made[name] = lambda text: [text]
        elif kind in (str, str | None):
            made[name] = lambda text: text
        elif kind == Mapping[str, str]:
            made[name] = lambda text: {"E-0001": text}
        elif name == "start":
            made[name] = lambda _: 0
        elif name == "end":
            made[name] = len
        elif kind is bool:
            made[name] = lambda _: True
        elif kind is int:
            made[name] = lambda _: 100
        elif signature.parameters[name].default is inspect.Parameter.empty:
            return None

    def one(language: str) -> Callable[[str], Any]:
        def call(text: str) -> Any:
            given = {name: make(text) for name, make in made.items()}
            result = function(**given, **({"language": language} if language else {}))
            return list(result) if isinstance(result, Iterator) else result

        return call

    return [one(language) for language in (LANGUAGES if "language" in kinds else ("",))]


def patterns_of(module: ModuleType) -> list[re.Pattern[str]]:
    """The patterns of texts that ``module`` holds under any name, in whatever order and depth."""
    found: dict[tuple[str, int], re.Pattern[str]] = {}
    for value in vars(module).values():
        _collect(value, found, 0)
    return list(found.values())


def _collect(value: Any, found: dict[tuple[str, int], re.Pattern[str]], depth: int) -> None:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            found[value.pattern, value.flags] = value
    elif depth < 4 and isinstance(value, Mapping):
        for item in value.values():
            _collect(item, found, depth + 1)
    elif depth < 4 and isinstance(value, tuple | list | frozenset | set):
        for item in value:
            _collect(item, found, depth + 1)


def calls_of(name: str, function: Callable[..., Any]) -> list[Callable[[str], Any]] | None:
    return [BY_HAND[name]] if name in BY_HAND else calls(function)


def tried(rule: Callable[[str], Any]) -> Callable[[str], None]:
    """``rule``, whose word on what is none of its kind (a number that is none) is its own matter."""

    def call(text: str) -> None:
        with suppress(MiloError, ArithmeticError, ValueError, LookupError):
            rule(text)

    return call
