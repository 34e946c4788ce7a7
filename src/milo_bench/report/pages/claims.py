"""Figures, sentences and recorded strings in, escaped text for a page out; the one way a number reaches a page.

A page may hold four kinds of text, and each goes through here:

- a *figure* of the decision, by its id (``figure``, ``text``): the text is made from the record;
- a *recorded number*, by its place in the decision (``record``): attempts of a log, a rank;
- a *recorded string* (``quote``): it must stand in the decision exactly so, or it is refused;
- *words*: they hold no digit outside the recorded names (``local_8b``, ``p95``, ``E-0412``).

Templates are rendered with ``finalize``, which takes nothing else: a bare number, and a string with
a digit that no record stands behind, is an ``UnsourcedNumber``. What stays possible is to write a
number in letters, and to name a thing so that it reads like a result; no program can tell.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

import msgspec
import yaml
from jinja2 import Undefined
from markupsafe import Markup, escape

from milo_bench.core.errors import DataError
from milo_bench.core.text import shorten, visible
from milo_bench.core.units import figure as amount
from milo_bench.decide.records import Decision, Figure, FigurePart, LinkedText, Ref
from milo_bench.report.figures import part_text, range_text, source_text, whole_text
from milo_bench.report.pages.drawing_check import is_active
from milo_bench.report.pages.names import RecordedNames

MOST_CHARACTERS = 4_000
MOST_RECORDED = 20_000
_MAY_TURN = re.compile("[\u0590-\U0010ffff]")  # no character before these runs from right to left
_NOT_IN_AN_ANCHOR = re.compile(r"[^A-Za-z0-9_.-]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~#])")
_SPACES = re.compile(r"\s+")
_LONG_NAME = re.compile(r"[^\s<>]{24,}")
_LEADING = re.compile(r"^(\s*\d+(?=[.)])|\s*(?=[-+=]))([-+=.)])(?=\s|$|[-=])")


class UnsourcedNumber(DataError):
    """A number on its way to a page without a figure, a record or a name behind it."""


class SafeMarkdown(str):
    """Text that is Markdown already: made here, or by a macro of a template."""

    __slots__ = ()


class Claims:
    """What templates call, bound to one decision. ``root`` leads from the page to the package's folder."""

    def __init__(self, decision: Decision, form: Literal["html", "markdown"] = "html", root: str = "") -> None:
        self.decision = decision
        self.root = root
        self._html = form == "html"
        self._plain: dict[str, Any] = msgspec.to_builtins(decision)
        self._names = RecordedNames(decision, self._plain)
        self._links: dict[str, tuple[str, str, str]] = {}  # a figure is shown on several pages

    def on_page(self, form: Literal["html", "markdown"], root: str) -> Claims:
        """The same claims for another page, without reading the decision again."""
        other = object.__new__(Claims)
        other.__dict__.update(self.__dict__)
        other._html, other.root = form == "html", root
        return other

    # ------------------------------------------------------------ numbers

    def get(self, id: str) -> Figure:
        """The figure ``id``. Raises UnsourcedNumber where the decision has none."""
        found = self.decision.figures.get(id)
        if found is None:
            message = f"A page asks for the figure '{id[:120]}', which the decision does not have."
            raise UnsourcedNumber(message, hint="every figure of a page must be in decision.json under figures.")
        return found

    def figure(self, id: str, part: FigurePart = "value", *, whole: bool = False) -> str:
        """The figure as text: its value, another part of it, or value, interval and n together."""
        found = self.get(id)
        text = whole_text(found) if whole else part_text(found, part)
        return self._shown(found, text, "whole" if whole else part)

    def ref(self, ref: Ref) -> Markup:
        """The figure that a Ref stands for, for pages in HTML."""
        return Markup(self.figure(ref.figure, ref.part, whole=ref.whole))  # noqa: S704  # made by _shown

    def range(self, id: str) -> str:
        """Only the interval or range of a figure; nothing where it has none."""
        found = self.get(id)
        text = range_text(found)
        return self._shown(found, text, "range") if text else self._safe("")

    def stated(self, id: str, part: Literal["confidence"]) -> str:
        """``at 95%``: the confidence of a figure's interval."""
        found = self.get(id)
        text = self._safe("at ") + self._shown(found, amount(found.confidence, "share"), part)
        return text if self._html else SafeMarkdown(text)

    def record(self, place: str, unit: str = "count") -> str:
        """The number at ``place`` of decision.json (``logs.0.attempted``), as text with its unit."""
        value = self._at(place)
        if value is None:
            return self._safe("—")
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = f"A page asks for the number '{place[:120]}', which is not a number."
            raise UnsourcedNumber(message, hint="show strings with quote().")
        text = amount(value, unit)
        if not self._html:
            return SafeMarkdown(_markdown(text))
        return Markup('<data class="r" data-record="{}" value="{}">{}</data>').format(place, repr(value), text)

    def recorded(self, place: str) -> str:
        """Whatever stands at ``place`` of decision.json, as YAML: settings, an inventory, a routing table."""
        text = yaml.safe_dump(self._at(place), sort_keys=False, allow_unicode=True, width=100)
        return self._escaped(text, MOST_RECORDED)

    def _at(self, place: str) -> Any:
        value: Any = self._plain
        for step in place.split("."):
            try:
                value = value[int(step)] if isinstance(value, list | tuple) else value[step]
            except (KeyError, IndexError, ValueError, TypeError):
                message = f"A page asks for '{place[:120]}', which the decision does not have."
                raise UnsourcedNumber(message, hint="write the place as in decision.json.") from None
        return value

    def _shown(self, figure: Figure, text: str, part: str) -> str:
        if not self._html:
            return SafeMarkdown(_markdown(text))
        value = figure.value if part in ("value", "about", "whole", "range") else getattr(figure, part)
        place, title, id = self._link(figure)
        stands = "" if value is None else escape(repr(value))
        return Markup(  # noqa: S704  # each part is escaped; Markup.format takes four times as long
            f'<a class="f" href="{self.root}appendix/sources.html#{place}" title="{title}">'
            f'<data data-figure="{id}" data-part="{part}" value="{stands}">{escape(text)}</data></a>'
        )

    def _link(self, figure: Figure) -> tuple[str, str, str]:
        """Where ``figure`` stands among the sources, what a reader is told of it there, and its id; all escaped."""
        link = self._links.get(figure.id)
        if link is None:
            id = escape(visible(shorten(figure.id, MOST_CHARACTERS)))
            title = "; ".join(part for part in (source_text(figure), figure.note) if part)
            link = escape(_anchor("f", figure.id)), escape(visible(shorten(title, 300))), id
            self._links[figure.id] = link
        return link

    # ------------------------------------------------------------ words

    def text(self, text: LinkedText) -> str:
        """A sentence: its words checked, its refs filled in."""
        parts = [
            self.figure(part.figure, part.part, whole=part.whole) if isinstance(part, Ref) else self.words(part)
            for part in text
        ]
        return self._safe("".join(parts))

    def words(self, text: str) -> str:
        """Escaped ``text``. Raises UnsourcedNumber where it holds a digit that is part of no recorded name."""
        word = self._names.number_in(text)
        if word:
            message = f"'{word[:60]}' would reach a page without a source, in: {text[:160]!r}."
            raise UnsourcedNumber(message, hint="put a Ref to a figure in its place.")
        return self._escaped(text, MOST_CHARACTERS)

    def quote(self, text: str, most: int = MOST_CHARACTERS) -> str:
        """A string that the decision holds exactly so, escaped, at most ``most`` characters of it."""
        if not self._names.holds(text):
            message = f"A page quotes {text[:120]!r}, which no record of the decision contains."
            raise UnsourcedNumber(message, hint="quote whole strings of decision.json.")
        return self._escaped(text, most)

    def day(self, place: str = "created_at") -> str:
        """The day of the time at ``place`` of decision.json: that on which the decision was made."""
        return self._escaped(str(self._at(place))[:10], MOST_CHARACTERS)

    def drawing(self, svg: str) -> str:
        """A drawing made from the decision's figures. Raises DataError where it could act or fetch something."""
        if is_active(svg):
            message = "A drawing contains a script, a link or something to fetch."
            raise DataError(message, hint="use only shapes and text in drawings.")
        return self._safe(svg)

    def anchor(self, kind: str, id: str) -> str:
        """A name for a place on a page, made of letters, digits, ``-``, ``_`` and ``.`` alone."""
        return self._safe(_anchor(kind, id))

    def finalize(self, value: object) -> str:
        """What Jinja calls with every value that a template shows."""
        if isinstance(value, Markup if self._html else SafeMarkdown):
            return str(value) if not self._html else value
        if isinstance(value, Undefined):
            return str(value)  # a StrictUndefined says what is missing
        if isinstance(value, str):
            return self.words(value)
        message = f"A page was given a bare {type(value).__name__}: {value!r:.80}."
        raise UnsourcedNumber(message, hint="show it with figure(), record() or text().")

    def _escaped(self, text: str, most: int) -> str:
        shown = visible(shorten(text, most))
        if self._html:
            # Whatever direction a recorded text runs in, what stands around it keeps its own.
            return _breakable(_isolated(shown))
        return SafeMarkdown(_markdown(shown))

    def _safe(self, text: str) -> str:
        return Markup(text) if self._html else SafeMarkdown(text)  # noqa: S704  # every part was escaped above


def _anchor(kind: str, id: str) -> str:
    plain = _NOT_IN_AN_ANCHOR.sub(lambda found: f"-{ord(found.group()):x}-", id[:200])
    return f"{kind}-{plain}"


def _isolated(text: str) -> Markup:
    """Escaped; what runs from right to left, from its first letter to its last, is isolated from the rest."""
    if text.isascii():
        return escape(text)
    turns = [one.start() for one in _MAY_TURN.finditer(text) if unicodedata.bidirectional(one[0]) in ("R", "AL", "AN")]
    if not turns:
        return escape(text)
    start, end = turns[0], turns[-1] + 1
    return Markup("{}<bdi>{}</bdi>{}").format(text[:start], text[start:end], text[end:])


def _breakable(shown: Markup) -> Markup:
    """A long name, as those of models are, may go on in the next line after each ``_``; what is copied is the same."""
    if "_" not in shown:
        return shown
    return Markup(_LONG_NAME.sub(lambda name: name[0].replace("_", "_<wbr>"), shown))  # noqa: S704  # it was escaped


def _markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line; a space at either end is kept."""
    line = _SPACES.sub(" ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LEADING.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", line))
