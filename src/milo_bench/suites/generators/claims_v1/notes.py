"""A seed and the suite's folder in, the 1,000 escalation fixtures out: notes with their label by construction."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.claims_v1.language import PacketWording
from milo_bench.suites.generators.claims_v1.text import SlotValues, chance, load_pools
from milo_bench.suites.wording import WORDING, find_base

WORKLOAD = "escalation"
COUNTS: Final = {"routine": 800, "watch": 130, "escalate": 70}
_HARMLESS: Final = 160  # of the routine notes: it has a word of a keyword set, which means nothing
_FIRST_PERSON = re.compile(r"(?:I|My|You|This is my|Could you|Please|Thank you)\b|.*\. \{p\.a\}$", re.DOTALL)
_BY_CUSTOMER: Final = "> "  # in another language: what a customer wrote in the first person
_MAX_FILLERS: Final = 3
# A note without any of these could come out the same for another seed; it gets its number on the screen.
_OF_ITS_OWN = re.compile(r"\{(?:ref|d|m|p)[.+-]")


class Core(NamedTuple):
    """A hand-written note; ``keyword_set`` is the one that it has a word of, or the kind of hard case.

    ``name`` says which note of its file it is.
    """

    text: str
    label: str
    keyword_set: str
    hard: str = ""
    name: str = ""


def load_cores(root: Path) -> tuple[Core, ...]:
    """Every hand-written note of bases/notes."""
    cores = [Core(text, "routine", "") for text in _yaml(root, "routine")]
    for kind, texts in _yaml(root, "harmless").items():
        cores += [Core(text, "routine", "", f"harmless:{kind}") for text in texts]
    for name, texts in _yaml(root, "watch").items():
        cores += [Core(text, "watch", name) for text in texts]
    for name, texts in _yaml(root, "escalate").items():
        hard = "no_keyword" if name == "no_keyword" else ""
        cores += [Core(text, "escalate", "" if hard else name, hard) for text in texts]
    return tuple(core._replace(name=f"{core.label}-{number:03d}") for number, core in enumerate(cores, 1))


def generate(seed: int, root: Path) -> list[Fixture]:
    """800 routine, 130 watch and 70 escalate. Every seed has as many of each keyword set and of hard cases."""
    pools, frames = load_pools(root), _yaml(root, "frames")
    cores = load_cores(root)
    plain = [core for core in cores if core.label == "routine" and not core.hard]
    harmless = [core for core in cores if core.hard.startswith("harmless:")]
    chosen = _dealt(plain, COUNTS["routine"] - _HARMLESS) + _dealt(harmless, _HARMLESS)
    for label in ("watch", "escalate"):
        chosen += _dealt(_by_turns([core for core in cores if core.label == label]), COUNTS[label])
    seen: set[str] = set()
    made = [_written(core, place, seed, pools, frames, seen) for place, core in enumerate(chosen)]
    order = list(range(len(made)))
    chance(seed, "notes order").shuffle(order)
    return [_fixture(*made[place], number, seed) for number, place in enumerate(order, 1)]


def _by_turns(cores: list[Core]) -> list[Core]:
    """One of each keyword set after the other, so that what is dealt twice is spread over all of them."""
    by_set: dict[str, list[Core]] = {}
    for core in cores:
        by_set.setdefault(core.keyword_set or core.hard, []).append(core)
    turns = zip_longest(*by_set.values())
    return [core for turn in turns for core in turn if core is not None]


def _dealt(cores: list[Core], count: int) -> list[Core]:
    """``count`` cores, each as often as the others or once more."""
    return [cores[place % len(cores)] for place in range(count)]


def _written(
    core: Core, place: int, seed: int, pools: Mapping[str, Any], frames: Mapping[str, Any], seen: set[str]
) -> tuple[Core, str]:
    """The note in full; another try where the same text was made before."""
    for attempt in range(50):
        rng = chance(seed, "note", place, attempt)
        values = SlotValues(rng, pools)
        values.learn([core.text])
        marked = core.text.startswith(_BY_CUSTOMER)
        first_person = marked or bool(_FIRST_PERSON.match(core.text))
        opener = rng.choice(frames["letter_openers" if first_person else "openers"])
        body = core.text.removeprefix(_BY_CUSTOMER)
        text = values.fill(_mixed(body, opener, first_person, rng, frames["fillers"], values.wording))
        if text not in seen:
            seen.add(text)
            return core, text
    raise ValueError(f"no further wording for {core.text!r}")


def _mixed(
    core: str, opener: str, first_person: bool, rng: random.Random, fillers: list[str], wording: PacketWording
) -> str:
    """Fillers behind the core, and now and then one before it. What a customer wrote gets a handler's line at most."""
    count = rng.choice((0, 0, 1)) if first_person else rng.randrange(_MAX_FILLERS + 1)
    picked = rng.sample(fillers, count)
    if not _OF_ITS_OWN.search(" ".join([core, opener, *picked])):
        picked.append(wording.numbered)
    if first_person:
        return "\n".join([opener.replace("{core}", core), *(f"[{wording.desk}] {one}" for one in picked)])
    before = [picked.pop(0)] if len(picked) > 1 and rng.random() < 0.4 else []
    return opener.replace("{core}", " ".join([*before, core, *picked]))


def _fixture(core: Core, text: str, number: int, seed: int) -> Fixture:
    input_: dict[str, Any] = {"note": text}
    # The suite's files say family; another word would make it another suite.
    expect: dict[str, Any] = {"label": core.label, "families": [core.keyword_set] if core.label == "escalate" else []}
    if core.hard == "no_keyword":
        expect["families"] = []
    tags = [f"label:{core.label}"]
    if core.keyword_set:
        tags.append(f"family:{core.keyword_set}")
    if core.hard:
        tags += ["hard", f"hard:{core.hard}"]
    return Fixture(
        id=f"note-{number:04d}",
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=tuple(tags),
        provenance={"generator": "claims_v1", "seed": seed},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=f"note:{core.name}",
    )


def _yaml(root: Path, name: str) -> Any:
    """A file of bases/notes, or what bases/language/notes.yaml has under its name."""
    own = root / WORDING / "notes.yaml"
    if own.exists():
        return yaml.safe_load(own.read_text(encoding="utf-8"))[name]
    path = find_base(root, "claims_v1", Path("bases", "notes", f"{name}.yaml"))
    return yaml.safe_load(path.read_text(encoding="utf-8"))
