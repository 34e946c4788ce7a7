"""An attempt and its verdicts in, its kind and the text to search it by out. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from milo_bench.board.index.records import Kind, Outcome
from milo_bench.core.records import Attempt, Fixture, Graded

MOST_TEXT = 20_000  # characters of an answer that a search looks through


def fold(text: str) -> str:
    """``text`` as it is compared: compatible forms, no difference of case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text[:MOST_TEXT]).casefold().split())


def texts_of(value: object) -> str:
    """Every text within ``value``, nested or not."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "\n".join(texts_of(part) for part in value.values())
    if isinstance(value, list | tuple):
        return "\n".join(texts_of(part) for part in value)
    return "" if value is None else str(value)


def searched_text(attempt: Attempt) -> str:
    """What a search for words finds this attempt by."""
    parts = [attempt.output, *(call.arguments for call in attempt.tool_calls)]
    if attempt.failure is not None:
        parts.append(attempt.failure.message)
    return fold("\n".join(part for part in parts if part))


def kind_of(attempt: Attempt, fixture: Fixture, graded: Graded | None, *, retried: bool = False) -> Kind:
    """``graded`` is None where the answer could not be judged yet."""
    failed = [] if graded is None else [one for one in graded.verdicts if one.outcome == "fail"]
    causes = tuple(dict.fromkeys(one.category or one.check for one in failed))
    checks = tuple(dict.fromkeys(one.check for one in failed))
    outcome = _outcome(attempt, graded)
    if attempt.failure is not None:
        causes = (f"no_answer:{attempt.failure.kind}",)
    elif outcome == "unjudged":
        causes = ("unjudged",)
        checks = () if graded is None else tuple(one.check for one in graded.verdicts if one.outcome == "unjudged")
    return Kind(
        fixture.workload,
        attempt.key.target,
        attempt.key.decoding,
        "retried" if retried else outcome,
        causes if outcome in ("fail", "no_answer", "unjudged") else (),
        checks,
    )


def _outcome(attempt: Attempt, graded: Graded | None) -> Outcome:
    if attempt.failure is not None:
        return "no_answer"
    if graded is None or (graded.passed is None and not attempt.bypass):
        return "unjudged"
    if attempt.bypass and graded.passed is not False:
        return "bypass"
    return "pass" if graded.passed else "fail"
