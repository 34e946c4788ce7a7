"""The base of every record: frozen, and silent about fields that a newer version wrote."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

RecordedCount: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
"""How many of something: no more than every reader of JSON takes for the same number. A row with more is left out."""

MOST_TOKENS = 2**31 - 1
Tokens: TypeAlias = Annotated[int, Meta(ge=0, le=MOST_TOKENS)]
"""Tokens of one request, in the range of every column that holds them."""

RecordedWhole: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""A whole number of either sign, such as microseconds."""


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=False, omit_defaults=True):
    """Base of every record."""
