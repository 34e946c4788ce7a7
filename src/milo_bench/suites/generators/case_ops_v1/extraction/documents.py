"""A seed and the suite's folder in, the 70 extraction fixtures out; the same seed always gives the same ones.

Each document is a hand-written base (``bases/extraction``) filled in by the seed: people, dates
and their forms, numbers, wordings, layout and noise. Every character knows from the start which
field it proves, so gold values and spans hold by construction through all noise; nothing is
searched for afterwards. The rules by which a value is right stand in
``case_ops_v1_extraction_rules``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Fixture
from milo_bench.suites.generators.case_ops_v1.extraction.base import (
    SAFE_LOADER,
    Base,
    Node,
    Pick,
    Proof,
    Slot,
    load_bases,
)
from milo_bench.suites.generators.case_ops_v1.extraction.ink import (
    NO_MARKS,
    Ink,
    Marks,
    Pass,
    apply,
    mojibake,
    ocr,
    pages,
    wrap,
)
from milo_bench.suites.generators.case_ops_v1.extraction.rules import FIELDS, NULLABLE_FIELDS
from milo_bench.suites.generators.case_ops_v1.extraction.values import DocumentValues
from milo_bench.suites.wording import WORDING, find_base, read_texts

WORKLOAD = "extraction"
FOLDER = Path("bases", "extraction")
COUNT = 70
# What each tag of a trap says about the document stands in the bases' heads; these follow from the text.
_CASE_FORMS = frozenset({"spaced", "dashed", "dotted", "prefixed", "suffixed"})


def generate(seed: int, root: Path) -> list[Fixture]:
    """The fixtures of ``seed`` from the bases under ``root``, the folder of suite.yaml.

    Raises DataError for a base that cannot be used.
    """
    folder = find_base(root, "case_ops_v1", FOLDER)
    texts = read_texts(root / WORDING / "extraction.txt")
    parts = {name: text for name, text in texts.items() if name.startswith("parts/")}
    pools = read_pools(folder, values=root / WORDING / "values.yaml", texts=parts)
    bases = load_bases(folder, {name: text for name, text in texts.items() if name not in parts})
    noisy = _draw_noise(bases, seed)
    # A language with fewer base documents tells some of them again, with other values and in the same group.
    told = [(bases[place % len(bases)], place // len(bases)) for place in range(COUNT)]
    order = _chance(seed, "order")
    numbers = order.sample(range(12_000, 98_999), len(told))
    order.shuffle(told)
    fixtures = []
    for place, ((base, telling), number) in enumerate(zip(told, numbers, strict=True), start=1):
        rng = _chance(seed, base.name, base.variant, *([str(telling)] if telling else []))
        values = DocumentValues(rng, base.head, pools, case_id=str(number))
        extra = noisy.get((base.name, base.variant))
        fixtures.append(_fixture(f"extraction-{place:03d}", base, values, extra, seed=seed))
    return fixtures


def read_pools(folder: Path, *, values: Path | None = None, texts: Mapping[str, str] = {}) -> dict[str, Any]:
    """values.yaml, and the texts in parts/ by kind: ``parts/disclaimer_2.txt`` is a ``disclaimer``.

    ``values`` and ``texts``: those of another language, where it has its own.
    """
    path = values if values is not None and values.exists() else folder / "values.yaml"
    pools = _values(path.read_text(encoding="utf-8"))
    parts: dict[str, list[str]] = {}
    for file in sorted((folder / "parts").glob("*.txt")):
        text = texts.get(f"parts/{file.stem}") if texts else file.read_text(encoding="utf-8").strip("\n")
        if text is not None:
            parts.setdefault(file.stem.rpartition("_")[0], []).append(text)
    return {**pools, "parts": parts}


@cache
def _values(text: str) -> Mapping[str, Any]:
    """Read once: a load run draws from the same values hundreds of times, and changes none."""
    found: Mapping[str, Any] = yaml.load(text, Loader=SAFE_LOADER)  # noqa: S506  it is a safe one
    return found


def compose(base: Base, values: DocumentValues, extra_noise: str | None) -> Ink:
    """The document of ``base`` with ``values``, after its noise and ``extra_noise``."""
    ink = Ink()
    _write(ink, base.nodes, values, NO_MARKS)
    return apply(ink, _passes(base, values, ink, extra_noise), values.rng)


def _fixture(id_: str, base: Base, values: DocumentValues, extra: str | None, *, seed: int) -> Fixture:
    ink = compose(base, values, extra)
    head = base.head
    stated: dict[str, str | None] = {
        "case_id": values.case_id,
        "claimant_name": values.claimant.full,
        "received_date": values.received.isoformat(),
        "issue_type": head.issue_type,
        "urgency": head.urgency,
    }
    proved = base.proves()
    fields = {name: stated[name] if name in proved else None for name in FIELDS}
    spans: dict[str, list[list[int]]] = {}
    for place in ink.places():
        spans.setdefault(place.field, []).append([place.start, place.end])
    tags = tags_of(base, values.pools, extra)
    input_ = {"document": ink.text, "kind": head.kind}
    expect = {
        "fields": fields,
        "spans": {name: spans[name][0] for name in FIELDS if name in spans},
        "other_spans": {name: spans[name][1:] for name in FIELDS if len(spans.get(name, ())) > 1},
        "decoys": values.decoys,
        "traps": [tag for tag in tags if tag.startswith("trap:")],
    }
    return Fixture(
        id=id_,
        workload=WORKLOAD,
        input=input_,
        expect=expect,
        tags=tuple(tags),
        provenance={"generator": "case_ops_v1", "seed": seed, "base": base.name, "variant": base.variant},
        hash=sha256_data([WORKLOAD, input_, expect]),
        group=f"document:{base.name}",
    )


def tags_of(base: Base, pools: dict[str, Any], extra_noise: str | None) -> list[str]:
    """Size, sender, noise, missing fields and traps of a document."""
    head = base.head
    slots = list(base.slots())
    people = {slot.name.split(".")[1] for slot in slots if slot.name.startswith("person.")}
    foreign = {pool for slot in slots if (pool := slot.argument) in pools["foreign_formats"]}
    noise = [*head.noise, *([extra_noise] if extra_noise else [])]
    traps = {f"trap:{tag}" for tag in head.tags if tag not in ("sensitive", "table", "signature")}
    traps |= {"trap:competing_dates"} if len(head.dates) >= 2 else set()
    traps |= {"trap:effective_date"} if "effective" in head.dates else set()
    traps |= {"trap:other_names"} if people else set()
    traps |= {"trap:old_reference"} if any(slot.name == "old_case_id" for slot in slots) else set()
    traps |= {"trap:case_id_form"} if any(slot.argument in _CASE_FORMS for slot in slots) else set()
    traps |= {"trap:foreign_date"} if foreign else set()
    missing = [f"missing:{name}" for name in NULLABLE_FIELDS if name not in base.proves()]
    plain = [tag for tag in head.tags if tag in ("sensitive", "table", "signature")]
    decoys = ["decoys"] if traps & {"trap:competing_dates", "trap:other_names", "trap:old_reference"} else []
    return [
        head.size,
        f"kind:{head.kind}",
        f"sender:{head.sender}",
        *plain,
        *(["noise"] if _is_noisy(noise) else []),
        *(f"noise:{kind}" for kind in noise),
        *decoys,
        *missing,
        *sorted(traps),
    ]


def _chance(seed: int, *names: str) -> random.Random:
    """A generator of its own for each document, so that changing one base leaves the others as they are."""
    # Not for secrets: fixtures must come out the same for the same seed.
    return random.Random("/".join((str(seed), *names)))  # noqa: S311


def _draw_noise(bases: list[Base], seed: int) -> dict[tuple[str, str], str]:
    """Half of the documents that allow a kind of noise get it; how many is the same for every seed."""
    drawn: dict[tuple[str, str], str] = {}
    # Among documents that have noise anyway and among clean ones apart, so that tags come in equal numbers.
    groups: dict[tuple[str, bool], list[Base]] = {}
    for base in bases:
        if base.head.maybe:
            groups.setdefault((base.head.maybe, _is_noisy(base.head.noise)), []).append(base)
    for (kind, already), group in groups.items():
        for base in _chance(seed, "noise", kind, str(already)).sample(group, (len(group) + 1) // 2):
            drawn[base.name, base.variant] = kind
    return drawn


def _is_noisy(kinds: Iterable[str]) -> bool:
    """Plain line breaks are no noise."""
    return bool(set(kinds) - {"wrapped"})


def _write(ink: Ink, nodes: tuple[Node, ...], values: DocumentValues, marks: Marks) -> None:
    for node in nodes:
        match node:
            case str():
                ink.write(node, marks)
            case Slot(name=name, argument=argument) if name == "part":
                ink.write(values.rng.choice(values.pools["parts"][argument]), marks)
            case Slot():
                for words, field in values.fill(node):
                    ink.write(words, marks | {_new_mark(ink, field)} if field else marks)
            case Proof(field=field, children=children):
                _write(ink, children, values, marks | {_new_mark(ink, field)})
            case Pick(options=options):
                _write(ink, values.rng.choice(options), values, marks)


def _new_mark(ink: Ink, field: str) -> int:
    mark = len(ink.owners)
    ink.owners[mark] = field
    return mark


def _passes(base: Base, values: DocumentValues, ink: Ink, extra: str | None) -> list[Pass]:
    """The noise of a document in the order in which a scanner and a converter add it."""
    kinds = {*base.head.noise, extra}
    passes: list[Pass] = []
    if kinds & {"wrapped", "hyphenation", "pages", "ocr"}:
        passes.append(wrap(base.head.width, hyphenate="hyphenation" in kinds))
    if "pages" in kinds and base.head.page:

        def piece(nodes: tuple[Node, ...], page: int) -> Ink:
            numbered = tuple(Slot("page", str(page)) if isinstance(n, Slot) and n.name == "page" else n for n in nodes)
            part = ink.blank()
            _write(part, numbered, values, NO_MARKS)
            return part

        header, footer = base.header, base.footer
        lines = base.head.page.lines
        passes.append(pages(lambda n: piece(header, n), lambda n: piece(footer, n), lines_per_page=lines))
    if "ocr" in kinds:
        passes.append(ocr)
    if "mojibake" in kinds:
        passes.append(mojibake)
    return passes
