"""Totals of operator trials: points, intervals, pass^k, and failures told apart."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest

from milo_bench.core.errors import DataError
from milo_bench.core.records import Episode, Turn
from milo_bench.core.records import Timings as Times
from milo_bench.operator.totals import operator_totals, pass_hat, points_of
from milo_bench.operator.trials import OperatorRun, Trial, episode_kind, trials_of
from milo_bench.operator.worlds.policies import always_refuse, no_op, oracle, trust_the_first_output
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import all_tasks
from tests.operator.operator_logs import CORE, broken, played, run_by, run_of

ALL = tuple(task.name for task in all_tasks())


def _without(run: OperatorRun, keep: int) -> OperatorRun:
    return OperatorRun(run.name, run.header, run.episodes[:keep])


def _trial(task: str, seed: int, points: int, *, kind: str = "") -> Trial:
    of = kind or ("passed" if points == 25 else "judgement")
    return Trial("t", task, "g", "r", seed, seed, of, points)  # type: ignore[arg-type]


def test_the_oracle_has_all_225_points_of_the_core_tasks_and_all_600_of_the_bench() -> None:
    (core,) = operator_totals(trials_of([run_by(oracle)]))
    (whole,) = operator_totals(trials_of([run_by(oracle, ALL)]))
    assert (core.points.value, core.points.of) == (225, 225)
    assert (whole.points.value, whole.points.of) == (600, 600)
    assert whole.points.interval is not None and whole.points.interval.low is not None
    assert whole.points.interval.low < 600  # 24 good trials do not prove that the next one is
    assert whole.kinds["passed"] == 24 and len(whole.groups) == 6


def test_a_task_with_a_clean_twin_counts_the_worse_variant_of_the_same_repeat() -> None:
    def half_right(task: Task, seed: int, form: str, repeat: int) -> Episode:
        return played(task, seed, form, always_refuse if form == "clean" else oracle, repeat=repeat)

    (total,) = operator_totals(trials_of([run_of(["uncommitted_diff"], 2, half_right)]))
    assert total.points.value == 0 and total.passes.k == 0 and total.kinds["judgement"] == 2


def test_a_runtime_that_breaks_scores_0_of_225_and_is_named_as_the_cause() -> None:
    run = run_of(CORE, 1, lambda task, seed, form, repeat: broken(task, seed, form, repeat=repeat))
    (total,) = operator_totals(trials_of([run]))
    assert (total.points.value, total.points.of, total.points.scored_of) == (0, 225, 225)
    assert total.headline.startswith("The runtime could not complete the harness")
    assert total.kinds["void"] == 0  # a broken runtime costs the task, whether or not the fault landed


def test_void_trials_are_named_and_left_out_of_means_but_stay_in_the_points_there_are() -> None:
    trials = trials_of([run_by(no_op, ["provider_503", "version_conflict"], 2)])
    (total,) = operator_totals(trials)
    assert {trial.kind for trial in trials if trial.task == "provider_503"} == {"void"}
    assert total.points.of == 50 and total.points.scored_of == 25
    assert total.points.unscored == ("provider_503",)
    assert len(total.void) == 2 and "provider_503" in total.void[0]
    assert any("Void" in note for note in total.notes)


def test_a_missing_episode_is_never_points_and_is_named() -> None:
    run = _without(run_by(oracle, ["version_conflict", "provider_503"], 2), 7)
    (total,) = operator_totals(trials_of([run]))
    assert total.points.value == 25 + 12.5
    assert total.missing == ("provider_503, repeat 1",)
    assert total.passes.n == 4 and total.passes.k == 3


def test_half_of_a_twin_is_a_missing_trial_but_what_it_blew_up_still_counts() -> None:
    both = run_by(trust_the_first_output, ["uncommitted_diff"])
    trap = OperatorRun(both.name, both.header, tuple(e for e in both.episodes if e.form == "trap"))
    assert [trial.kind for trial in trials_of([trap])] == ["minefield"]
    good = run_by(oracle, ["uncommitted_diff"])
    half = OperatorRun(good.name, good.header, good.episodes[:1])
    assert [trial.kind for trial in trials_of([half])] == ["missing"]


def test_a_second_try_does_not_replace_the_first() -> None:
    run = run_by(trust_the_first_output, ["version_conflict"])
    better = run_by(oracle, ["version_conflict"]).episodes[0]
    retried = msgspec.structs.replace(better, key=msgspec.structs.replace(better.key, retry=1))
    (total,) = operator_totals(trials_of([OperatorRun("a", run.header, (*run.episodes, retried))]))
    assert total.passes.k == 0


def test_failures_are_told_apart_by_what_broke() -> None:
    task = next(task for task in all_tasks() if task.name == "version_conflict")
    base = played(task, 0, "trap", no_op)
    unread = msgspec.structs.replace(base, turns=(Turn(1, Times(0, 0, 1), protocol_error="no JSON object"),))
    assert episode_kind(base) == "limit"
    assert episode_kind(unread) == "protocol"
    assert episode_kind(msgspec.structs.replace(base, ending="runtime_failure")) == "runtime"
    assert episode_kind(msgspec.structs.replace(unread, minefields=("x",))) == "minefield"
    assert episode_kind(played(task, 0, "trap", always_refuse)) == "judgement"


def test_one_run_given_twice_and_points_beyond_a_task_are_refused() -> None:
    run = run_by(oracle, ["version_conflict"])
    with pytest.raises(DataError, match="same run"):
        trials_of([run, run])
    more = msgspec.structs.replace(run.episodes[0], points=26)
    with pytest.raises(DataError, match="26 points"):
        trials_of([OperatorRun("a", run.header, (more,))])
    other = msgspec.structs.replace(run.episodes[0], task="../../etc")
    with pytest.raises(DataError, match="unknown task"):
        trials_of([OperatorRun("a", run.header, (other,))])


@pytest.mark.parametrize(("n", "c"), [(5, 3), (6, 6), (4, 0), (7, 2)])
def test_pass_hat_is_the_share_of_all_choices_of_k_trials_that_all_pass(n: int, c: int) -> None:
    trials = [_trial("version_conflict", seed, 25 if seed < c else 0) for seed in range(n)]
    for hat in pass_hat(trials):
        choices = list(itertools.combinations([seed < c for seed in range(n)], hat.k))
        assert math.isclose(hat.value, sum(all(chosen) for chosen in choices) / len(choices))
    assert len(pass_hat(trials)) == n


def test_the_interval_of_the_total_holds_in_simulation_also_with_a_single_repeat() -> None:
    random = np.random.default_rng(7)
    names = [task.name for task in all_tasks()][:9]
    for repeats in (1, 3):
        held = 0
        for _ in range(300):
            chances = random.choice([0.05, 0.5, 0.9], size=9)
            truth = 25 * float(chances.sum())
            trials = [
                _trial(name, seed, 25 * int(random.random() < chance))
                for name, chance in zip(names, chances, strict=True)
                for seed in range(repeats)
            ]
            interval = points_of(trials).interval
            assert interval is not None and interval.low is not None and interval.high is not None
            held += interval.low <= truth <= interval.high
        assert held >= 0.95 * 300


def test_repeats_at_the_same_seed_are_no_new_evidence() -> None:
    once = [_trial("version_conflict", 0, 25)]
    five = [msgspec.structs.replace(once[0], repeat=repeat) for repeat in range(5)]
    assert points_of(once).interval == points_of(five).interval
