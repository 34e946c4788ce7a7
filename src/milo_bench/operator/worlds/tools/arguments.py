"""The kinds of values that tools take, with their bounds, so that every schema says the same."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from milo_bench.operator.worlds.world import ToolArguments

ShortText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
LongText: TypeAlias = Annotated[str, Meta(max_length=8000)]
EvidenceIds: TypeAlias = Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=20)]


class Nothing(ToolArguments, frozen=True):
    pass
