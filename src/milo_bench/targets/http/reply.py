"""What one HTTP exchange leaves behind before anybody reads it: stamped bytes, or the way in which it broke."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol, TypeAlias

from milo_bench.core.records import FailureKind, Timeouts

Piece: TypeAlias = tuple[int, bytes]
"""Nanoseconds on the monotonic clock when the bytes were read, and the bytes."""

ShowsContent: TypeAlias = "Callable[[HttpReply], bool]"
_AROUND_BYTES = 2 << 10  # of an answer that waits: its task, its headers
_FEW_PIECES = 8  # are small as they are
_PIECE_BYTES = 24  # of a packed piece: its stamp, its end, its lag
MAX_BODY_BYTES = 64 << 20  # an answer larger than this is a server gone wild, and would take the bench with it


@dataclass(slots=True)
class HttpReply:
    """One exchange as bytes. Stamps are nanoseconds on the monotonic clock.

    ``lags_ns`` holds, for each read that was asked for it, our stamp minus the kernel's receive stamp; it is
    empty where the kernel gives none. ``broken`` says how the exchange ended if not by a whole
    HTTP message; the pieces that came before stay readable.
    """

    started_ns: int
    connected_ns: int | None = None
    ended_ns: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    lags_ns: list[int] = field(default_factory=list)
    broken: FailureKind | None = None
    broken_message: str = ""
    _packed: tuple[bytes, int, array[int]] | None = None  # the body; how many pieces; their ends, their stamps, lags

    @property
    def content_type(self) -> str:
        """Media type in lower case, without parameters; "" where the server names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def start(self, count: int) -> bytes:
        """The first ``count`` bytes of the body, fewer where it has fewer."""
        found = b""
        for _, data in self.pieces:
            found += data[:count]
            if len(found) >= count:
                break
        return found[:count]

    def memory(self) -> int:
        """Bytes that it takes packed, about, with what waits for it to be read."""
        return _AROUND_BYTES + len(self.pieces) * _PIECE_BYTES + sum([len(data) for _, data in self.pieces])

    def pack(self) -> None:
        """Make it small, and nothing that Python's collector looks at, until ``unpack``: it has to wait."""
        if len(self.pieces) <= _FEW_PIECES:
            return
        stamps_ns, bodies = zip(*self.pieces, strict=True)
        self._packed = (
            b"".join(bodies),
            len(bodies),
            array("q", [*accumulate(map(len, bodies)), *stamps_ns, *self.lags_ns]),
        )
        self.pieces, self.lags_ns = [], []

    def unpack(self) -> None:
        if self._packed is not None:
            body, count, numbers = self._packed
            self._packed = None
            ends, stamps_ns = numbers[:count], numbers[count : 2 * count]
            self.pieces = [(at_ns, body[a:b]) for at_ns, a, b in zip(stamps_ns, (0, *ends), ends, strict=False)]
            self.lags_ns = numbers[2 * count :].tolist()

    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)


class Wire(Protocol):
    """A way to send one HTTP request and keep the raw, stamped reply."""

    async def fetch(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        timeouts: Timeouts,
        shows_content: ShowsContent | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Send one request and read the whole reply. Never raises for a broken server.

        ``shows_content`` is asked once, when the first-token limit runs out, whether what came
        so far holds content; without it that limit is not applied. Cancelling closes the
        connection.
        """
        ...

    async def close(self) -> None: ...
