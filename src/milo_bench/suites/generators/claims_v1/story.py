"""The hand-written claim stories and spare documents of claims_v1 in, typed stories out; their marks are checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

import yaml

from milo_bench.suites.wording import WORDING, find_base

Signal: TypeAlias = Literal["routine", "watch", "escalate"]
DocumentState: TypeAlias = Literal["present", "requested", "promised", "enclosed", "referenced", "waived"]
Voice: TypeAlias = Literal["note", "email", "call"]

_CONDITION = re.compile(r"\[signal=(\w+)\] ")
_DOC = re.compile(r"@doc (\d+) (?:item:(\w+) )?(\w+) \| (.+)")


class RequestedDocument(NamedTuple):
    """A document that is asked for in a story. ``says``: what it holds by hearsay."""

    key: str
    name: str
    aliases: tuple[str, ...]
    says: str


class StateSentence(NamedTuple):
    """A place for a sentence about an item's state, in a voice, with the role that has the document."""

    item: str
    voice: Voice
    who: str


class StoryLine(NamedTuple):
    """One line of a document; ``signal`` "" stands in every packet, else only where that signal was drawn."""

    text: str
    signal: str = ""
    status: StateSentence | None = None


class Document(NamedTuple):
    """``day`` counts from the loss; ``item`` is the key of the asked-for document that this one is, or ""."""

    day: int
    kind: str
    title: str
    item: str
    lines: tuple[StoryLine, ...]


class Story(NamedTuple):
    name: str
    title: str
    line: str
    money: str
    sensitive: bool
    insured: str
    items: dict[str, RequestedDocument]
    documents: tuple[Document, ...]


class FillerDocument(NamedTuple):
    """A document without bearing on the claim; ``line`` is the kind of business it belongs to, or ``any``."""

    kind: str
    title: str
    line: str
    lines: tuple[str, ...]


def load_stories(root: Path) -> tuple[Story, ...]:
    """bases/packets/*.txt in the order of their names. ValueError where a mark is wrong."""
    return tuple(_story(path) for path in sorted(find_base(root, "claims_v1", Path("bases", "packets")).glob("*.txt")))


def load_parts(root: Path) -> tuple[FillerDocument, ...]:
    """bases/parts/*.txt, or bases/language/parts.txt where the suite's language has its own."""
    own = root / WORDING / "parts.txt"
    found = []
    for path in [own] if own.exists() else sorted(find_base(root, "claims_v1", Path("bases", "parts")).glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("@part ")[1:]:
            head, *lines = [line for line in block.splitlines() if line.strip()]
            kind, title, line = (piece.strip() for piece in head.split("|"))
            found.append(FillerDocument(kind, title, line, tuple(lines)))
    return tuple(found)


def load_rows(root: Path) -> dict[str, Any]:
    """bases/parts/rows.yaml: rows of listings and the diary."""
    own = root / WORDING / "rows.yaml"
    path = own if own.exists() else find_base(root, "claims_v1", Path("bases", "parts", "rows.yaml"))
    rows: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return rows


def _story(path: Path) -> Story:
    head_text, body = path.read_text(encoding="utf-8").split("\n---\n", 1)
    head = yaml.safe_load(head_text)
    items = {
        key: RequestedDocument(key, data["name"], tuple(data["aliases"]), data["says"])
        for key, data in head["items"].items()
    }
    documents: list[Document] = []
    for raw in body.splitlines():
        if not raw.strip():
            continue
        if match := _DOC.fullmatch(raw):
            documents.append(Document(int(match[1]), match[3], match[4], match[2] or "", ()))
        elif documents:
            last = documents[-1]
            documents[-1] = last._replace(lines=(*last.lines, _line(raw, items)))
        else:
            raise ValueError(f"{path.name}: text before the first document: {raw!r}")
    story = Story(
        name=path.stem,
        title=head["title"],
        line=head["line"],
        money=head["money"],
        sensitive=head.get("sensitive", False),
        insured=head["insured"],
        items=items,
        documents=tuple(documents),
    )
    _check(story)
    return story


def _line(raw: str, items: dict[str, RequestedDocument]) -> StoryLine:
    if raw.startswith("@status "):
        _, item, voice, who = raw.split()
        if item not in items or voice not in get_args(Voice):
            raise ValueError(f"no such item or voice: {raw!r}")
        return StoryLine("", status=StateSentence(item, cast(Voice, voice), who))
    if match := _CONDITION.match(raw):
        if match[1] not in get_args(Signal):
            raise ValueError(f"no such signal: {raw!r}")
        return StoryLine(raw[match.end() :], signal=match[1])
    return StoryLine(raw)


def _check(story: Story) -> None:
    """Each item has a document and a place for its state, each signal a line."""
    lines = [line for document in story.documents for line in document.lines]
    for item in story.items:
        if sum(document.item == item for document in story.documents) != 1:
            raise ValueError(f"{story.name}: item '{item}' needs one document")
        if not any(line.status and line.status.item == item for line in lines):
            raise ValueError(f"{story.name}: item '{item}' has no @status line")
    for signal in ("watch", "escalate"):
        if not any(line.signal == signal for line in lines):
            raise ValueError(f"{story.name}: no line for the signal '{signal}'")
