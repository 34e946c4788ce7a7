"""Choices, replays and measures in, what economics may ask of whatever was chosen out: ``target: chosen``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from milo_bench.config.economics.file import EconomicsFile, MeasureConfig
from milo_bench.core.records import Interval, Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Candidate, Choice, Replay

CHOSEN: Final = "chosen"  # as a target in economics.yaml
AUTOMATED: Final = "automated_share"


def asks_of_choice(economics: EconomicsFile) -> bool:
    """Whether an assumption rests on a measure of whatever target is chosen, its automated share aside."""
    return any(one.name != AUTOMATED for one in _asked_of_choice(economics))


def any_automated(economics: EconomicsFile) -> Iterator[Measure]:
    """The automated shares that ``economics`` asks for while nothing is chosen: each may come out anywhere."""
    for workload in dict.fromkeys(one.workload for one in _asked_of_choice(economics) if one.name == AUTOMATED):
        anywhere = Interval(0.0, 1.0, 0.95, "nothing is chosen yet")
        yield Measure(AUTOMATED, workload, CHOSEN, 0.5, "share", 0, interval=anywhere)


def _asked_of_choice(economics: EconomicsFile) -> list[MeasureConfig]:
    asked = (config.measure for config in economics.assumptions.values())
    return [one for one in asked if one is not None and one.target == CHOSEN]


def chosen_measures(
    choices: Sequence[Choice], evidence: Evidence, measures: Mapping[Candidate, Sequence[Measure]]
) -> Iterator[Measure]:
    """The measures of each chosen target's first candidate, named as those of ``chosen``."""
    for choice in choices:
        first = next(iter(evidence.candidates(choice.workload, choice.target)), None)
        for measure in measures.get(first, ()) if first is not None else ():
            if measure.name != AUTOMATED:
                yield msgspec.structs.replace(measure, target=CHOSEN)


def taken_replay(choice: Choice, replays: Sequence[Replay]) -> Replay | None:
    """The replay of what was chosen: its fix, or the work as it is; None where none was replayed."""
    mine = [one for one in replays if (one.workload, one.target) == (choice.workload, choice.target)]
    return next((one for one in mine if one.id == choice.replay), mine[0] if mine else None)


def automated_measures(
    choices: Sequence[Choice], replays: Sequence[Replay], figures: Figures, ships: Collection[str]
) -> Iterator[Measure]:
    """The share of each workload that is answered without a person, as it was replayed; none where nothing ships."""
    for choice in choices:
        taken = taken_replay(choice, replays)
        id = taken.live(AUTOMATED) if taken is not None else ""
        if choice.workload not in ships:
            nothing = Interval(0.0, 0.0, 0.95, "nothing ships")
            yield Measure(AUTOMATED, choice.workload, CHOSEN, 0.0, "share", 0, interval=nothing)
        elif id in figures:
            figure = figures[id]
            interval = Interval(figure.low, figure.high, figure.confidence or 0.95, figure.method)
            yield Measure(AUTOMATED, choice.workload, CHOSEN, figure.value, "share", figure.n or 0, interval=interval)
