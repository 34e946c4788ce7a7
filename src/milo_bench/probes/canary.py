"""A session's secret in, fresh canary words out.

A canary is made of blocks of ten random letters and digits: every other one is the session's, so
that a search for two blocks finds a trace of any request; the others are fresh for each request.
A long canary has four blocks, a short one, which costs a small model less to read, the first two.
Any nineteen characters of a long one hold at least one whole block, so a log that keeps a cut piece
is found too. Ten characters of a 32-letter alphabet are fifty bits: no chance hits.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

BLOCK = 10
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def random_block(draw: Callable[[str], str] = secrets.choice) -> str:
    return "".join(draw(_ALPHABET) for _ in range(BLOCK))


class CanarySource:
    """Fresh canaries of one session, short ones until ``long`` is set; remembers all of them."""

    def __init__(self, draw: Callable[[str], str] = secrets.choice) -> None:
        self._draw = draw
        self.session = (random_block(draw), random_block(draw))
        self.long = False
        self.issued: list[str] = []
        self.malformed: set[str] = set()  # those that went out in a request that was no request
        self.in_url: set[str] = set()  # those that went out in an address, which every access log keeps

    def fresh(self, *, malformed: bool = False, in_url: bool = False) -> str:
        """Twenty or forty lower-case letters and digits, never given before."""
        first, second = self.session
        canary = first + random_block(self._draw)
        if self.long:
            canary += second + random_block(self._draw)
        self.issued.append(canary)
        if malformed:
            self.malformed.add(canary)
        if in_url:
            self.in_url.add(canary)
        return canary


def blocks_of(canary: str) -> tuple[str, ...]:
    return tuple(canary[start : start + BLOCK] for start in range(0, len(canary), BLOCK))
