"""A log of documents in several forms in, each form against the first one in pairs out: which way serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Fixture, TargetRecord
from milo_bench.core.suggest import hint_for
from milo_bench.evidence.comparing import SideRef
from milo_bench.evidence.joining import join_columns, join_contracts
from milo_bench.stats.cases.columns import Cases, FixtureTable, fixture_table
from milo_bench.stats.compare import Comparison, Side, compare_sides
from milo_bench.store.log.reader import read_run_log

_TAG = "form:"


def compare_forms(ref: SideRef) -> tuple[Comparison, ...]:
    """For each target, every other form of the documents against the first, document by document.

    Forms are those that ``suite import --forms`` writes: tags ``form:text``, ``form:ocr`` and ``form:picture``.
    Raises UsageError where the log has fewer than two.
    """
    log = read_run_log(ref.path)
    fixtures = list(log.fixtures.values())
    forms = list(dict.fromkeys(form for fixture in fixtures if (form := form_of(fixture))))
    if len(forms) < 2:
        message = f"{ref.path} has no documents in two forms."
        raise UsageError(message, hint="import them with 'milo-bench suite import FOLDER --forms text,picture'.")
    targets = [target for target in log.header.targets if not ref.target or target.name == ref.target]
    if not targets:
        message = f"{ref.path} has no target '{ref.target}'."
        raise UsageError(message, hint=hint_for(ref.target, [one.name for one in log.header.targets], noun="targets"))
    table = fixture_table(fixtures, contracts=join_contracts([log]))
    cases = tuple(join_columns([log], table).values())
    # One document is one fixture here, whichever form it was sent in.
    documents = msgspec.structs.replace(table, ids=tuple(map(_document, fixtures)), hashes=("",) * len(fixtures))
    found = []
    for target in targets:
        first, *others = [_side(form, fixtures, documents, cases, target, len(targets) > 1) for form in forms]
        stopped = log.header.plan.stopping is not None
        first, *others = [replace(side, stopped=stopped) for side in (first, *others)]
        found += [compare_sides(first, other, differs=[f"form: {first.name} → {other.name}"]) for other in others]
    return tuple(found)


def form_of(fixture: Fixture) -> str:
    """``text``, ``ocr`` or ``picture``; "" for a fixture that is not one of several forms."""
    return next((tag.removeprefix(_TAG) for tag in fixture.tags if tag.startswith(_TAG)), "")


def _document(fixture: Fixture) -> str:
    return fixture.id.removesuffix(f".{form_of(fixture)}")


def _side(
    form: str,
    fixtures: Sequence[Fixture],
    documents: FixtureTable,
    cases: Sequence[Cases],
    target: TargetRecord,
    several: bool,
) -> Side:
    of_form = np.array([form_of(fixture) == form for fixture in fixtures], dtype=np.bool_)
    mine = [
        msgspec.structs.replace(one.take(of_form[one.fixture]), workload=one.workload.removesuffix(f"_{form}"))
        for one in cases
        if one.target == target.name and of_form[one.fixture].any()
    ]
    return Side(f"{form}, {target.name}" if several else form, documents, mine)
