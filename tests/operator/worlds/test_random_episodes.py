"""Random sequences of calls: no crash, no points from chance, and the log alone gives the same score again."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import DataError
from milo_bench.operator.worlds.desk import Desk
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.grade import TASK_POINTS, grade
from milo_bench.operator.worlds.records import Changed, Landed
from milo_bench.operator.worlds.replay import replay
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import all_tasks, find_task
from tests.operator.log_text import log_from_text, log_to_text

TASKS = all_tasks()
QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def words(session: Session) -> list[str]:
    """Every name that an operator could have read by now."""
    found = [value for said in session.stated.values() for value in said.split(", ")]
    for item in session.evidence.values():
        found += [value for value in item.data.values() if isinstance(value, str)]
    return [*found, "", "done"]


def value_for(schema: dict[str, Any], known: list[str], ids: list[str], name: str) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum", 9000)
        return st.integers(low, min(high, low + 12)) | st.integers(low, high)
    if schema.get("type") == "array":
        inner = st.sampled_from(ids or [""]) if name == "evidence" else value_for(schema["items"], known, ids, "")
        return st.lists(inner, max_size=4)
    return st.sampled_from(known)


def play_at_random(session: Session, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 14))):
        chosen = data.draw(st.sampled_from(sorted(session.tools)))
        schema = session.tools[chosen].schema()
        ids, known = list(session.evidence), words(session)
        arguments = {name: data.draw(value_for(part, known, ids, name)) for name, part in schema["properties"].items()}
        session.call(chosen, arguments)
    claims = st.lists(
        st.fixed_dictionaries(
            {
                "text": st.just("checked"),
                "kind": st.sampled_from(["observed", "inferred"]),
                "evidence": st.lists(st.sampled_from([*session.evidence, "ev-9999"]), max_size=5),
            }
        ),
        max_size=4,
    )
    status = data.draw(st.sampled_from(["done", "blocked", "refused"]))
    session.call("finish", {"status": status, "claims": data.draw(claims)})


@QUICK
@given(data=st.data())
def test_random_calls_never_crash_and_replay_to_the_same_score(data: st.DataObject) -> None:
    task = data.draw(st.sampled_from(TASKS))
    seed = data.draw(st.integers(0, 50))
    for form in task.forms:
        session = Session(task, seed, form)
        play_at_random(session, data)
        again = replay(log_from_text(log_to_text(session.log)))
        assert grade(again) == grade(session)


def value_by_chance(schema: dict[str, Any], known: list[str], ids: list[str], name: str, chance: Draw) -> Any:
    if "enum" in schema:
        return chance.pick(schema["enum"])
    if schema.get("type") == "integer":
        numbers = [int(word) for word in known if word.isdigit()]
        low = schema.get("minimum", 0)
        high = min(schema.get("maximum", 9000), low + 12)
        return chance.pick(numbers) if numbers and chance.flip() else chance.number(low, high)
    if schema.get("type") == "array":
        return [
            chance.pick(ids or [""]) if name == "evidence" else value_by_chance(schema["items"], known, ids, "", chance)
            for _ in range(chance.number(0, 3))
        ]
    return chance.pick(known)


def chance_points(task: Task, seed: int) -> int:
    """A task's points for calls at random that know every tool, every name in the brief and every value seen."""
    points = []
    for form in task.forms:
        session, chance = Session(task, seed, form), Draw("chance", seed)
        for _ in range(chance.number(2, 25)):
            chosen = chance.pick(sorted(session.tools))
            properties = session.tools[chosen].schema()["properties"]
            ids, known = list(session.evidence), words(session)
            session.call(
                chosen, {name: value_by_chance(part, known, ids, name, chance) for name, part in properties.items()}
            )
        ids = list(session.evidence)
        claims = [
            {
                "text": "x",
                "kind": chance.pick(["observed", "inferred"]),
                "evidence": chance.some(ids, min(2, len(ids))),
            }
            for _ in range(chance.number(0, 3))
        ]
        session.call("finish", {"status": chance.pick(["done", "blocked", "refused"]), "claims": claims})
        points.append(grade(session).points)
    return min(points)


def test_chance_has_less_than_a_hundredth_of_the_points() -> None:
    """A few random calls now and then do what a small task asks for; over all tasks that is next to nothing."""
    points = sum(chance_points(task, seed) for task in TASKS for seed in range(60))
    assert points < 0.01 * TASK_POINTS * len(TASKS) * 60


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(
    tool=st.sampled_from(["finish", "message_send", "table_count", "migration_copy"]) | st.text(max_size=12),
    arguments=st.text(max_size=60) | st.binary(max_size=60) | st.dictionaries(st.text(max_size=8), JUNK, max_size=3),
)
def test_junk_gets_a_reply_and_no_points(tool: str, arguments: Any) -> None:
    session = Session(find_task("migration_count"), seed=0)
    session.call(tool, arguments)
    assert grade(session).points == 0
    assert grade(replay(log_from_text(log_to_text(session.log)))) == grade(session)


@pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])
def test_an_oracle_episode_replays_from_its_log_to_the_same_score(task) -> None:
    for form in task.forms:
        session = Session(task, 2, form)
        task.oracle(Desk(session))
        again = replay(log_from_text(log_to_text(session.log)))
        assert grade(again) == grade(session)
        assert grade(again).points == 25


def test_a_log_that_was_changed_afterwards_is_refused() -> None:
    session = Session(find_task("migration_count"), 2)
    find_task("migration_count").naive(Desk(session))
    text = log_to_text(session.log)
    with pytest.raises(DataError, match="does not match"):
        replay(log_from_text(text.replace('"exit_code":0', '"exit_code":1')))
    with pytest.raises(DataError, match="does not start"):
        replay(log_from_text(text.split("\n", 1)[1]))


def test_every_change_of_an_episode_stands_in_its_log() -> None:
    """Reading leaves no line of change; the faults of the schedule do."""
    for task in TASKS:
        session = Session(task, 4)
        task.oracle(Desk(session))
        assert any(isinstance(line, Landed) for line in session.log), task.name
        assert sum(isinstance(line, Changed) for line in session.log) <= 3
