"""What a client asked, as the queue keeps it: written by the gateway, read by whoever shows or answers the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

Door: TypeAlias = Literal["chat", "completions", "embeddings", "responses"]  # the API that a client speaks
_DOORS: Final[dict[str, Door]] = {door: door for door in get_args(Door)}
_WHY: Final = "milo.why"
_ENCODER: Final = msgspec.json.Encoder()


class AskedWork(NamedTuple):
    """``door`` is the API that was spoken, ``input`` the case (empty for free messages), ``texts`` who said what.

    ``why`` is what the client was told of why a person answers, "" in work of an earlier version.
    """

    door: Door
    model: str
    input: Mapping[str, Any]
    texts: Sequence[tuple[str, str]]
    why: str = ""


def write_asked(door: Door, fields: Mapping[str, Any], case: Mapping[str, Any] | None, *, why: str = "") -> str:
    """``fields`` is the client's JSON without what is ours, ``case`` the input that came beside it."""
    ours = {_WHY: why} if why else {}
    return _ENCODER.encode({"door": door, **fields, **({"input": case} if case else {}), **ours}).decode()


def read_asked(text: str) -> AskedWork | None:
    """What ``write_asked`` wrote; None where it was erased or is no request."""
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(fields, dict) or not fields:
        return None
    case = fields.get("input")
    return AskedWork(
        door=_DOORS.get(str(fields.get("door")), "chat"),
        model=str(fields.get("model", "")),
        input=case if isinstance(case, dict) else {},
        texts=[*_texts(fields)],
        why=str(fields.get(_WHY, "")),
    )


def _texts(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    messages = fields.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            found.append((str(message.get("role", "")), _content(message)))
    for name in ("prompt", "input"):
        given = fields.get(name)
        parts = given if isinstance(given, list) else [given]
        found += [(name, part) for part in parts if isinstance(part, str)]
    return [(role, text) for role, text in found if text]


def _content(message: Mapping[str, Any]) -> str:
    """The text of a message, whole or in parts. Other parts are named; calls of tools are shown as they are."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    shown = [part if isinstance(part, str) else _part(part) for part in parts if part is not None]
    if calls := message.get("tool_calls"):
        shown.append(msgspec.json.encode(calls).decode())
    return "\n".join(text for text in shown if text)


def _part(part: object) -> str:
    if isinstance(part, dict):
        text = part.get("text")
        return text if isinstance(text, str) else f"[{part.get('type', 'part')}]"
    return ""
