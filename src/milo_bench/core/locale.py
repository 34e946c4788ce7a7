"""A locale such as ``de-DE`` in, what follows from it out: the language, the region, the order of day and month."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from milo_bench.core.errors import ConfigError

_FORM: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}))?")
# Where the month is written first (Unicode CLDR, short date pattern M/d/y).
_MONTH_FIRST: Final = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM", "PH", "FM", "MH", "PW"})


class Locale(NamedTuple):
    """``language`` is an ISO 639 code in lower case, ``region`` an ISO 3166 code in capitals or ""."""

    language: str
    region: str = ""

    def __str__(self) -> str:
        return f"{self.language}-{self.region}" if self.region else self.language

    @property
    def day_first(self) -> bool:
        """Whether 03/04/2025 is 3 April."""
        return self.region not in _MONTH_FIRST


def parse_locale(text: str) -> Locale:
    """``de-DE``, ``de_DE`` or ``de`` as a locale; ConfigError for anything else."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        message = f"The locale '{text[:40]}' is not a language with a region."
        raise ConfigError(message, hint="write a language and a country, such as de-DE, en-GB or fr-CH.")
    return Locale(match[1].lower(), (match[3] or "").upper())
