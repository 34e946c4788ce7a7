"""A seed and the suite's folder in, the fixtures of demo_v1 out: written messages with numbers drawn for them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generator import GENERATORS

# Messages of each of the four topics. A run of all fixtures has to end in a minute or two on a small machine.
_ORDERS: Final = 10
_TOPICS: Final = 4


def orders(seed: int, root: Path) -> list[Fixture]:
    """The first ten messages of each topic with their order number as the field ``order``."""
    draw = _drawing(seed, "orders")
    rows = []
    for topic, text in _by_turns(_yaml(root, "messages"))[: 4 * _ORDERS]:
        number = _order(draw)
        rows.append((text.replace("{order}", number), {"fields": {"order": number}}, f"topic:{topic}"))
    return _fixtures("orders", "order", rows, seed)


def topics(seed: int, root: Path) -> list[Fixture]:
    """The last four messages of each topic with their topic as the label."""
    draw = _drawing(seed, "topics")
    rows = [
        (text.replace("{order}", _order(draw)), {"label": topic}, f"label:{topic}")
        for topic, text in _by_turns(_yaml(root, "messages"))[-4 * _TOPICS :]
    ]
    return _fixtures("topics", "topic", rows, seed)


def languages(seed: int, root: Path) -> list[Fixture]:
    """Every message with its language as the label."""
    draw = _drawing(seed, "languages")
    rows = [
        (text.replace("{order}", _order(draw)), {"label": language}, f"label:{language}")
        for language, text in _by_turns(_yaml(root, "languages"))
    ]
    return _fixtures("languages", "language", rows, seed)


def tracking(seed: int, root: Path) -> list[Fixture]:
    """Every message with its tracking number as the field ``tracking``."""
    draw = _drawing(seed, "tracking")
    rows = []
    for text in _yaml(root, "tracking"):
        number = " ".join(_digits(draw, 4) for _ in range(3))
        begins = text.startswith("{tracking}")
        tag = "place:first" if begins else "place:later"
        rows.append((text.replace("{tracking}", number), {"fields": {"tracking": number}}, tag))
    return _fixtures("tracking", "tracking", rows, seed)


def _fixtures(workload: str, noun: str, rows: Sequence[tuple[str, dict[str, Any], str]], seed: int) -> list[Fixture]:
    return [
        Fixture(
            id=f"{noun}-{number:03}",
            workload=workload,
            input={"message": message},
            expect=expect,
            tags=(tag,),
            provenance={"generator": "demo_v1", "seed": seed},
            hash=sha256_data([workload, {"message": message}, expect]),
        )
        for number, (message, expect, tag) in enumerate(rows, 1)
    ]


def _by_turns(texts: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """One text of each kind after the other, so that a stopped run has seen all kinds."""
    return [pair for row in zip(*texts.values(), strict=True) for pair in zip(texts, row, strict=True)]


def _drawing(seed: int, workload: str) -> random.Random:
    return random.Random(f"demo_v1 {workload} {seed}")  # noqa: S311  # messages, no secrets


def _order(draw: random.Random) -> str:
    return f"MX-{_digits(draw, 5)}"


def _digits(draw: random.Random, count: int) -> str:
    return str(draw.randrange(10 ** (count - 1), 10**count))


def _yaml(root: Path, name: str) -> Any:
    return yaml.safe_load((root / "bases" / f"{name}.yaml").read_text(encoding="utf-8"))


GENERATORS.add(
    "demo_v1",
    {
        "fixtures/orders.jsonl": orders,
        "fixtures/tracking.jsonl": tracking,
        "fixtures/languages.jsonl": languages,
        "fixtures/topics.jsonl": topics,
    },
)
