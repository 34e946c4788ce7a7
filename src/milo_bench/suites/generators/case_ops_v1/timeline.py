"""A seed and the suite's folder in, the 60 timeline fixtures out, and the case records that the commands use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.case_ops_v1.cases import (
    Made,
    Recipe,
    StorylineEnding,
    as_data,
    chance,
    load_storylines,
    make,
    story_of,
)
from milo_bench.suites.generators.case_ops_v1.storyline import Storyline

WORKLOAD = "timeline"
# The stories of the case records that the commands use, in their order.
_SHOWN = (
    "allotment_licence", "blue_badge", "boiler_loan", "care_allowance", "council_repair", "crop_damage",
    "flood_insurance", "gas_debt", "hearing_aid", "housing_move", "jobseeker_sanction",
)  # fmt: skip
_LONG, _LONGER = 40, 52


def generate(seed: int, root: Path) -> list[Fixture]:
    """24 late corrections, 8 contradictions, 28 others; the same tag counts for every seed."""
    stories = load_storylines(root)
    plan = _plan(stories)
    numbers = chance(seed, "timeline numbers").sample(range(30_000, 59_999), len(plan))
    made = [
        make(story, recipe, seed=seed, root=root, case_id=str(number))
        for (story, recipe), number in zip(plan, numbers, strict=True)
    ]
    chance(seed, "timeline order").shuffle(made)
    return [_fixture(f"timeline-{place:03d}", one, seed) for place, one in enumerate(made, start=1)]


def case_records(root: Path) -> list[CaseRecord]:
    """The case records shipped for the commands: the rich case 84291 first, one contradictory case among them."""
    stories = {story.name: story for story in load_storylines(root)}
    shown = [stories[name] for name in _SHOWN]
    rich = Recipe(ending="corrected", quote=True, duplicates=2, shuffled=True, total=_LONG)
    cases = [make(stories.pop("lost_pension_years"), rich, seed=1, root=root, case_id="84291").case]
    for place, story in enumerate(shown):
        ending: StorylineEnding = "conflict" if place == 4 else "corrected" if place % 3 == 0 else "plain"
        recipe = Recipe(ending=ending, duplicates=place % 2, shuffled=place % 4 == 1)
        cases.append(make(story, recipe, seed=1, root=root, case_id=str(84300 + 7 * place)).case)
    return cases


def _plan(stories: tuple[Storyline, ...]) -> list[tuple[Storyline, Recipe]]:
    """One recipe for each story: of each fifteen, six corrections, two contradictions, one unanswered, six others."""
    plan: list[tuple[Storyline, Recipe]] = []
    for place, story in enumerate(stories):
        turn, block = place % 15, place // 15
        if turn in (0, 3, 5, 8, 10, 13):
            recipe = Recipe(
                ending="corrected",
                quote=place % 2 == 0,
                duplicates=place % 3,
                shuffled=place % 4 == 1,
                injection=place % 6 == 2,
                total=_LONG if place % 5 == 3 else 18 if place % 5 == 1 else 0,
            )
        elif turn in (2, 9):
            long = _LONG if (turn, block) == (9, 1) else 0
            recipe = Recipe(ending="conflict", duplicates=block % 2, shuffled=turn == 9, total=long)
        elif turn == 6:
            recipe = Recipe(until=1, unanswered=True, shuffled=block % 2 == 0)
        else:
            whole = place % 2 == 0
            count = sum(bool(e.status) for e in story.events)
            recipe = Recipe(
                until=None if whole else max(1, count - 2),
                quote=whole,
                duplicates=(place + 1) % 3,
                shuffled=place % 3 == 0,
                injection=place % 8 == 5,
                total=_LONGER if place % 8 == 4 else 0,
            )
        plan.append((story, recipe))
    return plan


def _fixture(id_: str, made: Made, seed: int) -> Fixture:
    input_: dict[str, Any] = {"case": as_data(made.case)}
    expect = {
        "route": "human_review" if made.conflict else "summarise",
        "current_status": made.current_status,
        "current_status_events": list(made.current_status_events),
        "stale_statuses": list(made.stale_statuses),
        "open_documents": list(made.open_documents),
        "received_documents": list(made.received_documents),
    }
    return Fixture(
        id=id_,
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=made.tags,
        provenance={"generator": "case_ops_v1", "seed": seed},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=story_of(made.tags),
    )
