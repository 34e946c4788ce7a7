import gc
import sys

from milo_bench.run.load.quiet import quiet_collector


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_what_lived_before_is_left_out_of_collections_until_the_end() -> None:
    before = gc.get_threshold()
    with quiet_collector():
        assert gc.get_freeze_count() > 1000
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_cycles_that_come_up_meanwhile_are_still_found() -> None:
    with quiet_collector():
        Knot()
        assert gc.collect() > 0


def test_a_thread_beside_it_keeps_the_interpreter_a_tenth_as_long() -> None:
    before = sys.getswitchinterval()
    with quiet_collector():
        assert sys.getswitchinterval() < before / 5
    assert sys.getswitchinterval() == before


def test_an_error_inside_gives_the_collector_back() -> None:
    before = gc.get_threshold()
    try:
        with quiet_collector():
            raise KeyError
    except KeyError:
        pass
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
