"""An answer and its workload's contract in; the answer without the sentences that cite nothing, and those, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from milo_bench.core.once import once
from milo_bench.core.records import Workload

CitationForm: TypeAlias = Literal["events", "lines"]  # [E-0412] of a case record, [L12] of a text with numbered lines


def citation_form(workload: Workload) -> CitationForm | None:
    """How sentences of this prose cite, None where no check asks each of them to."""
    checks = {check.name: check.params for check in workload.checks}
    if "citation_coverage" in checks:
        return "events"
    lines = checks.get("evidence_lines")
    if lines is None or lines.get("sections") or lines.get("rows"):  # items and rows are no sentences to cut
        return None
    return "lines"


def cut_uncited(text: str, form: CitationForm) -> tuple[str, tuple[str, ...]]:
    """``text`` without the sentences that make a claim and cite nothing, and those sentences."""
    return _removers()[form](text)


@once
def _removers() -> Mapping[CitationForm, Callable[[str], tuple[str, tuple[str, ...]]]]:
    """Late: a gateway that cuts nothing does not carry what finds sentences and citations."""
    from milo_bench.guards.citing.cut import remove_uncited, remove_uncited_by_lines

    return {"events": remove_uncited, "lines": remove_uncited_by_lines}
