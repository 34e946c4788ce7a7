"""The rooms that judge text in, each of their public functions that takes a text out, as a call with one long text.

A new rule is found by itself. What cannot be called from its types alone is named by ``uncalled``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from milo_bench import grade, guards
from milo_bench.core import amounts, reasoning, tags, text

ROOMS: Final = (guards, grade, amounts, reasoning, tags, text)
# Parameters whose value is a word of a configuration or a closed set, and not a text that anybody sends.
_WORDS: Final = {"language": ("de", "pl", "ja"), "day": ("2025-01-01",), "script": ("latin",), "unit": ("days",)}
_TEXTS: Final = (Iterable[str], Sequence[str], Iterable[str] | None, Sequence[str] | None)
# Not texts: names of rules, languages, detectors, measures and keys, which the product itself gives.
_NAMES: Final = frozenset(("check", "detector", "name", "code", "rule", "part", "kind", "reason", "pattern", "key"))


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        yield room
        for found in pkgutil.walk_packages(getattr(room, "__path__", ()), f"{room.__name__}."):
            yield importlib.import_module(found.name)


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function that is defined in one of the rooms and takes a text, by its dotted name."""
    found = {}
    for module in modules():
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isroutine(value) or value.__module__ != module.__name__:
                continue
            of = inspect.unwrap(value)
            if any(_may_be_text(parameter) for parameter in _typed(of).values()):
                found[f"{module.__name__.removeprefix('milo_bench.')}.{name}"] = value
    return found


def _typed(function: Callable[..., Any]) -> dict[str, tuple[str, Any, Any]]:
    hints = typing.get_type_hints(function)
    return {
        one.name: (one.name, hints.get(one.name), one.default)
        for one in inspect.signature(function).parameters.values()
    }


def _may_be_text(parameter: tuple[str, Any, Any]) -> bool:
    name, kind, _ = parameter
    return name not in _WORDS and name not in _NAMES and (kind in (str, str | None) or kind in _TEXTS)


def calls(function: Callable[..., Any]) -> list[Callable[[str], Any]] | None:
    """``function`` with one long text in every place for a text, once for each language; None where types do not say
    what else it needs.
    """
    places: list[tuple[str, str]] = []
    fixed: dict[str, Any] = {}
    languages: tuple[str, ...] = ("",)
    for name, kind, default in _typed(inspect.unwrap(function)).values():
        if name == "languages":
            fixed[name] = ("de", "fr")
        elif name == "language" and kind in (str, str | None):
            languages = _WORDS[name]
        elif name in _WORDS:
            fixed[name] = _WORDS[name][0]
        elif kind in _TEXTS:
            places.append((name, "several"))
        elif kind in (str, str | None) and name not in _NAMES:
            places.append((name, "one"))
        elif name == "start":
            fixed[name] = 0
        elif name == "end":
            places.append((name, "length"))
        elif kind == Mapping[str, str]:
            places.append((name, "mapping"))
        elif default is inspect.Parameter.empty:
            return None

    def one(language: str) -> Callable[[str], Any]:
        def call(text: str) -> Any:
            made = {"one": text, "several": [text], "length": len(text), "mapping": {"E-0001": text}}
            named = {name: made[how] for name, how in places}
            result = function(**fixed, **named, **({"language": language} if language else {}))
            return list(result) if isinstance(result, Iterator) else result

        return call

    return [one(language) for language in languages]
