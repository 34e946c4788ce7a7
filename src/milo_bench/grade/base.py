"""What a check is: one graded case in, verdicts out; no network, no clock, no disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, Execution, Fixture, ModelJudgement, Workload
from milo_bench.core.records import Verdict as Verdict
from milo_bench.core.registry import Registry
from milo_bench.core.suggest import hint_for
from milo_bench.grade.answer import JsonAnswer, read_json_answer


class GradeCase(msgspec.Struct):
    """One attempt beside what it was asked and what was expected of it.

    Built only for attempts without a failure. ``json`` is read from the output once, and
    shared by the checks. ``executions`` are what running the answer showed, by what was run;
    ``judgements`` what models said of it, by the name of the judge.
    """

    workload: Workload
    fixture: Fixture
    attempt: Attempt
    executions: Mapping[str, Execution] = {}
    judgements: Mapping[str, ModelJudgement] = {}
    _json: JsonAnswer | None = None

    @property
    def output(self) -> str:
        return self.attempt.output

    @property
    def json(self) -> JsonAnswer:
        if self._json is None:
            self._json = read_json_answer(self.attempt.output)
        return self._json


class Check(Protocol):
    """A check is an object with a name, a version and two methods.

    The version goes up whenever the same output could get another verdict. ``params`` are the
    check's parameters from suite.yaml; ``validate`` raises ConfigError for ones that it cannot
    use, before any model is called. ``judge`` sees only attempts that a model answered.
    """

    name: str
    version: str

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None: ...

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]: ...


@runtime_checkable
class JudgesBypass(Protocol):
    """A check that also speaks about attempts which a rail sent elsewhere before any model was called."""

    def judge_bypass(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]: ...


@runtime_checkable
class ReadsFixture(Protocol):
    """A check that needs something of the fixture: a text of the input, an expectation.

    ``unreadable`` gives the reason why it cannot judge any answer to ``fixture``, "" where it can. The answer is
    then unjudged by it, never passed, and ``judge`` is not called. A suite whose fixtures are all unreadable to
    a check is refused before a run.
    """

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str: ...


@runtime_checkable
class JudgesServed(Protocol):
    """A check that compares with the right answer, and that finds some answers wrong whatever the right one is.

    ``known_served`` are the categories of such failures: a guardrail of a gateway acts on them, and a replay of
    recorded answers on no others of the check. ``served_gap`` says why nothing is known with these parameters, ""
    where something is. ``judge_served`` judges an answer whose fixture expects nothing.
    """

    known_served: frozenset[str]

    def served_gap(self, params: Mapping[str, Any]) -> str: ...

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]: ...


@runtime_checkable
class ReadsLanguage(Protocol):
    """A check whose rules are made of the words of some languages.

    ``detector`` names its rows in ``guards/measured.json``, which say what it speaks. What an answer says in another
    language is unjudged by it.
    """

    detector: str


class MeasuredBySettings(Protocol):
    """A check that reads more or less with some parameters; ``measured_as`` names its rows with ``params``."""

    def measured_as(self, params: Mapping[str, Any]) -> str: ...


CHECKS: Registry[Check] = Registry(
    "check",
    "milo_bench.grade.checks",
    installed="milo_bench.checks",
    needs=("name", "version", "validate", "judge"),
)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a check's parameters: fields with defaults, unknown names refused."""


P = TypeVar("P", bound=Params)


def read_params(check: str, params: Mapping[str, Any], kind: type[P]) -> P:
    """``params`` as a ``kind``; ConfigError naming the check, the parameter and the remedy otherwise."""
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError as error:
        known = kind.__struct_encode_fields__
        wrong = next((name for name in params if name not in known), None)
        if wrong is not None:
            message = f"The check '{check}' has no parameter '{wrong}'."
            raise ConfigError(message, hint=hint_for(str(wrong), known, noun="parameters")) from None
        message = f"The check '{check}' cannot use its parameters: {error}"
        raise ConfigError(message, hint=f"use these parameters: {', '.join(known) or 'none'}.") from None
