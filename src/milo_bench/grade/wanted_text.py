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
from milo_bench.guards.quotes import plain_typography

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f"), " ")
_FORMS = {
    " ": "[ \u00a0\u2002\u2003\u2007-\u200a\u202f]",
    "-": "[-‐‑‒–—―−﹣－]",
    "'": "['‘’‚‛′`´]",
    '"': '["“”„‟″«»]',
}
_UNSEEN = "[\u00ad\u200b-\u200d\u2060\ufeff]*+"
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
        return _own_texts(fixture, key) or self.always

    @property
    def always(self) -> tuple[str, ...]:
        """The texts of the parameters: those of every fixture that names none itself."""
        return (self.value,) if self.value is not None else tuple(self.values)

    def category(self, fixture: Fixture, key: str, own: str, standard: str) -> str:
        """``own`` where the texts are the fixture's, which are not known in service; else ``standard``."""
        return own if _own_texts(fixture, key) else standard

    def seen(self, fixture: Fixture, key: str) -> tuple[str, ...]:
        """``wanted`` without texts that nobody sees: an answer that has a space states nothing by it."""
        return tuple(text for text in self.wanted(fixture, key) if not says_nothing(text))

    def folded(self, text: str) -> str:
        """``text`` as it is compared: an accent written apart is the same letter, and typography does not count."""
        plain = plain_typography(unicodedata.normalize("NFC", text)).translate(_SPACES)
        return plain.casefold() if self.casefold else plain

    def pattern(self, text: str) -> re.Pattern[str]:
        """Finds ``text`` where it is, whatever the typography, with each accented letter whole or written apart, so
        that offsets hold.
        """
        plain = plain_typography(text).translate(_SPACES)
        letters = (unicodedata.normalize("NFC", cluster[0]) for cluster in _CLUSTER.finditer(plain))
        parts = [_any_form(letter) for letter in letters]
        return re.compile(_UNSEEN.join(parts), re.IGNORECASE if self.casefold else re.NOFLAG)


def _own_texts(fixture: Fixture, key: str) -> tuple[str, ...]:
    own = fixture.expect.get(key)
    own = [own] if isinstance(own, str) else own
    return tuple(one for one in own if isinstance(one, str) and one) if isinstance(own, list | tuple) else ()


def texts_gap(check: str, params: Mapping[str, Any]) -> str:
    """Why a check that looks for texts finds nothing while answers are served; "" where it can."""
    return "" if read_wanted(check, params).always else "it has no value for every answer"


def _any_form(letter: str) -> str:
    apart = unicodedata.normalize("NFD", letter)
    if apart != letter:
        return f"(?:{re.escape(letter)}|{re.escape(apart)})"
    return _FORMS.get(letter) or re.escape(letter)


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
