"""Generators by the name that suite.yaml gives: a seed and the suite's folder in, fixtures out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, cast

from milo_bench.core.records import Fixture
from milo_bench.core.registry import Registry

Generate: TypeAlias = Callable[[int, Path], list[Fixture]]


def _part(module: str, *, slice_: slice = slice(None)) -> Generate:
    """``generate`` of a module of this package, imported when it is called: loading a suite needs none.

    ``slice_`` is for fixtures that are too large for one file.
    """

    def generate(seed: int, root: Path) -> list[Fixture]:
        loaded = importlib.import_module(f"{__name__}.{module}")
        return cast(Generate, loaded.generate)(seed, root)[slice_]

    return generate


# The fixture files that a generator writes, each with what makes its fixtures.
GENERATORS: Registry[Mapping[str, Generate]] = Registry("generator")
GENERATORS.add(
    "case_ops_v1",
    {
        "fixtures/extraction.jsonl": _part("case_ops_v1.extraction.documents"),
        "fixtures/timeline.jsonl": _part("case_ops_v1.timeline"),
        "fixtures/drafting.jsonl": _part("case_ops_v1.drafting"),
    },
)
GENERATORS.add(
    "claims_v1",
    {
        "fixtures/packets_1.jsonl": _part("claims_v1.packets", slice_=slice(0, 40)),
        "fixtures/packets_2.jsonl": _part("claims_v1.packets", slice_=slice(40, 80)),
        "fixtures/packets_3.jsonl": _part("claims_v1.packets", slice_=slice(80, 120)),
        "fixtures/notes.jsonl": _part("claims_v1.notes"),
        "fixtures/handoff.jsonl": _part("claims_v1.handoff"),
    },
)
