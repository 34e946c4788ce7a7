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
            "These permits are in routing.yaml under operators. No model gets more than its level. The rest takes "
            "the route in the table. Anything not named is not permitted.",
        )
    )
    for one in decision.permits:
        yield Heading(3, (one.permit.target,))
        yield Paragraph(("Valid until ", Quote(one.permit.expires), " as ", Quote(one.id), "."))
        yield Table(("kind of work", "permitted", "meaning", "route for the rest", "trials"), _rows(decision, one))
        yield Paragraph(("It is void, and the model may do no operator work, if",))
        yield Bullets(tuple((Quote(text),) for text in one.permit.void_when))
    yield Paragraph(
        (
            "Then remove the target from the operators in routing.yaml (a gateway that reads it already refuses). "
            "Send its open work to human review. Run milo-bench operator run on what is served now and decide again.",
        )
    )


def _rows(decision: Decision, one: PermitEvidence) -> tuple[tuple[PageSentence, ...], ...]:
    return tuple(
        (
            (kind.title,),
            (LEVEL[kind.level],),
            (ALLOWS[kind.level],),
            (rest_goes_to(decision, one, kind.kind) or "none",),
            (Ref(kind.trials),),
        )
        for kind in one.kinds
    )
