"""Attempts over workers that come, go and die: nothing is lost, nothing is given twice, a killer is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.records import AttemptKey
from milo_bench.fleet.dispatch import Dispatch, DispatchInstruction, Give, GiveUpAttempt, ahead_of


def key(number: int, target: str = "a") -> AttemptKey:
    return AttemptKey(f"f{number}", target)


def given_to(instructions: Sequence[DispatchInstruction]) -> dict[AttemptKey, str]:
    return {one.key: one.worker for one in instructions if isinstance(one, Give)}


class SimulatedFleet:
    """Workers that do their attempts in the order in which they got them; ``killers`` end the worker they are at."""

    def __init__(self, concurrency: int, killers: frozenset[AttemptKey] = frozenset()) -> None:
        self.dispatch = Dispatch(concurrency)
        self.concurrency = concurrency
        self.killers = killers
        self.held: dict[str, list[AttemptKey]] = {}
        self.done: Counter[AttemptKey] = Counter()
        self.given_up: list[AttemptKey] = []
        self.alone_at_last = True
        self._names = 0

    def carry_out(self, instructions: Sequence[DispatchInstruction]) -> None:
        for one in instructions:
            if isinstance(one, Give):
                self.held[one.worker].append(one.key)
            elif isinstance(one, GiveUpAttempt):
                self.given_up.append(one.key)

    def join(self) -> None:
        self._names += 1
        name = f"w{self._names}"
        self.held[name] = []
        self.carry_out(self.dispatch.joined(name, ["a"]))

    def kill(self, name: str) -> None:
        del self.held[name]
        self.dispatch.died(name)
        self.carry_out(self.dispatch.lost(name))

    def step(self, name: str) -> None:
        """One attempt of ``name`` ends, or ends ``name``."""
        at_work = self.held[name][: self.concurrency]
        if any(one in self.killers for one in at_work):
            self.alone_at_last = len(self.held[name]) == 1
            self.kill(name)
            self.join()
        elif at_work:
            self.held[name].remove(at_work[0])
            self.done[at_work[0]] += 1
            self.carry_out(self.dispatch.finished(at_work[0]))

    def to_the_end(self) -> None:
        for _ in range(10_000):
            busy = [name for name, held in self.held.items() if held]
            if not busy:
                return
            self.step(busy[0])


def test_a_worker_holds_what_its_server_takes_and_a_few_ahead() -> None:
    dispatch = Dispatch(4)
    dispatch.joined("w1", ["a"])
    given_now = [one for number in range(50) for one in dispatch.asked(key(number))]
    assert len(given_now) == 4 + ahead_of(4) == dispatch.slots("a")


def test_attempts_go_to_the_worker_that_holds_least_of_their_target() -> None:
    dispatch = Dispatch(1)
    dispatch.joined("w1", ["a", "b"])
    dispatch.joined("w2", ["a"])
    places = Counter(given_to([one for number in range(6) for one in dispatch.asked(key(number))]).values())
    assert places == {"w1": 3, "w2": 3}
    assert given_to(dispatch.asked(key(7, "b"))) == {key(7, "b"): "w1"}
    assert dispatch.serves("b") and not dispatch.serves("c")


def test_what_a_dead_worker_had_goes_to_another_one_before_anything_else() -> None:
    dispatch = Dispatch(1)
    dispatch.joined("w1", ["a"])
    for number in range(5):
        dispatch.asked(key(number))
    dispatch.lost("w1")
    assert list(given_to(dispatch.joined("w2", ["a"]))) == [key(0), key(1), key(2)]


def test_a_dead_worker_gets_nothing_more_and_what_it_had_ended_is_not_made_again() -> None:
    dispatch = Dispatch(1)
    dispatch.joined("w1", ["a"])
    dispatch.joined("w2", ["a"])
    for number in range(6):
        dispatch.asked(key(number))
    dispatch.died("w1")
    assert given_to(dispatch.finished(key(0))) == {}, "its segment told that it had ended this one"
    assert given_to(dispatch.finished(key(1))) == {}
    again = given_to(dispatch.lost("w1"))
    assert again == {key(2): "w2"}
    assert dispatch.slots("a") == 3


def test_an_attempt_that_kills_its_workers_is_sent_alone_in_the_end_and_all_others_are_made() -> None:
    for workers in (1, 3):
        fleet = SimulatedFleet(2, frozenset({key(3)}))
        for _ in range(workers):
            fleet.join()
        for number in range(30):
            fleet.carry_out(fleet.dispatch.asked(key(number)))
        fleet.to_the_end()
        assert fleet.given_up == [key(3)] and fleet.alone_at_last
        assert fleet.done == Counter(key(number) for number in range(30) if number != 3)


def test_two_attempts_that_kill_their_workers_do_not_end_a_third_one() -> None:
    fleet = SimulatedFleet(4, frozenset({key(0), key(1)}))
    fleet.join()
    for number in range(12):
        fleet.carry_out(fleet.dispatch.asked(key(number)))
    fleet.to_the_end()
    assert set(fleet.given_up) == {key(0), key(1)}
    assert fleet.done == Counter(key(number) for number in range(2, 12))


@given(seed=st.integers(0, 10_000), concurrency=st.integers(1, 4), count=st.integers(1, 40))
def test_whatever_dies_and_joins_each_attempt_is_made_once(seed: int, concurrency: int, count: int) -> None:
    chance = random.Random(seed)
    fleet = SimulatedFleet(concurrency)
    withdrawn: set[AttemptKey] = set()
    fleet.join()
    for number in range(count):
        fleet.carry_out(fleet.dispatch.asked(key(number)))
    for _ in range(60):
        what = chance.random()
        names = list(fleet.held)
        if what < 0.1 or not names:
            fleet.join()
        elif what < 0.15:
            fleet.kill(chance.choice(names))
        elif what < 0.2:
            one = key(chance.randrange(count))
            if one not in fleet.done and one not in fleet.given_up:
                withdrawn.add(one)
                for held in fleet.held.values():
                    if one in held:
                        held.remove(one)
                fleet.carry_out(fleet.dispatch.withdrawn(one))
        else:
            fleet.step(chance.choice(names))
        for held in fleet.held.values():
            assert len(held) <= concurrency + ahead_of(concurrency)
    fleet.join()
    fleet.to_the_end()
    made = [*fleet.done.elements(), *fleet.given_up, *withdrawn]
    assert sorted(made) == sorted(key(number) for number in range(count))
