"""An answer and the text that it was written from in, each sentence with the evidence that it cites out."""

from __future__ import annotations

import msgspec

from milo_bench.guards.cited_facts import CitedStatement, cited_statements, sources_in


def cited_answer(answer: str, given: str) -> tuple[CitedStatement, ...]:
    """The sentences of ``answer``, each with the events or numbered lines of ``given`` that it cites.

    ``given`` is a timeline, a JSON object with the inputs of a template, or a plain text.
    """
    try:
        data = msgspec.json.decode(given) if given.lstrip().startswith("{") else given
    except msgspec.DecodeError:
        data = given
    return cited_statements(answer, sources_in(data))
