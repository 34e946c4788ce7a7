"""A judge that never ends takes no other's place and keeps no process from ending."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future

import pytest

from milo_bench.gateway.judge_threads import MOST_GIVEN_UP, JudgeThreads


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """What those that never end wait for, until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def begun(judges: JudgeThreads, never: threading.Event) -> Future[None]:
    """A judgement that is at work and does not end."""
    started = threading.Event()

    def judge() -> None:
        started.set()
        never.wait()

    future = judges.submit(judge)
    assert started.wait(30)
    return future


def test_answers_and_errors_come_back(never: threading.Event) -> None:
    judges = JudgeThreads(2)
    assert [judges.submit(divmod, n, 3).result(30) for n in range(50)] == [divmod(n, 3) for n in range(50)]
    with pytest.raises(ZeroDivisionError):
        judges.submit(divmod, 1, 0).result(30)
    judges.shutdown()


def test_what_was_given_up_is_replaced_as_often_as_there_are_places_for_it(never: threading.Event) -> None:
    judges = JudgeThreads(2)
    stuck = [begun(judges, never) for _ in range(2)]
    waiting = judges.submit(divmod, 7, 3)
    assert not waiting.running()
    for _ in range(MOST_GIVEN_UP):
        judges.give_up(stuck[0])
        judges.give_up(stuck[0])  # once is enough
        stuck = [*stuck[1:], begun(judges, never)]
    assert waiting.result(30) == (2, 1)
    judges.give_up(stuck[0])
    left = judges.submit(divmod, 8, 3)  # now there is no place more
    judges.shutdown()
    with pytest.raises(CancelledError):
        left.result(30)


def test_a_process_ends_while_a_judge_does_not() -> None:
    program = (
        "import threading\n"
        "from milo_bench.gateway.judge_threads import JudgeThreads\n"
        "judges, began = JudgeThreads(1), threading.Event()\n"
        "judges.submit(lambda: (began.set(), threading.Event().wait()))\n"
        "began.wait()\n"
        "judges.shutdown()\n"
        "print('ended')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"
