"""A seed and the suite's folder in, the 50 drafting fixtures out: 32 to draft, 18 that a person must answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.core.cases.record import CaseRecord, ReplyTemplate
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.case_ops_v1.cases import (
    Made,
    Recipe,
    as_data,
    chance,
    load_storylines,
    make,
    story_of,
)
from milo_bench.suites.generators.case_ops_v1.language import CaseWording, ReplyKind, read_words
from milo_bench.suites.generators.case_ops_v1.storyline import Storyline

WORKLOAD = "drafting"
MAX_WORDS = 140
Why: TypeAlias = Literal["", "high_risk", "expired_template", "contradictory_status", "no_template"]

# Which reply a state gets; resources/reply_rules.yaml words the titles for the model. An appeal has none.
_REPLIES: Mapping[str, ReplyKind] = {
    "registered": "review",
    "awaiting_documents": "review",
    "under_review": "review",
    "on_hold": "hold",
    "suspended": "hold",
    "approved": "favour",
    "in_payment": "favour",
    "refused": "against",
    "closed": "closed",
}


def title_for(status: str, open_documents: tuple[str, ...], words: CaseWording) -> str:
    """The title of the fitting template; "" where there is none."""
    kind = "documents" if open_documents else _REPLIES.get(status)
    return words.reply_titles[kind] if kind else ""


def generate(seed: int, root: Path) -> list[Fixture]:
    """The fixtures of ``seed``; the same counts of actions and reasons for every seed."""
    stories, words = load_storylines(root), read_words(root)
    templates = tuple(msgspec.json.decode((root / "templates.json").read_bytes(), type=list[ReplyTemplate]))
    plan = _plan(stories)
    numbers = chance(seed, "drafting numbers").sample(range(60_000, 83_999), len(plan))
    rows = []
    for (story, recipe, why), number in zip(plan, numbers, strict=True):
        rng = chance(seed, "drafting", story.name, recipe, why)
        made = make(story, recipe, seed=seed + 7919, root=root, case_id=str(number))
        rows.append((made, why, _offered(made, why, templates, words, rng)))
    chance(seed, "drafting order").shuffle(rows)
    return [_fixture(f"drafting-{place:03d}", *row, words, seed) for place, row in enumerate(rows, start=1)]


def _plan(stories: tuple[Storyline, ...]) -> list[tuple[Storyline, Recipe, Why]]:
    """Fifty recipes, each of a story of its own; what few stories can be is given out first."""
    left = list(stories)

    def take(count: int, fits: Callable[[Storyline], bool]) -> list[Storyline]:
        found = [story for story in left if fits(story)][:: max(1, sum(map(fits, left)) // count)][:count]
        if len(found) < count:
            raise AssertionError(f"{count} stories of a kind are needed, and there are {len(found)}")
        for story in found:
            left.remove(story)
        return found

    def is_calm(story: Storyline) -> bool:
        return story.head.get("risk") != "high"

    def is_settled(story: Storyline) -> bool:
        return is_calm(story) and _last_status(story) in _REPLIES

    unanswerable = take(2, lambda story: is_calm(story) and not is_settled(story))
    grave = take(3, lambda story: not is_calm(story))
    asked = take(12, lambda story: is_calm(story) and _asked_at(story) is not None)
    plan: list[tuple[Storyline, Recipe, Why]] = []
    plan += [(s, Recipe(until=_asked_at(s), unanswered=True, duplicates=i % 2), "") for i, s in enumerate(asked)]
    plan += [(s, Recipe(quote=i % 2 == 0, injection=i % 5 == 1), "") for i, s in enumerate(take(10, is_settled))]
    plan += [(s, Recipe(), "expired_template") for s in take(6, is_settled)]
    plan += [(s, Recipe(ending="corrected", shuffled=i % 3 == 0), "") for i, s in enumerate(take(10, is_calm))]
    risky = [*grave, *take(3, is_calm)]
    plan += [(s, Recipe(ending="corrected" if i % 2 else "plain"), "high_risk") for i, s in enumerate(risky)]
    plan += [(s, Recipe(ending="conflict"), "contradictory_status") for s in take(4, is_calm)]
    plan += [(s, Recipe(), "no_template") for s in unanswerable]
    return plan


def _asked_at(story: Storyline) -> int | None:
    """The number of the status in which the case waits for documents."""
    statuses = [e.status for e in sorted(story.events, key=lambda e: (e.day, e.time)) if e.status]
    return statuses.index("awaiting_documents") if "awaiting_documents" in statuses else None


def _last_status(story: Storyline) -> str:
    return max((e for e in story.events if e.status), key=lambda e: (e.day, e.time)).status


def _offered(
    made: Made, why: Why, templates: tuple[ReplyTemplate, ...], words: CaseWording, rng: random.Random
) -> tuple[ReplyTemplate, ...]:
    """The fitting template, its old version and some that do not fit; without the current one if that is the case."""
    title = title_for(made.status, made.open_documents, words)
    fitting = [t for t in templates if t.title == title and not (why == "expired_template" and not t.valid_until)]
    others = [t for t in templates if t.title != title]
    current = rng.sample([t for t in others if not t.valid_until], 2)
    old = rng.sample([t for t in others if t.valid_until], 1)
    offered = [*fitting, *current, *old]
    rng.shuffle(offered)
    return tuple(offered)


def _fixture(
    id_: str, made: Made, why: Why, offered: tuple[ReplyTemplate, ...], words: CaseWording, seed: int
) -> Fixture:
    case: CaseRecord = msgspec.structs.replace(made.case, risk="high") if why == "high_risk" else made.case
    title = title_for(made.status, made.open_documents, words)
    chosen = next((t for t in offered if t.title == title and not t.valid_until), None)
    if not why and chosen is None:
        raise AssertionError(f"no template for {made.tags}")
    input_: dict[str, Any] = {
        "case": as_data(case),
        "inbound": made.inbound,
        "templates": [_template_data(t) for t in offered],
    }
    expect: dict[str, Any] = {
        "action": "escalate" if why else "draft",
        "template_id": chosen.id if chosen and not why else "",
        "required_text": list(chosen.required_text) if chosen and not why else [],
        "open_documents": list(made.open_documents),
        "current_status": "" if why else made.current_status,
        "current_status_events": list(made.current_status_events),
        "stale_statuses": list(made.stale_statuses),
        "banned": list(words.banned),
        "max_words": MAX_WORDS,
    }
    if why:
        expect["escalate_because"] = why
    return Fixture(
        id=id_,
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=(*made.tags, "escalate" if why else "draft", "outdated_template", *([f"escalate:{why}"] if why else [])),
        provenance={"generator": "case_ops_v1", "seed": seed},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=story_of(made.tags),
    )


def _template_data(template: ReplyTemplate) -> dict[str, Any]:
    data = {name: getattr(template, name) for name in template.__struct_fields__}
    return {**data, "required_text": list(template.required_text)}
