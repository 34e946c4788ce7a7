"""A hand-written base document in, its checked head and its parsed text for one variant out.

A base is a YAML head and a text. In the text stand

- ``{{slot}}`` or ``{{slot:argument}}``: a value, see ``case_ops_v1_extraction_values``;
- ``{{#urgency}}…{{/urgency}}``, ``{{#issue_type}}…{{/issue_type}}``: words that prove that field;
- ``{{? one || two || three }}``: wordings of which the seed takes one;
- lines that begin ``a| `` or ``b| ``: they stand only in that variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import Field

from milo_bench.config.checked import Checked
from milo_bench.core.errors import DataError
from milo_bench.suites.generators.case_ops_v1.extraction.rules import IssueType, Urgency

DocumentKind: TypeAlias = Literal["email", "letter", "form", "attachment", "call_note", "web_form", "fax"]
Noise: TypeAlias = Literal["wrapped", "hyphenation", "ocr", "pages", "mojibake"]


# libyaml's, where PyYAML was built with it: ten times faster, and most of what a first fresh document costs.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PageMargins(Checked):
    """What a conversion leaves at the top and bottom of each page; ``{{page}}`` is the page number."""

    lines: int = Field(gt=5)
    header: str
    footer: str


class Head(Checked):
    """The head of a base document.

    ``dates`` gives each competing date as days from the date of receipt, from and to.
    ``noise`` is always applied; ``maybe`` is one more kind that the seed gives to half of the
    documents that allow it. ``family`` lists the people who share the claimant's family name.
    A variant may replace any other key.
    """

    sender: str
    kind: DocumentKind
    size: Literal["short", "medium", "long"]
    issue_type: IssueType | None = None
    urgency: Urgency | None = None
    claimant: Literal["f", "m", "any"] = "any"
    people: dict[str, Literal["f", "m"]] = {}
    family: tuple[str, ...] = ()
    dates: dict[str, tuple[int, int]] = {}
    tags: tuple[str, ...] = ()
    noise: tuple[Noise, ...] = ()
    maybe: Noise | None = None
    width: int = 74
    page: PageMargins | None = None
    variants: dict[str, dict[str, Any]] = {"a": {}}


@dataclass(frozen=True)
class Slot:
    name: str
    argument: str


@dataclass(frozen=True)
class Proof:
    """Words that prove ``field``."""

    field: str
    children: tuple[Node, ...]


@dataclass(frozen=True)
class Pick:
    options: tuple[tuple[Node, ...], ...]


Node: TypeAlias = str | Slot | Proof | Pick

_TOKEN = re.compile(r"\{\{[#/?]?|\}\}|\|\|")
_VARIANT_LINE = re.compile(r"^([a-z])\| ?")


@dataclass(frozen=True)
class Base:
    """One variant of a base document, ready to be filled in."""

    name: str
    variant: str
    head: Head
    nodes: tuple[Node, ...]
    header: tuple[Node, ...] = ()
    footer: tuple[Node, ...] = ()

    def slots(self) -> Iterator[Slot]:
        """Every slot of text, page header and page footer, also those in wordings not taken."""
        for nodes in (self.nodes, self.header, self.footer):
            yield from _slots(nodes)

    def proves(self) -> frozenset[str]:
        """The fields that the text states."""
        slots = {slot.name for slot in self.slots()} & {"case_id", "claimant_name", "received_date"}
        return frozenset(slots | set(_proofs(self.nodes)))


def load_bases(folder: Path, wording: Mapping[str, str] = {}) -> list[Base]:
    """Every variant of every ``*.txt`` in ``folder``, in order of name. Raises DataError.

    ``wording`` is the text of each in another language, by name, and only these are read; a line ``@header`` or
    ``@footer`` before it is that of its pages.
    """
    paths = sorted(path for path in folder.glob("*.txt") if not wording or path.stem in wording)
    if unknown := sorted(set(wording) - {path.stem for path in paths}):
        message = f"extraction.txt has texts that belong to no base document: {', '.join(unknown)}"
        raise DataError(message, hint="name each block '== NAME' after a file of bases/extraction.")
    return [base for path in paths for base in read_base(path, wording.get(path.stem))]


def read_base(path: Path, wording: str | None = None) -> tuple[Base, ...]:
    return _parsed_base(path.stem, path.name, path.read_text(encoding="utf-8"), wording)


@cache
def _parsed_base(name: str, file: str, text: str, wording: str | None) -> tuple[Base, ...]:
    """Every variant of a base document, read once: a load run draws from the same ones hundreds of times."""
    try:
        _, head_text, body = text.split("---\n", 2)
        data = yaml.load(head_text, Loader=SAFE_LOADER)  # noqa: S506  it is a safe one
        if wording is not None:
            body = _worded(wording, data)
        names = list(data.get("variants") or {"a": {}})
        return tuple(_variant(name, variant, data, body) for variant in names)
    except (ValueError, yaml.YAMLError) as error:
        message = f"base document '{file}' cannot be used: {error}"
        raise DataError(message, hint="a base is a YAML head between two lines '---', then its text.") from error


def _worded(text: str, data: dict[str, Any]) -> str:
    """The body of ``text``, after its page margins went into the head ``data``."""
    while match := re.match(r"@(header|footer) (.*)\n", text):
        data["page"] = {**data["page"], match[1]: match[2]}
        text = text[match.end() :]
    return text


def _variant(name: str, variant: str, data: dict[str, Any], body: str) -> Base:
    own = (data.get("variants") or {}).get(variant) or {}
    head = Head.model_validate({**data, **own})
    lines = []
    for line in body.strip("\n").split("\n"):
        only = _VARIANT_LINE.match(line)
        if only is None:
            lines.append(line)
        elif only[1] == variant:
            lines.append(line[only.end() :])
    page = head.page
    return Base(
        name=name,
        variant=variant,
        head=head,
        nodes=parse("\n".join(lines)),
        header=parse(page.header) if page else (),
        footer=parse(page.footer) if page else (),
    )


def parse(text: str) -> tuple[Node, ...]:
    """The text as nodes. Raises ValueError where braces do not close."""
    nodes, end, closer = _parse(text, 0)
    if closer:
        raise ValueError(f"stray '{closer}' near '{text[max(0, end - 40) : end]}'")
    return nodes


def _parse(text: str, at: int) -> tuple[tuple[Node, ...], int, str]:
    """Nodes up to the end of the text or to an unopened ``}}``, ``||`` or ``{{/``, and where that ends."""
    nodes: list[Node] = []
    while found := _TOKEN.search(text, at):
        if found.start() > at:
            nodes.append(text[at : found.start()])
        sign, at = found[0], found.end()
        if sign in ("}}", "||", "{{/"):
            return tuple(nodes), at, sign
        if sign == "{{?":
            options = []
            closer = "||"
            while closer == "||":
                option, at, closer = _parse(text, at)
                options.append(_stripped(option))
            _expect(closer, "}}", text, at)
            nodes.append(Pick(tuple(options)))
            continue
        stop = text.index("}}", at)
        name, _, argument = text[at:stop].strip().partition(":")
        at = stop + 2
        if sign == "{{":
            nodes.append(Slot(name, argument))
            continue
        children, at, closer = _parse(text, at)
        _expect(closer, "{{/", text, at)
        stop = text.index("}}", at)
        _expect(text[at:stop], name, text, at)
        at = stop + 2
        nodes.append(Proof(name, children))
    if at < len(text):
        nodes.append(text[at:])
    return tuple(nodes), len(text), ""


def _expect(got: str, wanted: str, text: str, at: int) -> None:
    if got != wanted:
        raise ValueError(f"'{wanted}' expected, not '{got}', near '{text[max(0, at - 40) : at]}'")


def _stripped(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes of a wording without the blanks around it."""
    trimmed = list(nodes)
    if trimmed and isinstance(trimmed[0], str):
        trimmed[0] = trimmed[0].lstrip()
    if trimmed and isinstance(trimmed[-1], str):
        trimmed[-1] = trimmed[-1].rstrip()
    return tuple(trimmed)


def _slots(nodes: tuple[Node, ...]) -> Iterator[Slot]:
    for node in nodes:
        if isinstance(node, Slot):
            yield node
        elif isinstance(node, Proof):
            yield from _slots(node.children)
        elif isinstance(node, Pick):
            for option in node.options:
                yield from _slots(option)


def _proofs(nodes: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Proof):
            yield node.field
            yield from _proofs(node.children)
        elif isinstance(node, Pick):
            for option in node.options:
                yield from _proofs(option)
