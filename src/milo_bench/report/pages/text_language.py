"""A recorded text in, the ``lang`` that a page gives it out, so that browsers break, hyphenate and read it rightly."""

from __future__ import annotations

from typing import Final

from milo_bench.guards.languages.recognise import UNKNOWN, main_language, recognise

_PAGE: Final = "en"  # the language that every page is in
_READ: Final = 600  # characters that show which language a text is in


def text_language(text: str) -> str:
    """Its BCP 47 code; "" for the page's own language and where none is recognised."""
    language = main_language(part for part in recognise(text[:_READ]) if part.language != UNKNOWN)
    return "" if language == _PAGE else language
