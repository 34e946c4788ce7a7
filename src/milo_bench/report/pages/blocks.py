"""Headings, sentences, lists, tables and code in, HTML or Markdown out; every number of a sentence through a claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup

from milo_bench.core.text import visible
from milo_bench.decide.records import Ref
from milo_bench.report.pages.claims import Claims


@dataclass(frozen=True)
class Quote:
    """A string that the decision holds exactly so: a digest, a finding of a probe."""

    text: str
    most: int = 400


_ROW, _CELL = Markup('<th scope="row">{}</th>'), Markup("<td>{}</td>")

Inline: TypeAlias = str | Ref | Quote
PageSentence: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """``level`` 1 is the largest of the fragment."""

    level: int
    text: PageSentence


@dataclass(frozen=True)
class Paragraph:
    text: PageSentence


@dataclass(frozen=True)
class Bullets:
    """``ticks`` makes a list to tick off, ``ordered`` one to be followed in order."""

    items: tuple[PageSentence, ...]
    ordered: bool = False
    ticks: bool = False


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[PageSentence, ...], ...]


@dataclass(frozen=True)
class Code:
    """Lines to paste, made by the tool. Numbers in them name their figure in a comment."""

    lines: tuple[str, ...]
    language: str = "sh"


Block: TypeAlias = Heading | Paragraph | Bullets | Table | Code


def to_html(blocks: Iterable[Block], claims: Claims, *, first_level: int = 3) -> Markup:
    """The blocks as HTML; a heading of level 1 becomes ``<h3>`` unless ``first_level`` says otherwise."""
    return Markup("\n").join(_html(block, claims, first_level) for block in blocks)


def _html(block: Block, claims: Claims, first_level: int) -> Markup:
    match block:
        case Heading(level, text):
            tag = f"h{min(6, first_level + level - 1)}"
            return Markup("<{}>{}</{}>").format(Markup(tag), _inline(text, claims), Markup(tag))  # noqa: S704  # h1 to h6
        case Paragraph(text):
            return Markup("<p>{}</p>").format(_inline(text, claims))
        case Bullets(items, ordered, ticks):
            tag = Markup("ol") if ordered else Markup("ul")
            box = Markup('<span class="tick" aria-hidden="true">☐</span> ') if ticks else Markup("")
            inner = Markup("\n").join(Markup("<li>{}{}</li>").format(box, _inline(item, claims)) for item in items)
            kind = Markup(' class="ticks"') if ticks else Markup("")
            return Markup("<{}{}>{}</{}>").format(tag, kind, inner, tag)
        case Table(head, rows):
            top = Markup("").join(Markup('<th scope="col">{}</th>').format(claims.words(name)) for name in head)
            body = Markup("\n").join(
                Markup("<tr>{}</tr>").format(
                    Markup("").join(
                        (_ROW if number == 0 else _CELL).format(_inline(cell, claims))
                        for number, cell in enumerate(row)
                    )
                )
                for row in rows
            )
            return Markup(
                '<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
            ).format(top, body)
        case Code(lines, _):
            return Markup("<pre><code>{}</code></pre>").format("\n".join(_code_line(line) for line in lines))


def to_markdown(blocks: Iterable[Block], claims: Claims, *, first_level: int = 1) -> str:
    """The blocks as Markdown, a blank line between them and a line feed at the end."""
    return "\n\n".join(_markdown(block, claims, first_level) for block in blocks) + "\n"


def _markdown(block: Block, claims: Claims, first_level: int) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * min(6, first_level + level - 1)} {_inline(text, claims)}"
        case Paragraph(text):
            return str(_inline(text, claims))
        case Bullets(items, ordered, ticks):
            sign = "1. " if ordered else "- [ ] " if ticks else "- "
            return "\n".join(f"{sign}{_inline(item, claims)}" for item in items)
        case Table(head, rows):
            lines = [f"| {' | '.join(claims.words(name) for name in head)} |", f"|{'---|' * len(head)}"]
            lines += [f"| {' | '.join(str(_inline(cell, claims)) for cell in row)} |" for row in rows]
            return "\n".join(lines)
        case Code(lines, language):
            inner = "\n".join(_code_line(line) for line in lines)
            return f"```{language}\n{inner}\n```"


def _inline(text: Sequence[Inline], claims: Claims) -> str:
    parts = [
        claims.quote(part.text, part.most) if isinstance(part, Quote) else claims.text((part,)) for part in text if part
    ]
    # Joined as what the parts are: Markup stays Markup, Markdown stays a string.
    return Markup("").join(parts) if any(isinstance(part, Markup) for part in parts) else "".join(parts)


def _code_line(line: str) -> str:
    """One line that can end neither itself nor the block it stands in."""
    return visible(" ".join(line.splitlines())).replace("```", "` ` `")
