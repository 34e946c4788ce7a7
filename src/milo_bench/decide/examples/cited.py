"""An answer, its marked spans and its input in; its sentences with the evidence beside each, bounded, out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from milo_bench.core.records import Attempt, Fixture, Span, Verdict
from milo_bench.core.text import shorten
from milo_bench.decide.records import ShownStatement
from milo_bench.guards.citing.statements import CitedSource, cited_statements, sources_in

_UNCITED: Final = {"citation_coverage": "", "evidence_lines": "no_evidence"}  # check: category, "" for any
_MOST_SENTENCE: Final = 600
_MOST_SOURCE: Final = 300
_MOST_SOURCES: Final = 6
_MOST_STATEMENTS: Final = 24


def shown_statements(
    attempt: Attempt, fixture: Fixture, spans: Sequence[Span], verdicts: Sequence[Verdict]
) -> tuple[ShownStatement, ...]:
    """The sentences of the answer, each with its evidence and with what is marked in it; () where it cites nothing.

    Which of them lack a citation is what the check of citations said of the answer, in ``verdicts``.
    """
    if attempt.failure is not None or attempt.bypass:
        return ()
    found = cited_statements(attempt.output, sources_in(fixture.input, attempt.prepared))
    if not any(one.sources for one in found):
        return ()
    lacking = [span for one in verdicts if _lacks_citation(one) for span in one.spans]
    return tuple(
        ShownStatement(
            text=shorten(one.text, _MOST_SENTENCE),
            spans=tuple(
                Span("output", max(span.start, one.start) - one.start, min(span.end, one.end) - one.start, span.label)
                for span in spans
                if span.where == "output" and max(span.start, one.start) < min(span.end, one.end)
            ),
            sources=tuple(
                CitedSource(source.id, shorten(source.text, _MOST_SOURCE)) for source in one.sources[:_MOST_SOURCES]
            ),
            uncited=any(span.where == "output" and span.start < one.end and one.start < span.end for span in lacking),
        )
        for one in found[:_MOST_STATEMENTS]
    )


def _lacks_citation(verdict: Verdict) -> bool:
    if verdict.outcome != "fail" or verdict.check not in _UNCITED:
        return False
    return _UNCITED[verdict.check] in ("", verdict.category)
