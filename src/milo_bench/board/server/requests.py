"""A request in, what a view needs of it out: who asks, their filters, a form's fields."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from milo_bench.board.server.people import BoardPerson
from milo_bench.core.errors import UsageError
from milo_bench.core.records import Frozen

MOST_FORM_BYTES: Final = 1_000_000
FORM_WAIT_S: Final = 30.0  # for a form to arrive whole: who sends slower holds a place of others


@dataclass(frozen=True)
class Shown:
    """What a page shows: ``data`` is the page's ``.json`` twin, and all that its template gets."""

    template: str
    title: str
    data: dict[str, Any]
    section: str = ""
    status: int = 200


@dataclass(frozen=True)
class MovedTo:
    """An answer that sends the browser to another page."""

    to: str


class NotThere(Frozen, frozen=True):
    """What an address names is not there: a sentence, and what to do instead."""

    message: str
    hint: str = ""
    again: bool = False  # the page looks again by itself, until it is there


@dataclass(frozen=True)
class PageRequest:
    """One request. ``names`` are the parts of its path, ``form`` the fields that were sent."""

    request: Request
    person: BoardPerson
    names: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)


async def read_form(request: Request) -> dict[str, str]:
    """Fields of a form, the last of each name. Raises UsageError for one that is too long or is not a form."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MOST_FORM_BYTES:
        raise UsageError("This form is too long.", hint=f"send at most {MOST_FORM_BYTES:,} bytes.")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise UsageError("This address takes a form.", hint="send application/x-www-form-urlencoded.")
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_WAIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_FORM_BYTES:
                    raise UsageError("This form is too long.", hint=f"send at most {MOST_FORM_BYTES:,} bytes.")
    except TimeoutError:
        raise UsageError("This form took too long to arrive.", hint="send it again.") from None
    except ClientDisconnect:
        raise UsageError("This form did not arrive whole.", hint="send it again.") from None
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200, errors="strict"))
    except (UnicodeDecodeError, ValueError):
        raise UsageError("This form cannot be read.", hint="send UTF-8.") from None
