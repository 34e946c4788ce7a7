"""A seed and a number of documents in, a folder as a team would bring it out, and what must be read from it."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.office.documents import PICTURE_FORMATS, TEXT_FORMATS, Page
from benchmarks.office.sheets import Kind, Labels, shown, xlsx

COLUMNS: Final = ("File", "Policy number", "Received", "Amount", "Own share", "Queue")
KINDS: Final[tuple[Kind, ...]] = ("text", "id", "date", "amount", "percent", "text")
_QUEUES: Final = {
    "motor": (
        "A lorry ran into my parked car.",
        "The left door is dented and does not close.",
        "Another driver took my right of way at the roundabout.",
        "A stone from the road broke the windscreen.",
        "Somebody scratched the bonnet in the garage at work.",
        "The garage says the axle is bent.",
        "A deer jumped in front of us on the way home.",
    ),
    "water": (
        "A pipe burst in the kitchen during the night.",
        "The floor and two cupboards are soaked.",
        "The washing machine leaked while we were away.",
        "The ceiling of the flat below is stained as well.",
        "Our plumber found the joint behind the bath.",
        "The parquet has to come out in the hall.",
        "We ran a dryer in the cellar for a fortnight.",
    ),
    "storm": (
        "The storm lifted tiles off the roof.",
        "Rain came into the attic for two days.",
        "A branch of the old oak fell onto the shed.",
        "Hail holed the cover of the terrace.",
        "The gutter was torn down along the whole front.",
        "The fence to our neighbours is lying in the road.",
        "Wind pushed in a window of the conservatory.",
    ),
}
_NAMES: Final = ("Jörg Müller", "Ann Roe", "Zoë Núñez", "Łukasz Nowak", "Björn Strauß", "Chloé Dubois")


@dataclass(frozen=True)
class Known:
    """One document: its page, the values of its row as they must come out, and whether it is a picture."""

    page: Page
    values: dict[str, str]
    is_picture: bool


@dataclass(frozen=True)
class OfficeFolder:
    """The folder that was made. ``known`` is by file name."""

    root: Path
    labels: Labels
    known: dict[str, Known]


def make_folder(root: Path, *, documents: int = 24, seed: int = 7, pictures: int = 4) -> OfficeFolder:
    """Write ``documents`` files, ``pictures`` of them without text, and ``labels.xlsx`` into the new ``root``."""
    chance = random.Random(seed)
    formats = list(TEXT_FORMATS)
    pictured = list(PICTURE_FORMATS)
    known: dict[str, Known] = {}
    rows: list[tuple[object, ...]] = []
    per_queue = -(-documents // len(_QUEUES))
    for number in range(documents):
        is_picture = number % max(documents // max(pictures, 1), 1) == 0 and number * pictures // documents < pictures
        is_picture = is_picture and pictures > 0
        pictured_before = sum(one.is_picture for one in known.values())
        ending = pictured[pictured_before % len(pictured)] if is_picture else formats[number % len(formats)]
        name = f"claim-{number + 1:04}.{ending}"
        queue = list(_QUEUES)[number // per_queue]
        day = datetime.date(2025, 1, 1) + datetime.timedelta(days=chance.randrange(365))
        values: tuple[object, ...] = (
            name,
            chance.randrange(100, 9_999),
            day.isoformat(),
            chance.randrange(1_000, 999_999) / 100,
            chance.choice((0, 0.05, 0.125, 0.5)),
            queue,
        )
        rows.append(values)
        known[name] = _document(number + 1, values, chance, is_picture=is_picture)
    labels = Labels(COLUMNS, KINDS, tuple(rows))
    root.mkdir(parents=True)
    for number, (name, one) in enumerate(known.items()):
        ending = name.partition(".")[2]
        below = root / f"batch-{number // 100 + 1}" if documents > 100 else root
        below.mkdir(exist_ok=True)
        (below / name).write_bytes({**TEXT_FORMATS, **PICTURE_FORMATS}[ending](one.page))
    (root / "labels.xlsx").write_bytes(xlsx(labels))
    return OfficeFolder(root, labels, known)


def _document(number: int, values: tuple[object, ...], chance: random.Random, *, is_picture: bool) -> Known:
    said = {column: shown(value, kind) for column, value, kind in zip(COLUMNS, values, KINDS, strict=True)}
    day = datetime.date.fromisoformat(said["Received"])
    lines = (
        f"Policy number: {said['Policy number']}",
        f"Received: {day:%d.%m.%Y}",
        f"From: {chance.choice(_NAMES)}",
        f"Amount: {said['Amount']}",
        f"Own share: {said['Own share']}",
        *chance.sample(_QUEUES[said["Queue"]], 3),
    )
    page = Page(f"Claim report {number}", lines, (("Item", "Price"), ("Repair", said["Amount"])))
    return Known(page, {column: said[column] for column in COLUMNS[1:]}, is_picture)
