"""A seed and the suite's folder in, the 120 packet_summary fixtures out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.claims_v1.packet import MISSING, Packet, Recipe, build, load_bases
from milo_bench.suites.generators.claims_v1.story import DocumentState, Signal, Story
from milo_bench.suites.generators.claims_v1.text import chance

WORKLOAD = "packet_summary"
COUNT: Final = 120
# (band, lowest, highest, how many, closed claims bound in)
BANDS: Final = (
    ("short", 1_200, 2_000, 38, 0),
    ("medium", 2_000, 4_000, 40, 1),
    ("long", 4_000, 7_500, 24, 2),
    ("overlong", 7_500, 8_500, 18, 4),
)
_MISSING_COUNTS: Final = (1, 2, 2, 3, 1, 2, 0, 1, 3, 2, 1, 2, 4, 1, 2, 3, 2, 1, 0, 2)
_SIGNALS: Final[tuple[Signal, ...]] = (
    "routine",
    "watch",
    "routine",
    "escalate",
    "routine",
    "watch",
    "routine",
    "routine",
    "escalate",
    "watch",
)


def generate(seed: int, root: Path) -> list[Fixture]:
    """The same number of packets for every band, signal, state and story, whatever the seed."""
    bases = load_bases(root)
    order = list(range(COUNT))
    chance(seed, "packet order").shuffle(order)
    made = []
    for place in range(COUNT):
        story = bases.stories[place % len(bases.stories)]
        rng = chance(seed, "packet", place)
        band, low, high, closed = _band(place)
        states = _states(story, place, place // len(bases.stories), seed)
        recipe = Recipe(
            signal=_SIGNALS[(place + place // len(_SIGNALS)) % len(_SIGNALS)],
            states=states,
            words=rng.randrange(low + 60, high - 40, 10),
            closed=closed,
        )
        packet = build(story, recipe, bases, seed=seed, name=f"packet {place}")
        made.append(_fixture(packet, story, band, seed))
    ordered = [made[place] for place in order]
    return [_named(fixture, number) for number, fixture in enumerate(ordered, 1)]


def _band(place: int) -> tuple[str, int, int, int]:
    """Bands go round with a stride, so that each story and each signal meets all of them."""
    spot = place * 37 % COUNT
    for band, low, high, count, closed in BANDS:
        if spot < count:
            return band, low, high, closed
        spot -= count
    raise AssertionError("the bands do not add up to the number of packets")


def _states(story: Story, place: int, telling: int, seed: int) -> dict[str, DocumentState]:
    """How many are missing and in which way follows from place and telling; which documents they are, from the seed."""
    keys = list(story.items)
    chance(seed, "states", place).shuffle(keys)
    count = min(_MISSING_COUNTS[(place + 3 * telling) % len(_MISSING_COUNTS)], len(keys))
    states: dict[str, DocumentState] = {}
    for number, key in enumerate(keys):
        if number < count:
            states[key] = MISSING[(place + telling + number) % len(MISSING)]
        else:
            states[key] = "waived" if number == count and place % 4 == 1 else "present"
    return states


def _fixture(packet: Packet, story: Story, band: str, seed: int) -> Fixture:
    input_: dict[str, Any] = {"claim_id": packet.claim_id, "packet": packet.text}
    expect: dict[str, Any] = {
        "missing_documents": packet.missing,
        "waived_documents": packet.waived,
        "present_documents": packet.present,
        "escalation": {"level": packet.signal, "lines": packet.signal_lines},
        "key_facts": packet.facts,
        "words": packet.words,
    }
    states = {entry["state"] for entry in (*packet.missing, *packet.waived)}
    tags = (
        f"length:{band}",
        f"story:{story.name}",
        f"line:{story.line}",
        f"signal:{packet.signal}",
        f"missing:{len(packet.missing)}",
        *(f"trap:{state}" for state in sorted(states)),
        *(["sensitive"] if story.sensitive else []),
    )
    return Fixture(
        id="",
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=tags,
        provenance={"generator": "claims_v1", "seed": seed},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=f"story:{story.name}",
    )


def _named(fixture: Fixture, number: int) -> Fixture:
    return msgspec.structs.replace(fixture, id=f"packet-{number:03d}")
