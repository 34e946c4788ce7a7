"""A mined suite in, the table that shows it sound out: true answers, empty answers and answers that cheat."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Workload
from milo_bench.core.records.roles import RolesSelftestRow
from milo_bench.grade.engine import grade_attempt
from milo_bench.roles.answers import read_answer
from milo_bench.roles.cheats import CheatInput, cheats_of
from milo_bench.roles.coder import CoderCase, CoderJudgement, apply_edits
from milo_bench.roles.execute import CoderSuite, coder_case
from milo_bench.roles.strategies import STRATEGIES
from milo_bench.roles.testing import Isolation


@dataclass
class _Tally:
    answers: int = 0
    passed: int = 0
    caught_by: dict[str, int] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)


def selftest_coder(
    fixtures: tuple[Fixture, ...],
    folder: Path,
    cache: Path,
    env: Mapping[str, str],
    *,
    cheats: int = 8,
    seed: int = 0,
    unsafe_here: bool = False,
    done: Callable[[str, str], None] = lambda kind, fixture: None,
) -> Iterator[RolesSelftestRow]:
    """Rows for the coder workload: the true patch on every case, the empty answer, and cheats on a sample."""
    if not fixtures:
        return
    isolation = Isolation(unsafe_here=unsafe_here)
    with CoderSuite(folder, cache, env, isolation) as suite:
        oracle, empty = _Tally(), _Tally()
        cases = [coder_case(fixture) for fixture in fixtures]
        true = suite.judge_all((case, f"```diff\n{case.oracle}```\n") for case in cases)
        for fixture, case, judged in zip(fixtures, cases, true, strict=True):
            _count(judged, fixture, oracle, wanted=True)
            _count(suite.judge(case, ""), fixture, empty, wanted=False)
            done("true patch", fixture.id)
        yield _row("true patch", oracle, 1.0)
        yield _row("empty answer", empty, 0.0)
        sample = _cheat_sample(fixtures, cheats, seed)
        inputs = {fixture.id: _cheat_input(suite, coder_case(fixture)) for fixture in sample}
        for kind, cheat in cheats_of(coder_case(fixtures[0]).language).items():
            tally = _Tally()
            answers = [(fixture, answer) for fixture in sample for answer in cheat(inputs[fixture.id])]
            judgements = suite.judge_all((inputs[fixture.id].case, answer) for fixture, answer in answers)
            for (fixture, _), judged in zip(answers, judgements, strict=True):
                _count(judged, fixture, tally, wanted=False)
                done(kind, fixture.id)
            yield _row(kind, tally, 0.0)


def selftest_answers(workloads: Mapping[str, Workload], fixtures: tuple[Fixture, ...]) -> Iterator[RolesSelftestRow]:
    """Rows for what is judged without running it: true and empty answers, and strategies that read nothing.

    A strategy's ceiling is its printed bound: half of a review suite are controls, which "flag nothing" gets.
    """
    for name, strategies in STRATEGIES.items():
        mine = tuple(fixture for fixture in fixtures if name in fixture.expect and fixture.workload in workloads)
        for kind, (answer, wanted, upper) in strategies.items() if mine else ():
            tally = _Tally()
            for fixture in mine:
                _grade(
                    workloads[fixture.workload], fixture, answer(fixture), tally, wanted=wanted == 1.0, told=not upper
                )
            yield RolesSelftestRow(
                name, kind, tally.answers, tally.passed, wanted, upper, tally.caught_by, tuple(tally.named)
            )


def _grade(workload: Workload, fixture: Fixture, answer: str, tally: _Tally, *, wanted: bool, told: bool) -> None:
    attempt = Attempt(AttemptKey(fixture.id, "selftest"), "", Timings(0.0, 0.0, 0.0), output=answer)
    graded = grade_attempt(workload, fixture, attempt)
    passed = graded.passed is True
    tally.answers += 1
    tally.passed += passed
    failed = next((verdict for verdict in graded.verdicts if verdict.outcome == "fail"), None)
    if failed is not None:
        tally.caught_by[failed.category] = tally.caught_by.get(failed.category, 0) + 1
    if told and passed != wanted:
        tally.named.append(f"{fixture.id}: {failed.reason}" if failed is not None else fixture.id)


def _count(judged: CoderJudgement, fixture: Fixture, tally: _Tally, *, wanted: bool) -> None:
    tally.answers += 1
    tally.passed += not judged.category
    if judged.category:
        tally.caught_by[judged.category] = tally.caught_by.get(judged.category, 0) + 1
    if (not judged.category) != wanted:
        tally.named.append(f"{fixture.id}: {judged.reason}" if judged.reason else fixture.id)


def _row(kind: str, tally: _Tally, wanted: float) -> RolesSelftestRow:
    return RolesSelftestRow(
        "coder", kind, tally.answers, tally.passed, wanted, False, tally.caught_by, tuple(dict.fromkeys(tally.named))
    )


def _cheat_sample(fixtures: tuple[Fixture, ...], most: int, seed: int) -> tuple[Fixture, ...]:
    """A seeded sample in which cases with a held-back test come first: only they can show a hard-coded value."""
    shuffled = list(fixtures)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  a sample, not a secret
    return tuple(sorted(shuffled, key=lambda fixture: "held-back" not in fixture.tags)[:most])


def _cheat_input(suite: CoderSuite, case: CoderCase) -> CheatInput:
    place = suite.place
    edits = read_answer(case.oracle)
    with place.trees.folder(case.tree) as tree:
        before = {path: _text(tree / path) for path in edits.paths}
        apply_edits(edits, tree)
        after = {path: _text(tree / path) for path in edits.paths}
    tests = {path: place.objects.blob(blob).decode("utf-8", "replace") for path, blob in case.tests.items() if blob}
    return CheatInput(case, before, after, tests)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() and not path.is_symlink() else ""
