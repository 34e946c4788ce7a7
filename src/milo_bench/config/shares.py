"""A share as people write it ("2%", or 0.02) in, a number from 0 to 1 out."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field


def _per_cent(value: object) -> object:
    """ "2%", with a space or without, as 0.02."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip().removesuffix("%")) / 100
        except ValueError:
            return value
    return value


Share: TypeAlias = Annotated[
    float,
    BeforeValidator(_per_cent, json_schema_input_type=float | str),
    Field(ge=0, le=1, allow_inf_nan=False),
]
