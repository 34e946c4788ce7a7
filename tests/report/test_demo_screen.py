"""What the demo shows of its answers: the first ones, the first that failed, and a count at the end."""

from __future__ import annotations

from io import StringIO

from milo_bench.report.terminal.demo import DemoAnswer, DemoScreen


def answer(number: int, *, passed: bool, planned: int = 9, output: str = "MX-1", so_far: int = 0) -> DemoAnswer:
    why = "" if passed else "order is 'MX-1', which is not in the input"
    return DemoAnswer("orders", number, planned, f"message {number}", output, passed, why, so_far)


def shown(*answers: DemoAnswer) -> list[str]:
    stream = StringIO()
    screen = DemoScreen(stream)
    for one in answers:
        screen.judged(one)
    screen.close()
    return stream.getvalue().splitlines()


def test_the_first_two_answers_are_shown_and_later_ones_that_pass_are_not() -> None:
    lines = shown(*(answer(number, passed=True) for number in range(1, 6)))
    assert lines == ["  ✓ orders: “message 1” → MX-1", "  ✓ orders: “message 2” → MX-1"]


def test_two_failures_are_shown_with_their_reasons_wherever_they_come() -> None:
    lines = shown(*(answer(number, passed=number < 5) for number in range(3, 9)))
    assert lines == [
        "  ✗ orders: “message 5” → MX-1",
        "      order is 'MX-1', which is not in the input",
        "  ✗ orders: “message 6” → MX-1",
        "      order is 'MX-1', which is not in the input",
    ]


def test_the_last_answer_of_a_workload_ends_with_its_count() -> None:
    assert shown(answer(9, passed=True, so_far=7))[-1] == "  orders: 7 of 9 pass"


def test_what_a_model_wrote_cannot_move_the_cursor_or_fill_the_screen() -> None:
    (line,) = shown(answer(1, passed=True, output="\x1b[2J\n" + "x" * 500))
    assert "\x1b" not in line and len(line) < 110
