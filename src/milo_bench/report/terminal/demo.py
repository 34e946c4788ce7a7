"""What the demo tells in, lines above a moving bar on standard error out: answers as they are judged, then counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, TextIO

from milo_bench.core.text import one_line
from milo_bench.report.terminal.progress import progress_for
from milo_bench.run.events import RunEnded, RunEvent

_SHOWN: Final = 2  # answers of each workload, and as many that failed
_MESSAGE: Final = 52
_OUTPUT: Final = 32
_WHY: Final = 88


@dataclass(frozen=True)
class DemoAnswer:
    """An answer as it came in: the ``number``-th of ``planned`` of a workload, and whether it passed its checks.

    ``why`` is the reason of the check that failed first. ``passed_so_far`` counts this one.
    """

    workload: str
    number: int
    planned: int
    message: str
    output: str
    passed: bool
    why: str
    passed_so_far: int


class DemoScreen:
    """Shows a demo: the first answers of each workload, the first that failed, and each workload's count."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress = progress_for(stream)
        self._failed_shown: Counter[str] = Counter()

    def say(self, text: str) -> None:
        self._progress.say(text)

    def judged(self, answer: DemoAnswer) -> None:
        early = answer.number <= _SHOWN
        if early or (not answer.passed and self._failed_shown[answer.workload] < _SHOWN):
            self._failed_shown[answer.workload] += not answer.passed
            self.say(_answer_text(answer))
        if answer.number == answer.planned:
            self.say(f"  {answer.workload}: {answer.passed_so_far} of {answer.planned} pass")

    def ran(self, event: RunEvent) -> None:
        self._progress.listen(event)
        if isinstance(event, RunEnded):  # a second run has a bar and a count of its own
            self.close()
            self._progress = progress_for(self._stream)

    def close(self) -> None:
        self._progress.close()


def _answer_text(answer: DemoAnswer) -> str:
    mark = "✓" if answer.passed else "✗"
    message, output = one_line(answer.message, _MESSAGE), one_line(answer.output, _OUTPUT)
    why = "" if answer.passed else f"\n      {one_line(answer.why, _WHY)}"
    return f"  {mark} {answer.workload}: “{message}” → {output}{why}"
