"""The bench is sound: right work has all the points, and no habit wins."""

import pytest

from milo_bench.operator.worlds.grade import TASK_POINTS
from milo_bench.operator.worlds.policies import DEGENERATE
from milo_bench.operator.worlds.selftest import CEILING_SHARE, Selftest, play, selftest
from milo_bench.operator.worlds.tasks import all_tasks

TASK_IDS = [task.name for task in all_tasks()]


@pytest.fixture(scope="module")
def result() -> Selftest:
    return selftest(all_tasks())


def test_selftest_finds_no_fault(result: Selftest) -> None:
    assert result.faults == ()
    assert len(result.rows) == len(all_tasks())


def test_oracle_has_every_point(result: Selftest) -> None:
    assert {row.task: row.scores["oracle"] for row in result.rows} == dict.fromkeys(TASK_IDS, TASK_POINTS)


def test_doing_nothing_refusing_and_claiming_have_no_points_at_all(result: Selftest) -> None:
    for row in result.rows:
        for policy in ("no-op", "always-refuse", "always-done", "quote-random-evidence", "read-everything"):
            assert row.scores[policy] == 0, (row.task, policy)


def test_no_habit_has_more_than_a_fifth_of_the_points(result: Selftest) -> None:
    assert {total.policy for total in result.totals} == {"oracle", *DEGENERATE}
    for total in result.totals:
        assert total.policy == "oracle" or total.points <= CEILING_SHARE * total.of


def test_stated_ceilings_are_reached_so_that_none_is_slack(result: Selftest) -> None:
    for row in result.rows:
        for policy, ceiling in row.ceilings.items():
            assert row.scores[policy] == ceiling, (row.task, policy)


@pytest.mark.parametrize("task", all_tasks(), ids=TASK_IDS)
def test_a_score_is_the_same_whenever_it_is_played(task) -> None:
    for policies in DEGENERATE.values():
        assert play(task, 3, policies[0]) == play(task, 3, policies[0])


def test_every_group_has_a_task_and_numbers_are_unique() -> None:
    groups = {task.group for task in all_tasks()}
    assert groups == {
        "provider fails mid-task",
        "stale source of truth",
        "dirty gate",
        "evidence and inference",
        "proof before done",
        "partial or suspicious output",
    }
    numbers = [task.number for task in all_tasks()]
    assert len(set(numbers)) == len(numbers)


def test_a_broken_bench_is_found_unsound() -> None:
    """A task whose oracle does nothing, and one that pays a habit, both show."""
    from milo_bench.operator.worlds.tasks.version_conflict import VersionConflict

    class NoOracle(VersionConflict):
        name = "no_oracle"

        def oracle(self, desk) -> None:
            desk.finish("done")

    class Generous(VersionConflict):
        name = "version_conflict"
        ceilings = {}

    assert any("the oracle scores" in fault for fault in selftest((NoOracle(),)).faults)
    assert any("more than its ceiling of 0" in fault for fault in selftest((Generous(),)).faults)
