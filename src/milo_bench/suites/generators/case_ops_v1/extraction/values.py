"""A seeded chance and the head of a base in, the values that its slots show out.

Slots: ``case_id`` ``case_id:spaced|dashed|prefixed|hash|suffixed``, ``old_case_id``,
``claimant_name`` ``claimant_name:upper|last_first``, ``claimant.given|family|email|initial``,
``person.NAME`` with ``.given|.family|.email``, ``received_date:FORMAT``, ``date.NAME:FORMAT``,
``org.KIND``, ``amount.NAME:LOW-HIGH``, ``number.NAME:LOW-HIGH``, ``ref.NAME:PATTERN`` (# a digit,
@ a letter), ``phone.NAME``, ``street.NAME``, ``town.NAME``, ``postcode.NAME``, ``time.NAME``,
``weekday.NAME``, ``dob.NAME``, ``office``, ``office.email``, ``page``. The same slot shows the same value
throughout a document. FORMAT is a pool of ``dates.yaml``; in a form, what stands between ``~``
is the date itself.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from milo_bench.suites.generators.case_ops_v1.extraction.base import Head, Slot

FIRST_DAY = date(2024, 2, 5)
DAYS = 760

TextPart = tuple[str, str]  # words, and the field whose value they are or ""


@dataclass(frozen=True)
class Person:
    given: str
    family: str

    @property
    def full(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def email(self) -> str:
        plain = unicodedata.normalize("NFKD", f"{self.given}.{self.family}".lower())
        kept = "".join(char for char in plain if char.isascii() and (char.isalpha() or char == "."))
        return f"{kept}@example.com"


@dataclass
class DocumentValues:
    """Everything that one document states, made up when a slot first asks for it.

    ``decoys`` collects what competes for a field by name: ``effective_date``, ``old_case_id``, ``doctor_name``.
    """

    rng: random.Random
    head: Head
    pools: dict[str, Any]
    case_id: str
    decoys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._made: dict[str, Any] = {}
        self.received = FIRST_DAY + timedelta(days=self.rng.randrange(DAYS))
        while self.received.weekday() > 4:
            self.received += timedelta(days=1)
        self._taken: set[str] = set()
        self.claimant = self._person(self.head.claimant)

    def fill(self, slot: Slot) -> list[TextPart]:
        """The words of a slot. Raises ValueError for a slot that there is not."""
        kind, _, rest = slot.name.partition(".")
        argument = slot.argument
        match kind:
            case "case_id":
                return self._case_number(argument)
            case "old_case_id":
                return [(self._decoy("old_case_id", self._make("old", self._old_number)), "")]
            case "claimant_name":
                return [(self._claimant(argument), "claimant_name")]
            case "claimant":
                return [(_aspect(self.claimant, rest), "")]
            case "person":
                return [(self._named(rest), "")]
            case "received_date":
                return self._date_words("received", self.received, argument, "received_date")
            case "date":
                return self._date_words(rest, self._day(rest), argument, "")
            case "weekday":
                day = self.received if rest == "received" else self._day(rest)
                return [(self._words()["weekdays"][day.weekday()], "")]
            case "page":
                return [(argument, "")]
        return [(self._make(slot.name, lambda: self._plain(kind, rest, argument)), "")]

    def _make(self, name: str, maker: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = maker()
        return self._made[name]

    def _decoy(self, name: str, value: str) -> str:
        self.decoys[name] = value
        return value

    # ------------------------------------------------------------------ people

    def _person(self, sex: str, family: str = "") -> Person:
        sex = self.rng.choice("fm") if sex == "any" else sex
        while True:
            given = self.rng.choice(self.pools["given_" + sex])
            person = Person(given, family or self.rng.choice(self.pools["family"]))
            if given not in self._taken and (family or person.family not in self._taken):
                self._taken |= {given, person.family}
                return person

    def _claimant(self, form: str) -> str:
        match form:
            case "upper":
                return self.claimant.full.upper()
            case "last_first":
                return f"{self.claimant.family.upper()}, {self.claimant.given}"
            case "":
                return self.claimant.full
        raise ValueError(f"no form '{form}' of a claimant's name")

    def _named(self, rest: str) -> str:
        name, _, aspect = rest.partition(".")
        sex = self.head.people.get(name, "any")
        family = self.claimant.family if name in self.head.family else ""
        person: Person = self._make(f"person {name}", lambda: self._person(sex, family))
        if not aspect:
            self._decoy(f"{name}_name", person.full)
        return _aspect(person, aspect)

    # ------------------------------------------------------------------ numbers

    def _case_number(self, form: str) -> list[TextPart]:
        number, marked = self.case_id, "case_id"
        match form:
            case "":
                return [(number, marked)]
            case "spaced":
                return [(f"{number[:2]} {number[2:]}", marked)]
            case "dashed":
                return [(f"{number[:2]}-{number[2:]}", marked)]
            case "dotted":
                return [(f"{number[:2]}.{number[2:]}", marked)]
            case "prefixed":
                return [(f"{self._make('prefix', lambda: self.rng.choice(('CO', 'HB', 'CM')))}-{number}", marked)]
            case "suffixed":
                return [(number, marked), ("/" + self._make("suffix", lambda: self.rng.choice("ABCDK")), "")]
        raise ValueError(f"no form '{form}' of a case number")

    def _old_number(self) -> str:
        while (number := str(self.rng.randrange(10_000, 99_999))) == self.case_id:
            pass
        return number

    def _plain(self, kind: str, rest: str, argument: str) -> str:
        rng, pools = self.rng, self.pools
        match kind:
            case "amount" | "number":
                low, _, high = argument.partition("-")
                if kind == "number":
                    return str(rng.randint(int(low), int(high)))
                thousands, decimal = pools.get("separators", ",.")
                whole = f"{rng.randint(int(low), int(high)):,}".replace(",", thousands)
                return f"{whole}{decimal}{rng.choice(('00', '50', '25', '80', '40', '15'))}"
            case "ref":
                return "".join(_drawn(char, rng) for char in argument)
            case "phone":
                return f"555-01{rng.randrange(100):02d}"
            case "dob":
                day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1941, 1999)
                return str(pools.get("born", "{dd}/{mm}/{yyyy}")).format(dd=f"{day:02d}", mm=f"{month:02d}", yyyy=year)
            case "street":
                number, name = rng.randint(2, 188), rng.choice(pools["streets"])
                return str(pools.get("street", "{number} {name}")).format(number=number, name=name)
            case "postcode":
                return "".join(_drawn(char, rng) for char in pools.get("postcode", "@@# #@@"))
            case "time":
                return f"{rng.randint(8, 17):02d}:{rng.randint(0, 59):02d}"
            case "town":
                return str(rng.choice(pools["towns"]))
            case "org":
                return str(rng.choice(pools["organisations"][rest.partition(".")[0]]))
            case "office":
                if rest:
                    return "intake@example.org"
                return str(rng.choice(pools["offices"]))
        raise ValueError(f"there is no slot '{kind}'")

    # ------------------------------------------------------------------ dates

    def _day(self, name: str) -> date:
        def draw() -> date:
            if name not in self.head.dates:
                raise ValueError(f"the head does not say when '{name}' is")
            first, last = self.head.dates[name]
            taken = {self.received, *(day for key, day in self._made.items() if key.startswith("day "))}
            for _ in range(200):
                day = self.received + timedelta(days=self.rng.randint(first, last))
                if day not in taken:
                    break
            else:
                raise ValueError(f"no day is left for '{name}'")
            return day

        day: date = self._make(f"day {name}", draw)
        self._decoy(f"{name}_date", day.isoformat())
        return day

    def _words(self, language: str = "") -> dict[str, list[str]]:
        """Months and weekdays of ``language``, by default that of the suite."""
        found: dict[str, list[str]] = self.pools["words"][language or self.pools.get("language", "en")]
        return found

    def _date_words(self, name: str, day: date, pool: str, field_: str) -> list[TextPart]:
        if pool not in self.pools["formats"]:
            raise ValueError(f"there is no pool '{pool}' of date forms")
        form = self._make(f"form {name} {pool}", lambda: self.rng.choice(self.pools["formats"][pool]))
        language, _, pattern = form.rpartition("|")
        words = pattern.format(**_date_parts(day, self._words(language)))
        if "~" not in words:
            return [(words, field_)]
        before, inside, after = words.split("~")
        return [(before, ""), (inside, field_), (after, "")]


def _aspect(person: Person, aspect: str) -> str:
    match aspect:
        case "":
            return person.full
        case "given":
            return person.given
        case "family":
            return person.family
        case "initial":
            return person.given[0]
        case "email":
            return person.email
    raise ValueError(f"a person has no '{aspect}'")


def _drawn(char: str, rng: random.Random) -> str:
    if char == "#":
        return str(rng.randrange(10))
    return rng.choice("ABCDEFGHJKLMNPRSTVWX") if char == "@" else char


def _date_parts(day: date, words: dict[str, list[str]]) -> dict[str, str]:
    month, weekday = words["months"][day.month - 1], words["weekdays"][day.weekday()]
    return {
        "d": str(day.day),
        "dd": f"{day.day:02d}",
        "nth": f"{day.day}{'th' if 10 <= day.day % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day.day % 10, 'th')}",
        "m": str(day.month),
        "mm": f"{day.month:02d}",
        "month": month,
        "mon": month[:3],
        "MON": month[:3].upper(),
        "yyyy": str(day.year),
        "yy": f"{day.year % 100:02d}",
        "weekday": weekday,
        "wd": weekday[:3],
    }
