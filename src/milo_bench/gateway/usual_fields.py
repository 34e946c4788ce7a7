"""The fields of a chat completion in, whether they are as most clients send them out: one look in the place of many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import msgspec

MOST_MESSAGES: Final = 2_048
MOST_CHOICES: Final = 8
MOST_TOKENS: Final = 100_000_000
MOST_STOPS: Final = 64


class _UsualMessage(msgspec.Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None


_WholeNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MOST_TOKENS)] | None
_Number: TypeAlias = int | float | None


class UsualCase(msgspec.Struct):
    """Fields beside a case as most are. What fits them has nothing for the long look at each field."""

    messages: Annotated[list[_UsualMessage], msgspec.Meta(max_length=MOST_MESSAGES)] = []
    max_tokens: _WholeNumber = None
    max_completion_tokens: _WholeNumber = None
    temperature: _Number = None
    top_p: _Number = None
    presence_penalty: _Number = None
    frequency_penalty: _Number = None
    seed: _Number = None
    top_logprobs: _Number = None
    stream_options: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    stop: str | Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_STOPS)] | None = None
    response_format: None = None
    tools: None = None
    functions: None = None
    n: None = None


class UsualChat(UsualCase, kw_only=True):
    """As ``UsualCase``, of a client's own messages."""

    messages: Annotated[list[_UsualMessage], msgspec.Meta(min_length=1, max_length=MOST_MESSAGES)]
    response_format: dict[str, Any] | None = None  # type: ignore[assignment]  # beside a case there is none
    tools: list[dict[str, Any]] | None = None  # type: ignore[assignment]
    n: Annotated[int, msgspec.Meta(ge=1, le=MOST_CHOICES)] | None = None  # type: ignore[assignment]


def is_usual(fields: Mapping[str, Any], kind: type[UsualCase]) -> bool:
    """Whether ``fields`` fit ``kind``."""
    try:
        msgspec.convert(fields, kind)
    except msgspec.ValidationError:
        return False
    return True
