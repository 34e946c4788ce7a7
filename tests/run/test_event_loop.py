"""Work runs to its end from a script, from inside a running loop, and from a thread; Ctrl-C reaches it everywhere."""

import asyncio
import signal
import threading

import pytest

from milo_bench.run.event_loop import fast_loop, run_to_end, stoppable
from milo_bench.run.stop import StopSignal


async def _answer() -> str:
    await asyncio.sleep(0)
    return "done"


async def _fail() -> None:
    raise ValueError("the work went wrong")


def _press_ctrl_c() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_a_script_gets_the_result() -> None:
    assert run_to_end(_answer()) == "done"
    assert run_to_end(_answer(), new_loop=fast_loop) == "done"


async def test_inside_a_running_loop_the_result_comes_all_the_same() -> None:
    assert run_to_end(_answer()) == "done"
    assert run_to_end(_answer(), new_loop=fast_loop) == "done"


async def test_inside_a_running_loop_the_error_of_the_work_is_raised() -> None:
    with pytest.raises(ValueError, match="the work went wrong"):
        run_to_end(_fail())


async def test_ctrl_c_inside_a_running_loop_asks_the_work_to_stop() -> None:
    before = signal.getsignal(signal.SIGINT)
    stop = StopSignal()

    async def stoppable_work() -> int:
        asked = asyncio.Event()
        with stoppable(stop), stop.calling(asked.set):
            _press_ctrl_c()
            await asked.wait()
        return stop.requests

    assert run_to_end(stoppable_work()) == 1
    assert signal.getsignal(signal.SIGINT) is before


async def test_ctrl_c_ends_work_that_cannot_be_stopped_gently() -> None:
    cleaned = []

    async def endless() -> None:
        _press_ctrl_c()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_to_end(endless())
    assert cleaned


async def test_a_third_ctrl_c_ends_work_that_will_not_stop() -> None:
    async def stubborn() -> None:
        stop = StopSignal()
        with stoppable(stop), stop.calling(_press_ctrl_c):
            _press_ctrl_c()
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_to_end(stubborn())


def test_a_thread_of_the_caller_gets_the_result_and_keeps_its_signals() -> None:
    before = signal.getsignal(signal.SIGINT)
    results = []

    async def work() -> str:
        with stoppable(StopSignal()):
            return await _answer()

    thread = threading.Thread(target=lambda: results.append(run_to_end(work())))
    thread.start()
    thread.join()
    assert results == ["done"]
    assert signal.getsignal(signal.SIGINT) is before
