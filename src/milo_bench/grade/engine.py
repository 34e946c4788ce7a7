"""Attempts and the workloads they belong to in, graded attempts out; no network, no disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from milo_bench.core.errors import ConfigError, DataError, IncompleteRun, MiloError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.once import once
from milo_bench.core.records import Attempt, CheckSpec, Execution, Fixture, Graded, ModelJudgement, Verdict, Workload
from milo_bench.core.records.judgements import JUDGED
from milo_bench.core.text import says_nothing
from milo_bench.grade.base import CHECKS, Check, GradeCase, JudgesBypass, JudgesServed, ReadsFixture, ReadsLanguage
from milo_bench.grade.own_check import OwnCheck, own_names, version_of
from milo_bench.grade.per_workload import PerWorkload
from milo_bench.grade.reading.empty import answers_nothing


class CheckBroken(MiloError):
    """A check raised instead of judging. The grader is at fault, not the model: no verdict is made up."""


class _Step(NamedTuple):
    check: Check
    spec: CheckSpec
    bypass: JudgesBypass | None
    needs: ReadsFixture | None
    detector: str  # of a check that reads the words of some languages, else ""
    served: JudgesServed | None


def validate_checks(workload: Workload) -> None:
    """Every check of ``workload`` exists and can use its parameters.

    Raises UsageError with a suggestion for an unknown check and ConfigError for parameters.
    """
    for name in own_names(workload):
        if name in CHECKS:
            message = f"Workload '{workload.name}': the suite's own check '{name}' has the name of a built-in one."
            raise ConfigError(message, hint="give the function another name.")
    for step in _steps(workload):
        try:
            step.check.validate(step.spec.params, workload)
        except ConfigError as error:
            message = f"Workload '{workload.name}': {error.message}"
            raise ConfigError(message, hint=error.hint) from error


def served_gap(spec: CheckSpec) -> str:
    """Why a check with these settings finds no answer wrong while the right one is unknown; "" where it can.

    That of a check which never compares with the right answer is "".
    """
    check = CHECKS.get(spec.name) if spec.name in CHECKS else None
    return check.served_gap(spec.params) if isinstance(check, JudgesServed) else ""


def known_served(check: str) -> frozenset[str] | None:
    """The categories of a check's failures that need no right answer; None where none of its failures needs one."""
    found = CHECKS.get(check)
    return found.known_served if isinstance(found, JudgesServed) else None


class UnreadFixtures(Struct, frozen=True):
    """A check that cannot judge any answer to some ``fixtures`` (their ids) ``of`` a workload, and why."""

    check: str
    fixtures: tuple[str, ...]
    of: int
    reason: str
    keys: tuple[str, ...]

    @property
    def text(self) -> str:
        return (
            f"the check '{self.check}' cannot judge {len(self.fixtures)} of {self.of} fixtures: {self.reason}, "
            f"for example in {self.fixtures[0]}"
        )

    @property
    def hint(self) -> str:
        keys = ", ".join(self.keys) or "nothing"
        return (
            f"name the right key in the check's parameters or add it to the fixtures. The input contains: {keys}. "
            "An expectation of null says that the check does not apply."
        )

    @property
    def is_doubt(self) -> bool:
        """Whether the check can judge some fixtures, so that the suite can be run."""
        return len(self.fixtures) < self.of


def unread_fixtures(workload: Workload, fixtures: Iterable[Fixture]) -> tuple[UnreadFixtures, ...]:
    """The checks of ``workload`` with fixtures of it that they cannot read; answers to those are unjudged."""
    mine = [fixture for fixture in fixtures if fixture.workload == workload.name]
    found = []
    for check, spec, _, needs, _, _ in _steps(workload):
        if needs is None:
            continue
        why = [(fixture, reason) for fixture in mine if (reason := needs.unreadable(fixture, spec.params))]
        if why:
            ids = tuple(fixture.id for fixture, _ in why)
            found.append(UnreadFixtures(check.name, ids, len(mine), why[0][1], tuple(why[0][0].input)))
    return tuple(found)


def grade_attempt(
    workload: Workload,
    fixture: Fixture,
    attempt: Attempt,
    executions: Mapping[str, Execution] | None = None,
    judgements: Mapping[str, ModelJudgement] | None = None,
    *,
    served: bool = False,
    only: str = "",
) -> Graded:
    """All verdicts of one attempt; with ``only``, those of the check of that name.

    ``served``: the right answer is not known, so a check that compares with it says what it can without
    (``JudgesServed``).

    A failure has nothing to judge: ``passed`` is None and there are no verdicts. A bypassed
    attempt is judged only by checks that speak about bypass. An answer passes when at least one
    verdict passed, none failed and no check was left unjudged; a blank answer passes no check, whatever the
    check says. ``passed`` is None as well where a check could not read what it needs and none failed.
    ``executions`` are what the suite's own checks showed on this answer, by their names, ``judgements`` what model
    judges recorded of it. What a model judge accepts or rejects alone never makes an answer pass or fail: judges err,
    so ``passed`` is None there, and rates are corrected (``decide.gates.judged``).

    Raises DataError where the log holds only a hash of the answer, IncompleteRun where an own check was never
    executed on it, CheckBroken where a check raises.
    """
    if attempt.failure is not None:
        return Graded(attempt.key, workload.name, (), None)
    _require_text(attempt)
    case = GradeCase(workload, fixture, attempt, executions or {}, judgements or {})
    verdicts: list[Verdict] = []
    for check, spec, bypass, needs, detector, live in _steps(workload):
        try:
            if (only and spec.name != only) or (attempt.bypass and bypass is None):
                continue
            if served and live is not None:
                verdicts.extend(_as_spoken(detector, case, live.judge_served(case, spec.params)))
            elif needs is not None and (why := needs.unreadable(fixture, spec.params)):
                verdicts.append(Verdict(check.name, check.version, "unjudged", reason=why))
            elif not attempt.bypass:
                verdicts.extend(_as_spoken(detector, case, check.judge(case, spec.params)))
            elif bypass is not None:
                verdicts.extend(bypass.judge_bypass(case, spec.params))
        except IncompleteRun:
            raise
        except Exception as error:  # whatever a check raises means the same: it did not judge
            raise _broken(check, fixture, attempt, error) from error
    if not attempt.bypass and not attempt.tool_calls and answers_nothing(attempt.output):
        blank = says_nothing(attempt.output)  # marks such as "..." may be what is expected
        verdicts = [_not_passed(verdict) if blank or not verdict.expected else verdict for verdict in verdicts]
    return Graded(attempt.key, workload.name, tuple(verdicts), _passed(verdicts))


def _as_spoken(detector: str, case: GradeCase, verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    """``verdicts`` of a check, unjudged where the answer is in a language that its ``detector`` does not speak."""
    if not detector:
        return verdicts
    as_json = case.workload.json_schema is not None and case.json.usable
    return _in_spoken()(verdicts, case.output, case.workload, detector, as_json=as_json)


@once
def _in_spoken() -> Callable[..., Iterable[Verdict]]:
    """Late: a gateway whose guards read no language does not carry what tells languages apart."""
    from milo_bench.grade.languages.answers import in_spoken_languages

    return in_spoken_languages


def _passed(verdicts: Sequence[Verdict]) -> bool | None:
    outcomes = {verdict.outcome for verdict in verdicts if verdict.check != JUDGED}
    judged = any(verdict.check == JUDGED and verdict.outcome != "skip" for verdict in verdicts)
    if (judged or "unjudged" in outcomes) and not outcomes & {"fail", "flag"}:
        return None
    return "pass" in outcomes and "fail" not in outcomes


@PerWorkload
def _steps(workload: Workload) -> tuple[_Step, ...]:
    """The checks of ``workload``: the suite's own first, by name, then the registered ones."""
    own = own_names(workload)
    steps = []
    for spec in workload.checks:
        check: Check = (
            OwnCheck(spec.name, workload.own.digest) if workload.own and spec.name in own else CHECKS.get(spec.name)
        )
        bypass = check if isinstance(check, JudgesBypass) else None
        detector = check.detector if isinstance(check, ReadsLanguage) else ""
        needs = check if isinstance(check, ReadsFixture) else None
        served = check if isinstance(check, JudgesServed) else None
        steps.append(_Step(check, spec, bypass, needs, detector, served))
    return tuple(steps)


def _require_text(attempt: Attempt) -> None:
    if attempt.output or not attempt.output_hash or attempt.output_hash == sha256_text(""):
        return
    message = f"The answer to fixture '{attempt.key.fixture}' was stored only as a hash, so there is no text to grade."
    raise DataError(message, hint="run again with privacy.store_text: full or redacted.")


def _not_passed(verdict: Verdict) -> Verdict:
    if verdict.outcome != "pass":
        return verdict
    return msgspec.structs.replace(verdict, outcome="fail", category="empty_answer", reason="the answer is empty")


def _broken(check: Check, fixture: Fixture, attempt: Attempt, error: Exception) -> CheckBroken:
    where = f"fixture '{fixture.id}', target '{attempt.key.target}', repeat {attempt.key.repeat}"
    # What a suite's own Python raised is in the record of its execution, name and all.
    kind = "" if isinstance(check, OwnCheck) else f"{type(error).__name__}: "
    detail = f"{kind}{str(error)[:300]}"
    message = f"The check '{check.name}' version {check.version} crashed on {where}: {detail}"
    if isinstance(check, OwnCheck):
        return CheckBroken(message, hint="correct it in the suite's Python, then: milo-bench grade LOG --suite SUITE")
    return CheckBroken(message, hint="report it: the fault is in the check, not in the model. It scored no attempt.")


def unjudged_by(workload: Workload, attempt: Attempt, why: str) -> Graded:
    """What is known of an answer whose own checks broke, ``why``: nothing until they are corrected."""
    version = "" if workload.own is None else version_of(workload.own.digest)
    verdicts = tuple(Verdict(name, version, "unjudged", reason=why) for name in own_names(workload))
    return Graded(attempt.key, workload.name, verdicts, None)
