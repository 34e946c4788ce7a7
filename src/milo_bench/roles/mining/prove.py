"""A coder case without its tests in, the case with them told apart by running them out, or the reason for none."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from milo_bench.roles.answers import read_answer
from milo_bench.roles.coder import CoderCase, Workplace, apply_edits, judged_run, put_tests, run_answer
from milo_bench.roles.languages.run import run_tests_often, runner_digest
from milo_bench.roles.mining.records import NoCase
from milo_bench.roles.mining.text import function_of
from milo_bench.roles.mining.touched import Touched
from milo_bench.roles.testing import TestRun, TestSetup


def prove_case(
    case: CoderCase, setup: TestSetup, place: Workplace, *, repeats: int, seed: int, touched: Touched | None
) -> CoderCase:
    """Run the tests of ``case`` before and after the true patch, ``repeats`` times each; the last time as an answer.

    First only the tests that the commit ``touched``, once each: most commits that give no case show it there. Where
    they fail alone, the whole files are run. Tests that do not end alike each time are left out by name. Raises NoCase
    where no test is left.
    """
    with case_tree(place, case) as before, case_tree(place, case, oracle=True) as after:
        run_before = partial(run_tests_often, before, case.run, setup, place.isolation)
        run_after = partial(run_tests_often, after, case.run, setup, place.isolation)
        only = None if touched is None else touched.names
        if touched is not None and not touched.names and not touched.imports:
            raise NoCase("only comments, docstrings or the layout of the tests changed")
        befores = run_before(1, only=only)
        if only is not None and _all_passed(befores[0]):
            raise NoCase("no test fails before the change and passes after it")
        afters = run_after(1, only=only)
        if only and not afters[0].passed - befores[0].passed:
            if afters[0].broken or "failed" not in afters[0].outcomes.values():
                _show(befores[0], afters[0])
            # A test may pass only after the others of its file.
            befores, afters = run_before(1), run_after(1)
            _show(befores[0], afters[0])
        elif only is not None:
            befores, afters = [], []
        for runs, run, count in ((afters, run_after, max(1, repeats - 1)), (befores, run_before, repeats)):
            runs += run(count - len(runs)) if count > len(runs) else []
    _show(befores[0], afters[0])
    case = _told_apart(case, befores, afters, seed)
    return _judged(case, setup, place, befores, afters, seed)


def _all_passed(run: TestRun) -> bool:
    """Whether nothing failed. Of no tests at all, too: then it was asked whether their file can be imported."""
    return not run.broken and not run.uncollected and len(run.passed) == len(run.outcomes)


def _show(before: TestRun, after: TestRun) -> None:
    """Raise NoCase where no test fails before the change and passes after it."""
    if after.broken:
        raise NoCase("the tests do not run after the change", after.broken)
    if after.outcomes and set(after.outcomes.values()) == {"skipped"}:
        raise NoCase("every test of the change is skipped")
    if not after.passed:
        why = next(iter([*after.uncollected.values(), *after.reasons.values()]), "no test was collected")
        raise NoCase("no test passes after the change", why)
    if not after.passed - before.passed:
        raise NoCase("no test fails before the change and passes after it")


def _told_apart(case: CoderCase, befores: Sequence[TestRun], afters: Sequence[TestRun], seed: int) -> CoderCase:
    before, after = befores[0].passed, afters[0].passed
    flaky = _unsteady(befores) | _unsteady(afters)
    fixed = sorted(after - before - flaky)
    if not fixed:
        raise NoCase("every test of the change is flaky", ", ".join(sorted(flaky))[:200])
    known = _known_test(fixed, seed, case.commit)
    return msgspec.structs.replace(
        case,
        fail_to_pass=tuple(fixed),
        pass_to_pass=tuple(sorted((after & before) - flaky)),
        held_back=tuple(name for name in fixed if name != known),
        flaky=tuple(sorted(flaky)),
    )


def _judged(
    case: CoderCase,
    setup: TestSetup,
    place: Workplace,
    befores: Sequence[TestRun],
    afters: Sequence[TestRun],
    seed: int,
) -> CoderCase:
    """The case once the true patch passes it as an answer. What that does to its tests is allowed in this case."""
    answer = f"```diff\n{case.oracle}```\n"
    judged, run = run_answer(case, answer, setup.environment, setup.declared, place)
    if judged.category == "tampering" and run is not None:
        case = msgspec.structs.replace(case, allowed=tuple(sorted(set(run.tampered))))
        judged = judged_run(case, run, judged.way)
    if judged.category in ("tests_failed", "broke_tests") and run is not None:
        case = _told_apart(case, befores, [*afters, run], seed)
        judged = judged_run(case, run, judged.way)
    if judged.category:
        raise NoCase("the true patch does not pass as an answer", f"{judged.category}: {judged.reason}")
    return msgspec.structs.replace(case, runner=runner_digest(case.language))


@contextmanager
def case_tree(place: Workplace, case: CoderCase, *, oracle: bool = False) -> Iterator[Path]:
    """The parent's tree with the commit's tests, and with ``oracle`` its source; a folder while it is open."""
    with ExitStack() as stack:
        try:
            tree = stack.enter_context(place.trees.folder(case.tree))
            if oracle:
                way = apply_edits(read_answer(case.oracle), tree)
                if way.startswith("!"):
                    raise NoCase("the true patch does not apply", way[1:])
            put_tests(case, tree, place.objects)
        except OSError as error:
            raise NoCase("the tree cannot be written", str(error)) from None
        yield tree


def _unsteady(runs: Sequence[TestRun]) -> frozenset[str]:
    """Tests that did not end the same way every time."""
    names = {name for run in runs for name in run.outcomes}
    return frozenset(name for name in names if len({run.outcomes.get(name) for run in runs}) > 1)


def _known_test(fixed: list[str], seed: int, commit: str) -> str:
    """The one test that the task shows, "" where there is one alone: then none is shown, so that one is held back."""
    functions = sorted({function_of(name) for name in fixed})
    if len(functions) < 2:
        return ""
    chosen = random.Random(f"{seed}:{commit}").choice(functions)  # noqa: S311  a sample, not a secret
    return next(name for name in fixed if function_of(name) == chosen)
