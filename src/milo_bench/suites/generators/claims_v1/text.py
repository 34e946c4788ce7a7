"""A line of a base text and a packet's chance in, the finished line with its marked facts out.

Base texts are written by hand with these marks: ``(? a || b ?)`` one of several wordings; ``{p.ROLE}``,
``{p.ROLE.last}``, ``{p.ROLE.first}`` a person, ``{p.ROLE:f}`` a woman and ``{p.ROLE:m}`` a man where the words
around say so; ``{d+12}`` the date twelve days after the loss (``:s`` short); ``{m.KEY:400-900}`` money,
``{n.KEY:2-9}`` a number, ``{ref.KEY:##-@@}`` a reference, each the same wherever its key stands again;
``{i:2-9}`` a number and ``{init}`` initials, new at each place; ``{firm.KEY}``, ``{town}``, ``{street}``;
``<f:NAME>…</f>`` a key fact.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from milo_bench.suites.generators.claims_v1.language import PacketWording, read_wording
from milo_bench.suites.wording import WORDING, find_base

_CHOICE = re.compile(r"\(\?(.*?)\?\)", re.DOTALL)
_SLOT = re.compile(r"\{([^{}]+)\}")
_FACT = re.compile(r"<f:([a-z_]+)>(.*?)</f>")
_LETTERS: Final = "ABCDEFGHKLMNPRSTUVWXYZ"


def chance(seed: int, *names: object) -> random.Random:
    """A generator of its own for each purpose, so that a change in one base leaves the others as they are."""
    # Not for secrets: fixtures must come out the same for the same seed.
    return random.Random("/".join(map(str, (seed, "claims_v1", *names))))  # noqa: S311


def load_pools(root: Path) -> dict[str, Any]:
    """bases/values.yaml: names, towns, firms and sentence pools."""
    own = root / WORDING / "values.yaml"
    path = own if own.exists() else find_base(root, "claims_v1", Path("bases", "values.yaml"))
    pools: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    women = [name for name in pools["first"] if name in pools.get("women", ())]
    men = [name for name in pools["first"] if name not in women]
    by_gender = {"first_f": women, "first_m": men} if women else {}
    return {**pools, **by_gender, "wording": read_wording(root)}


class SlotValues:
    """What the slots of one packet or note stand for; a key keeps its value."""

    def __init__(self, rng: random.Random, pools: Mapping[str, Any], *, money: str = "£") -> None:
        self.rng = rng
        self._pools = pools
        self.wording: PacketWording = pools["wording"]
        self._money = money
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()
        self._arguments: dict[str, str] = {}
        self.loss_day = datetime.date(2023, 9, 4) + datetime.timedelta(days=rng.randrange(700))

    def learn(self, texts: Iterable[str]) -> None:
        """Remember what each key stands for, so that it may be used before the line that says so."""
        for text in texts:
            for slot in _SLOT.findall(text):
                name, colon, argument = slot.partition(":")
                if colon and not slot.startswith("d"):
                    self._arguments.setdefault(name, argument)

    def day(self, offset: int) -> datetime.date:
        return self.loss_day + datetime.timedelta(days=offset)

    def date(self, offset: int, *, short: bool = False) -> str:
        day = self.day(offset)
        return self.wording.day(day, short=short)

    def person(self, role: str) -> tuple[str, str]:
        """First and last name; no two roles share either."""
        stated = self._arguments.get(f"p.{role}", "")
        given = f"first_{stated}" if f"first_{stated}" in self._pools else "first"
        return self._once(f"p.{role}.first", given), self._once(f"p.{role}.last", "last")

    def _once(self, key: str, pool: str) -> str:
        if key not in self._known:
            free = [name for name in self._pools[pool] if name not in self._taken]
            self._known[key] = self.rng.choice(free)
            self._taken.add(self._known[key])
        return self._known[key]

    def fill(self, text: str) -> str:
        """``text`` with every choice made and every slot filled; fact marks stay."""
        chosen = _CHOICE.sub(lambda match: self.rng.choice(match[1].split("||")).strip(), text)
        return self.wording.elide(_SLOT.sub(lambda match: self._slot(match[1]), chosen))

    def _slot(self, slot: str) -> str:
        if match := re.fullmatch(r"d([+-]\d+)(:s)?", slot):
            return self.date(int(match[1]), short=bool(match[2]))
        name, _, argument = slot.partition(":")
        kind, _, key = name.partition(".")
        if kind == "p":
            role, _, part = key.partition(".")
            if argument:
                self._arguments.setdefault(name, argument)
            first, last = self.person(role)
            return {"first": first, "last": last}.get(part, f"{first} {last}")
        if name in self._known:
            return self._known[name]
        argument = argument or self._arguments.get(name, "")
        match kind:
            case "m" | "n":
                low, high = map(int, argument.split("-"))
                value = self.rng.randint(low, high)
                self._known[name] = str(value) if kind == "n" else self._amount(value)
            case "i":
                low, high = map(int, argument.split("-"))
                return str(self.rng.randint(low, high))
            case "init":
                return "".join(self.rng.choice(_LETTERS) for _ in range(2))
            case "ref":
                self._known[name] = "".join(map(self._sign, argument))
            case "firm" | "town" | "street":
                return self._once(name, argument or kind)
            case "word":
                return self._once(name, argument)
            case _:
                raise ValueError(f"no such slot: {{{slot}}}")
        return self._known[name]

    def _amount(self, value: int) -> str:
        # Bills have pence; estimates, reserves and limits are round.
        value -= value % (50 if value >= 10_000 else 10 if value >= 1_000 else 5 if value >= 300 else 1)
        pence = self.rng.choice(("", f"{self.rng.randrange(5, 100):02d}")) if value < 300 else ""
        return self.wording.amount(self._money, value, pence)

    def _sign(self, mark: str) -> str:
        if mark == "#":
            return str(self.rng.randrange(1, 10))
        return self.rng.choice(_LETTERS) if mark == "@" else mark


def take_facts(line: str) -> tuple[str, list[tuple[str, str]]]:
    """The line without fact marks, and its facts as (name, words)."""
    facts = [(match[1], match[2]) for match in _FACT.finditer(line)]
    return _FACT.sub(r"\2", line), facts
