"""What was recorded of a task says little about its next episode: names stand in sentences that are drawn anew."""

from __future__ import annotations

import random

import pytest

from benchmarks.soundness.replayer import MOST_POINTS, points_of
from milo_bench.operator.worlds.grade import TASK_POINTS, grade
from milo_bench.operator.worlds.phrasing import phrase_brief, stated_facts
from milo_bench.operator.worlds.policies import oracle
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.tasks import all_tasks, find_task


@pytest.mark.parametrize("name", [task.name for task in all_tasks()])
def test_every_name_of_a_brief_is_in_its_sentences_and_none_on_a_line_of_its_own(name: str) -> None:
    for seed in range(3):
        session = Session(find_task(name), seed, secret=f"secret {seed}")
        assert session.stated and all(value in session.brief for value in session.stated.values())
        assert stated_facts(session.brief.partition("\n\n")[2]).keys().isdisjoint(session.stated)
        assert session.brief.partition("\n\n")[0] == session.start.brief.partition("\n\n")[0]


def test_two_episodes_at_one_seed_say_the_same_in_other_words_and_a_replay_in_the_same() -> None:
    task = find_task("uncommitted_diff")
    first, second = (Session(task, 3, secret=secret) for secret in ("one", "two"))
    assert first.stated == second.stated and first.brief != second.brief
    assert Session(task, 3, secret="one").brief == first.brief


def test_an_earlier_order_never_has_a_name_of_this_one() -> None:
    brief = "Do it.\n\nservice: ledger\nticket: CHG-1234"
    for seed in range(50):
        said = phrase_brief(brief, random.Random(seed)).partition("\n\n")[2]
        assert said.count("ledger") == said.count("CHG-1234") == 1


def test_a_brief_without_names_stays_as_it_is() -> None:
    for brief in ("Do it.", "Do it.\n\nWith care.", "service: ledger"):
        assert phrase_brief(brief, random.Random(0)) == brief


def test_an_operator_that_knows_the_worlds_still_takes_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for task in all_tasks():
        for form in task.forms:
            session = Session(task, 77, form)
            oracle(session, task)
            assert grade(session).points == TASK_POINTS, task.name


def test_a_replayer_of_public_recordings_takes_at_most_a_fifth_of_the_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert sum(points_of(task) for task in all_tasks()) <= MOST_POINTS
