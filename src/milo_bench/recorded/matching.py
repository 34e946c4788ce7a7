"""Cases of a recording and a suite in, the fixture of each case out: by id, else by exactly the same input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Fixture
from milo_bench.recorded.answer import Account
from milo_bench.recorded.cases import RecordedCase
from milo_bench.suites.load import Suite
from milo_bench.suites.prompts import render_prompt


def match_cases(cases: Sequence[RecordedCase], suite: Suite, account: Account) -> dict[int, Fixture]:
    """The fixture of each case by the case's number. A case without one is counted in ``account``.

    Raises DataError where no case has one.
    """
    by_id = {fixture.id: fixture for fixture in suite.fixtures}
    by_input: dict[str, Fixture | None] | None = None
    found: dict[int, Fixture] = {}
    for number, case in enumerate(cases):
        fixture = by_id.get(case.id)
        if fixture is None and case.input:
            if by_input is None:
                by_input = _by_input(suite)
            fixture = next((one for text in _texts(case.input) if (one := by_input.get(_folded(text)))), None)
        if fixture is None:
            account.leave("a case that the suite does not have", case.where, "give its id, or make a suite of these.")
        else:
            found[number] = fixture
    if not found:
        theirs = cases[0].id if cases else "none"
        message = f"None of the {len(cases)} recorded cases is in the suite '{suite.ref.name}'."
        hint = (
            f"their ids look like '{theirs[:60]}', the suite's like '{suite.fixtures[0].id}'. "
            "Map the right column to id, or use --make-suite DIR."
        )
        raise DataError(message, hint=hint)
    return found


def _by_input(suite: Suite) -> dict[str, Fixture | None]:
    """Fixtures by each text that only they have: of their input, or of their rendered prompt."""
    found: dict[str, Fixture | None] = {}
    for fixture in suite.fixtures:
        texts = {_folded(text) for text in (*_texts(fixture.input), *_prompt_texts(fixture, suite))}
        for text in texts:
            found[text] = None if text in found else fixture
    return found


def _prompt_texts(fixture: Fixture, suite: Suite) -> Iterator[str]:
    workload = suite.workloads[fixture.workload]
    variables = {"input": fixture.input, "prepared": {}, "resources": workload.resources}
    try:
        messages = render_prompt(workload, variables)
    except MiloError:
        return  # a prompt that needs what a deterministic step makes; then the input alone tells
    yield "\n\n".join(message.content for message in messages)
    yield from (message.content for message in messages if message.role == "user")


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)


def _folded(text: str) -> str:
    return " ".join(text.split())
