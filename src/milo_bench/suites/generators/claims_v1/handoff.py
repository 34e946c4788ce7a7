"""A seed and the suite's folder in, the 150 handoff fixtures out: short packets with documents only spoken of."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.claims_v1.packet import Bases, Packet, Recipe, build, load_bases
from milo_bench.suites.generators.claims_v1.story import DocumentState, Signal, Story
from milo_bench.suites.generators.claims_v1.text import chance

WORKLOAD = "handoff"
COUNT: Final = 150
_SPOKEN_OF: Final[tuple[DocumentState, ...]] = ("referenced", "promised", "enclosed")
_ABSENT: Final = (2, 1, 3, 2, 1, 2, 3, 2, 1, 2)
_SIGNALS: Final[tuple[Signal, ...]] = ("routine", "routine", "watch", "routine", "escalate")


def generate(seed: int, root: Path) -> list[Fixture]:
    """One to three documents of each excerpt are only spoken of, in equal numbers whatever the seed."""
    bases = load_bases(root)
    made = [_make(place, seed, bases) for place in range(COUNT)]
    order = list(range(COUNT))
    chance(seed, "handoff order").shuffle(order)
    return [_fixture(*made[place], number, seed) for number, place in enumerate(order, 1)]


def _make(place: int, seed: int, bases: Bases) -> tuple[Packet, Story]:
    story, telling = bases.stories[place % len(bases.stories)], place // len(bases.stories)
    rng = chance(seed, "handoff", place)
    keys = list(story.items)
    rng.shuffle(keys)
    count = _ABSENT[(place + telling) % len(_ABSENT)]
    states: dict[str, DocumentState] = {
        key: _SPOKEN_OF[(place + telling + number) % 3] if number < count else "present"
        for number, key in enumerate(keys)
    }
    hooks = {document.title for document in story.documents if any(line.status for line in document.lines)}
    others = [document.title for document in story.documents if not document.item and document.title not in hooks]
    # Where the states are told of must stay; of the rest, an excerpt leaves some out.
    opening = min(story.documents, key=lambda one: one.day).title
    kept = frozenset({opening} | hooks | set(rng.sample(others, max(1, len(others) - rng.randrange(0, 3)))))
    signal = _SIGNALS[(place + place // 5) % len(_SIGNALS)]
    recipe = Recipe(signal=signal, states=states, documents=kept)
    return build(story, recipe, bases, seed=seed, name=f"handoff {place}"), story


def _fixture(packet: Packet, story: Story, number: int, seed: int) -> Fixture:
    input_: dict[str, Any] = {"claim_id": packet.claim_id, "packet": packet.text}
    spoken_of = [entry["state"] for entry in packet.missing]
    expect: dict[str, Any] = {
        "referenced_documents": packet.missing,
        "reviewed_documents": [
            {"name": one["title"], "lines": one["lines"], "aliases": list(story.items[one["item"]].aliases)}
            if one["item"]
            else {"name": one["title"], "lines": one["lines"], "aliases": []}
            for one in packet.documents
        ],
        "key_facts": packet.facts,
        "words": packet.words,
    }
    tags = (
        f"story:{story.name}",
        f"line:{story.line}",
        f"signal:{packet.signal}",
        f"only_referenced:{len(spoken_of)}",
        *(f"trap:{state}" for state in sorted(set(spoken_of))),
        *(["sensitive"] if story.sensitive else []),
    )
    return Fixture(
        id=f"handoff-{number:03d}",
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=tags,
        provenance={"generator": "claims_v1", "seed": seed},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=f"story:{story.name}",
    )
