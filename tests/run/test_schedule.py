from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.records import AttemptKey, FailureKind
from milo_bench.run.schedule import (
    BLOCK,
    GIVE_UP_AFTER,
    AttemptRecorded,
    Begin,
    Cancelled,
    Drained,
    GiveUp,
    Schedule,
    Send,
    Stop,
    Warm,
    Warmed,
)


def keys_for(targets: str, count: int) -> list[AttemptKey]:
    return [AttemptKey(f"f{n}", target) for n in range(count) for target in targets]


def sent(instructions: list) -> list[AttemptKey]:
    return [i.key for i in instructions if isinstance(i, Send)]


KINDS: list[FailureKind | None] = [None, None, None, "reset", "connect_refused", "auth", "total_timeout"]


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    count=st.integers(0, 12),
    targets=st.sampled_from(["a", "ab", "abc"]),
    concurrency=st.integers(1, 5),
    shared=st.booleans(),
    retries=st.integers(0, 2),
    stops=st.booleans(),
)
def test_whatever_happens_each_key_is_sent_once_and_the_run_drains(
    data: st.DataObject, count: int, targets: str, concurrency: int, shared: bool, retries: int, stops: bool
) -> None:
    keys = keys_for(targets, count)
    lanes = {t: "one" if shared else t for t in targets}
    schedule = Schedule(keys, concurrency=concurrency, lanes=lanes, retries=retries)
    flying: list[AttemptKey] = []
    seen: Counter[AttemptKey] = Counter()
    recorded: dict[AttemptKey, FailureKind | None] = {}
    given_up: dict[str, int] = {}
    stopped = False
    drained: list[Drained] = []
    instructions = schedule.handle(Begin())
    while True:
        assert not (drained and sent(instructions))
        for instruction in instructions:
            if isinstance(instruction, Send):
                assert not stopped and instruction.key.target not in given_up
                flying.append(instruction.key)
                seen[instruction.key] += 1
            elif isinstance(instruction, GiveUp):
                given_up[instruction.target] = instruction.unsent
            else:
                drained.append(instruction)
        by_target = Counter(key.target for key in flying)
        assert all(n <= concurrency for n in by_target.values())
        if shared:
            assert len(by_target) <= 1
        assert schedule.in_flight == len(flying)
        if not flying:
            break
        if stops and not stopped and data.draw(st.integers(0, 5)) == 0:
            stopped = True
            instructions = schedule.handle(Stop())
            continue
        key = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        if stopped and data.draw(st.booleans()):
            instructions = schedule.handle(Cancelled(key))
        else:
            recorded[key] = data.draw(st.sampled_from(KINDS))
            instructions = schedule.handle(AttemptRecorded(key, recorded[key]))
    assert len(drained) == 1
    assert not seen or max(seen.values()) == 1
    if not stopped and not given_up:
        assert drained[0].complete and {key for key in recorded if key.retry == 0} == set(keys)
    if drained[0].complete:
        assert set(keys) <= set(recorded)

    # What is left is exactly what a schedule over the log sends, each once.
    rest = Schedule(keys, concurrency=concurrency, lanes=lanes, retries=retries, done=recorded)
    assert rest.unsent == schedule.unsent


def test_a_closed_loop_keeps_its_slots_full() -> None:
    schedule = Schedule(keys_for("a", 5), concurrency=2, lanes={})
    first = sent(schedule.handle(Begin()))
    assert [key.fixture for key in first] == ["f0", "f1"]
    assert [key.fixture for key in sent(schedule.handle(AttemptRecorded(first[1])))] == ["f2"]


def test_targets_on_machines_of_their_own_run_side_by_side() -> None:
    schedule = Schedule(keys_for("ab", 5), concurrency=2, lanes={"a": "x", "b": "y"})
    assert Counter(key.target for key in sent(schedule.handle(Begin()))) == {"a": 2, "b": 2}


def test_targets_on_one_machine_take_turns_in_blocks_and_never_overlap() -> None:
    schedule = Schedule(keys_for("ab", 10), concurrency=1, lanes={"a": "x", "b": "x"})
    order: list[str] = []
    flying = sent(schedule.handle(Begin()))
    while flying:
        key = flying.pop()
        order.append(key.target)
        flying += sent(schedule.handle(AttemptRecorded(key)))
    assert "".join(order) == "a" * BLOCK + "b" * BLOCK + "a" * BLOCK + "b" * BLOCK + "aabb"


def test_a_retry_is_a_key_of_its_own_after_all_first_tries() -> None:
    schedule = Schedule(keys_for("a", 3), concurrency=1, lanes={}, retries=1)
    order = []
    flying = sent(schedule.handle(Begin()))
    while flying:
        key = flying.pop()
        order.append((key.fixture, key.retry))
        flying += sent(schedule.handle(AttemptRecorded(key, "reset" if key.fixture == "f0" else None)))
    assert order == [("f0", 0), ("f1", 0), ("f2", 0), ("f0", 1)]


@pytest.mark.parametrize("kind", ["context_overflow", "auth", "rejected"])
def test_what_would_fail_again_is_not_retried(kind: FailureKind) -> None:
    schedule = Schedule(keys_for("a", 1), concurrency=1, lanes={}, retries=3)
    (key,) = sent(schedule.handle(Begin()))
    assert schedule.handle(AttemptRecorded(key, kind)) == [Drained(complete=True)]


def test_a_target_that_cannot_be_reached_is_given_up_and_the_rest_stays_open() -> None:
    schedule = Schedule(keys_for("ab", 20), concurrency=1, lanes={"a": "x", "b": "y"})
    flying = sent(schedule.handle(Begin()))
    tried: Counter[str] = Counter()
    told = []
    while flying:
        key = flying.pop(0)
        tried[key.target] += 1
        out = schedule.handle(AttemptRecorded(key, "connect_refused" if key.target == "a" else None))
        told += [i for i in out if not isinstance(i, Send)]
        flying += sent(out)
    assert tried == {"a": GIVE_UP_AFTER, "b": 20}
    assert told == [GiveUp("a", "connect_refused", GIVE_UP_AFTER, 20 - GIVE_UP_AFTER), Drained(complete=False)]


def test_an_answer_in_between_keeps_a_shaky_target() -> None:
    schedule = Schedule(keys_for("a", 40), concurrency=1, lanes={})
    flying = sent(schedule.handle(Begin()))
    finished = 0
    while flying:
        kind: FailureKind | None = None if finished % GIVE_UP_AFTER == 0 else "connect_refused"
        finished += 1
        flying = sent(schedule.handle(AttemptRecorded(flying.pop(), kind)))
    assert finished == 40


def test_a_log_that_holds_everything_needs_nothing_sent() -> None:
    keys = keys_for("ab", 3)
    schedule = Schedule(keys, concurrency=2, lanes={}, done=dict.fromkeys(keys))
    assert schedule.handle(Begin()) == [Drained(complete=True)]


def test_an_event_about_an_attempt_that_is_not_in_flight_is_a_bug_and_says_so() -> None:
    schedule = Schedule(keys_for("a", 1), concurrency=1, lanes={})
    with pytest.raises(ValueError, match="not in flight"):
        schedule.handle(AttemptRecorded(AttemptKey("f0", "a")))


def run_through(schedule: Schedule) -> list[str]:
    """Every instruction in order, each carried out at once: "warm a", "a", …"""
    found: list[str] = []
    waiting = schedule.handle(Begin())
    while waiting:
        instruction = waiting.pop(0)
        if isinstance(instruction, Warm):
            found.append(f"warm {instruction.target}")
            waiting += schedule.handle(Warmed(instruction.target))
        elif isinstance(instruction, Send):
            found.append(instruction.key.target)
            waiting += schedule.handle(AttemptRecorded(instruction.key))
    return found


def test_where_one_model_is_loaded_at_a_time_each_target_is_done_in_one_piece_after_one_warm_up() -> None:
    schedule = Schedule(keys_for("ab", 30), concurrency=1, lanes={"a": "one", "b": "one"}, whole=("a", "b"))
    assert run_through(schedule) == ["b"] * 30 + ["warm a"] + ["a"] * 30, "b started last: its model is loaded"


def test_others_on_the_machine_still_take_turns_beside_them() -> None:
    lanes = dict.fromkeys("abc", "one")
    schedule = Schedule(keys_for("abc", 6), concurrency=1, lanes=lanes, whole=("a", "b"))
    order = run_through(schedule)
    assert order.count("warm a") == 1 and "warm b" not in order and "warm c" not in order
    assert [one for one in order if one != "c"] == ["b"] * 6 + ["warm a"] + ["a"] * 6


def test_a_resumed_run_warms_the_target_that_has_work_left() -> None:
    keys = keys_for("ab", 3)
    done = {key: None for key in keys if key.target == "b"}
    schedule = Schedule(keys, concurrency=1, lanes=dict.fromkeys("ab", "one"), whole=("a", "b"), done=done)
    assert run_through(schedule) == ["warm a", "a", "a", "a"]


def test_a_stop_while_a_model_loads_drains_when_the_load_has_ended() -> None:
    schedule = Schedule(keys_for("ab", 1), concurrency=1, lanes=dict.fromkeys("ab", "one"), whole=("a", "b"))
    (first,) = schedule.handle(Begin())
    assert isinstance(first, Send)
    assert schedule.handle(AttemptRecorded(first.key)) == [Warm("a")]
    assert schedule.handle(Stop()) == []
    assert schedule.handle(Warmed("a")) == [Drained(complete=False)]
