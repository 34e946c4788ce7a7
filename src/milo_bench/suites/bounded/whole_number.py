"""A whole number as a file of anyone writes it in, the number out; what is not one, or has too many digits, is said."""

from __future__ import annotations

from typing import Final

_MOST_DIGITS: Final = 18


def whole_number(written: str | None, otherwise: int) -> int:
    """The number from 0 that ``written`` says, else ``otherwise``."""
    plain = written is not None and written.isascii() and written.isdecimal() and len(written) <= _MOST_DIGITS
    return int(written) if plain and written is not None else otherwise
