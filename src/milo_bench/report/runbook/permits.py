"""Permits of a decision in, the runbook's part on operator work out: levels, and what ends them."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.decide.records import Decision, PermitEvidence, Ref
from milo_bench.report.pages.blocks import Block, Bullets, Heading, PageSentence, Paragraph, Quote, Table
from milo_bench.report.pages.permits import ALLOWS, LEVEL, rest_goes_to


def permit_blocks(decision: Decision) -> Iterator[Block]:
    """Nothing where the decision has no permits."""
    if not decision.permits:
        return
    yield Heading(2, ("Operator work",))
    yield Paragraph(
        (
            "routing.yaml holds these permits under operators. Nobody gives a model more than its level; what the "
            "level does not allow goes where the last column says. What no permit names is not permitted.",
        )
    )
    for one in decision.permits:
        yield Heading(3, (one.permit.target,))
        yield Paragraph(("Holds until ", Quote(one.permit.expires), " as ", Quote(one.id), "."))
        yield Table(("kind of work", "permitted", "which means", "the rest goes to", "trials"), _rows(decision, one))
        yield Paragraph(("It is void, and the model may do nothing as an operator, when",))
        yield Bullets(tuple((Quote(text), ";") for text in one.permit.void_when))
    yield Paragraph(
        (
            "Then: take the target out of the operators of routing.yaml (a gateway that reads it refuses by itself), "
            "give its open work to people, run milo-bench operator run again on what is served now, and decide again.",
        )
    )


def _rows(decision: Decision, one: PermitEvidence) -> tuple[tuple[PageSentence, ...], ...]:
    return tuple(
        (
            (kind.title,),
            (LEVEL[kind.level],),
            (ALLOWS[kind.level],),
            (rest_goes_to(decision, one, kind.kind) or "nothing is left over",),
            (Ref(kind.trials),),
        )
        for kind in one.kinds
    )
