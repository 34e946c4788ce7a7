"""A check's parameters and a fixture in, the texts to look for out; shared by the checks that look for given text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture
from milo_bench.core.text import says_nothing
from milo_bench.grade.base import Params, read_params

_CLUSTER = re.compile(r".[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]*", re.DOTALL)  # a letter and its accents


class WantedTextParams(Params, frozen=True):
    """``value`` or ``values`` holds for every fixture; without them, ``expect.<name of the check>`` holds
    for its own. ``casefold``: case does not count.
    """

    value: str | None = None
    values: list[str] = []
    casefold: bool = False

    def wanted(self, fixture: Fixture, key: str) -> tuple[str, ...]:
        """The texts to look for; none where neither parameters nor fixture name one.

        An empty text is none: every answer contains it.
        """
        own = fixture.expect.get(key)
        own = [own] if isinstance(own, str) else own
        named = tuple(one for one in own if isinstance(one, str) and one) if isinstance(own, list | tuple) else ()
        return named or ((self.value,) if self.value is not None else tuple(self.values))

    def seen(self, fixture: Fixture, key: str) -> tuple[str, ...]:
        """``wanted`` without texts that nobody sees: an answer that has a space states nothing by it."""
        return tuple(text for text in self.wanted(fixture, key) if not says_nothing(text))

    def folded(self, text: str) -> str:
        """``text`` as it is compared: an accent written apart is the same letter."""
        plain = unicodedata.normalize("NFC", text)
        return plain.casefold() if self.casefold else plain

    def pattern(self, text: str) -> re.Pattern[str]:
        """Finds ``text`` where it is, with each accented letter whole or written apart, so that offsets hold."""
        letters = (unicodedata.normalize("NFC", cluster[0]) for cluster in _CLUSTER.finditer(text))
        forms = ((letter, unicodedata.normalize("NFD", letter)) for letter in letters)
        parts = [re.escape(a) if a == b else f"(?:{re.escape(a)}|{re.escape(b)})" for a, b in forms]
        return re.compile("".join(parts), re.IGNORECASE if self.casefold else re.NOFLAG)


def read_wanted(check: str, params: Mapping[str, Any]) -> WantedTextParams:
    """The parameters; ConfigError where both ``value`` and ``values`` are given, or an empty text."""
    rules = read_params(check, params, WantedTextParams)
    if rules.value is not None and rules.values:
        message = f"The check '{check}' has both 'value' and 'values'."
        raise ConfigError(message, hint="remove one of them.")
    if "" in (rules.value, *rules.values):
        message = f"The check '{check}' expects an empty text, which every answer contains."
        raise ConfigError(message, hint="add the text to look for.")
    if check != "not_contains" and any(map(says_nothing, (*filter(None, (rules.value,)), *rules.values))):
        message = f"The check '{check}' expects a text of nothing but spaces, which says nothing."
        raise ConfigError(message, hint="add the text to look for.")
    return rules
