"""A task's name and a seed in; names, numbers and choices out, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SERVICES = (
    "ledger",
    "quota",
    "parcel",
    "beacon",
    "harbor",
    "tariff",
    "mosaic",
    "relay",
    "cobalt",
    "orchard",
    "signal",
    "pivot",
    "anchor",
    "fathom",
)
PEOPLE = (
    "amira",
    "bastian",
    "chiara",
    "dmitri",
    "elif",
    "farid",
    "greta",
    "hugo",
    "imani",
    "jonas",
    "kavya",
    "lukas",
    "marta",
    "nadia",
)
_TEAMS = ("payments", "platform", "storage", "identity", "logistics", "billing", "messaging", "search")


class Draw:
    """Seeded chance. Names of one kind never come twice in an episode."""

    def __init__(self, task: str, seed: int) -> None:
        self._random = random.Random(f"{task}:{seed}")  # noqa: S311 - repeatable worlds, no secrets
        self._left = {"service": list(SERVICES), "person": list(PEOPLE), "team": list(_TEAMS)}
        for names in self._left.values():
            self._random.shuffle(names)

    def service(self) -> str:
        return self._left["service"].pop()

    def person(self) -> str:
        return self._left["person"].pop()

    def team(self) -> str:
        return self._left["team"].pop()

    def number(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def pick(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """``count`` different choices, in random order."""
        return self._random.sample(list(choices), count)

    def flip(self) -> bool:
        return self._random.random() < 0.5

    def hexadecimal(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def commit(self) -> str:
        return self.hexadecimal(10)

    def digest(self) -> str:
        return "sha256:" + self.hexadecimal(16)

    def ticket(self, prefix: str = "CHG") -> str:
        return f"{prefix}-{self.number(1000, 9999)}"
