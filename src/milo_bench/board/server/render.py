"""What a page shows in, HTML or JSON out; all text is escaped, and no template sees more than the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import jinja2
import msgspec
from markupsafe import Markup

from milo_bench.board.server.requests import Shown
from milo_bench.core import units
from milo_bench.core.text import visible
from milo_bench.report.pages.text_language import text_language

SECTIONS: Final = (
    ("runs", "Runs", "/runs"),
    ("failures", "Failures", "/failures"),
    ("review", "Review", "/review"),
    ("decisions", "Decisions", "/decisions"),
    ("gateway", "Gateway", "/gateway"),
)


_CAPITALS: Final = {"html": "HTML", "id": "ID", "ids": "IDs", "json": "JSON", "ocr": "OCR", "url": "URL"}


def as_words(name: str) -> str:
    """A name of a field, check or cause as a person reads it: ``malformed_json`` becomes "malformed JSON"."""
    return " ".join(_CAPITALS.get(word, word) for word in name.replace("_", " ").split(" "))


def cause_text(cause: str) -> str:
    """A cause as a person reads it: ``no_answer:timeout`` becomes "no answer: timeout"."""
    head, colon, rest = cause.partition(":")
    return f"{as_words(head)}{': ' if colon else ''}{as_words(rest)}"


def lang_attribute(text: str | Sequence[Mapping[str, Any]]) -> Markup:
    """`` lang="de"`` for a text, or its pieces, in another language than the page's; "" for the rest."""
    said = text if isinstance(text, str) else "".join(str(piece["text"]) for piece in text)
    language = text_language(said)
    return Markup(' lang="{}"').format(language) if language else Markup("")


def day_text(iso: str) -> str:
    """``2026-11-02T10:02+01:00`` as "2 November 2026, 09:02 UTC", without "UTC" where ``iso`` names no zone; as it is
    where it is not a date.
    """
    try:
        when = datetime.fromisoformat(iso)
        zone = ""
        if when.tzinfo is not None:
            when, zone = when.astimezone(UTC), " UTC"
    except (ValueError, OverflowError):
        return iso
    return f"{when.day} {when:%B %Y, %H:%M}{zone}"


class Renderer:
    """The templates of the board."""

    def __init__(self) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("milo_bench.board", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            cause=cause_text, day=day_text, visible=visible, share=units.share, seconds=units.seconds,
            number=units.number,
            count=lambda n: f"{n:,}", word=lambda text: as_words(str(text)),
            part=lambda text: quote(str(text), safe=""), lang=lang_attribute,
        )  # fmt: skip

    def page(self, shown: Shown, around: Mapping[str, Any]) -> str:
        """The HTML of a page; ``around`` is what the frame needs: who looks, counts, the form's token."""
        template = self._environment.get_template(shown.template)
        return template.render(**shown.data, title=shown.title, section=shown.section, sections=SECTIONS, **around)

    def fragment(self, template: str, data: Mapping[str, Any]) -> str:
        """A part of a page, for an event of a live one."""
        return self._environment.get_template(template).render(**data)


def as_json(shown: Shown) -> bytes:
    """The twin of a page."""
    return msgspec.json.format(msgspec.json.encode({"title": shown.title, **shown.data}), indent=1) + b"\n"
