"""Stated volumes, choices and load windows in; the share of the work that can move, and what a host takes, out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from milo_bench.config.economics.file import EconomicsFile
from milo_bench.config.routing.use_names import workload_of
from milo_bench.decide.figures import Figures
from milo_bench.decide.load_evidence import knee_cap
from milo_bench.decide.money.chosen_measures import AUTOMATED, taken_replay
from milo_bench.decide.records import Choice, Figure, LoadEvidence, Replay, Source
from milo_bench.economics.business_case import BusinessCase

SAFE_SHARE: Final = "volume/safe_share"
WORKING_HOURS: Final = 160.0
_SECONDS: Final = 3600.0


def stated_volumes(economics: EconomicsFile | None, case: BusinessCase | None) -> dict[str, float]:
    """Cases a month by workload, at their base; {} where none are stated."""
    if economics is None or case is None:
        return {}
    base = {one.name: one.base for one in case.assumptions}
    return {workload: base[name] for workload, name in economics.volumes.items() if name in base}


def add_volume(
    economics: EconomicsFile,
    case: BusinessCase,
    choices: Sequence[Choice],
    replays: Sequence[Replay],
    ships: Collection[str],
    figures: Figures,
) -> None:
    """``volume/safe_share``: of all stated cases, those that a model answers without a person, by what ships.

    Each workload counts with its volume times the automated share of its replay, and with nothing where it does not
    ship. The ends take every share at the same end of its interval, and each volume at its base.
    """
    volumes = stated_volumes(economics, case)
    total = sum(volumes.values())
    if total <= 0:
        return
    moved = [0.0, 0.0, 0.0]
    parts = []
    for choice in choices:
        if choice.workload not in volumes or choice.workload not in ships:
            continue
        taken = taken_replay(choice, replays)
        id = taken.live(AUTOMATED) if taken is not None else ""
        if id not in figures or figures[id].value is None:
            continue
        share = figures[id]
        assert share.value is not None
        ends = (share.low if share.low is not None else share.value, share.value,
                share.high if share.high is not None else share.value)  # fmt: skip
        moved = [sum_ + end * volumes[choice.workload] for sum_, end in zip(moved, ends, strict=True)]
        parts.append(f"{economics.volumes[choice.workload]} * automated share of {choice.workload}")
    formula = f"({' + '.join(parts) or 'nothing ships'}) / ({' + '.join(economics.volumes.values())})"
    low, value, high = (one / total for one in moved)
    figures.add(
        Figure(
            SAFE_SHARE,
            "share of the stated volume that is safe to move",
            value,
            "share",
            Source("economics", "safe_share", formula),
            low=low,
            high=high,
            method="each automated share at the same end of its interval",
        )
    )


def add_capacity(
    load: Sequence[LoadEvidence],
    loaded: Mapping[str, Collection[str]],
    choices: Sequence[Choice],
    ships: Collection[str],
    figures: Figures,
    volumes: Mapping[str, float],
) -> None:
    """``capacity/TARGET/per_hour``, at the highest measured level within the cap, and what the work that ships needs.

    Only windows that put the target's own work on it count: ``loaded`` are the workloads of each log of load.
    ``volumes`` are cases a month by workload; they are spread over the hours of a working month.
    """
    for target in dict.fromkeys(choice.target for choice in choices if choice.workload in ships):
        mine = [one.workload for one in choices if one.target == target and one.workload in ships]
        works = {workload_of(workload) for workload in mine}
        cap = knee_cap(target, figures)
        most = figures[cap].value if cap else None
        closed = [
            one
            for one in load
            if (one.window.target, one.window.mode) == (target, "closed")
            and "requests_per_s" in one.figures
            and not works.isdisjoint(loaded.get(one.log, ()))
        ]
        within = [one for one in closed if most is None or one.window.level <= most] or closed[:1]
        if not within:
            continue
        taken = max(within, key=lambda one: one.window.level)
        rate = figures[taken.figures["requests_per_s"]]
        if rate.value is None:
            continue
        figures.add(
            Figure(
                f"capacity/{target}/per_hour",
                "cases an hour on one host, within its cap",
                rate.value * _SECONDS,
                "cases/hour",
                rate.source,
                n=rate.n,
                low=None if rate.low is None else rate.low * _SECONDS,
                high=None if rate.high is None else rate.high * _SECONDS,
                confidence=rate.confidence,
            )
        )
        needed = [volumes[workload] for workload in mine if workload in volumes]
        if not needed:
            continue
        figures.stated(
            "capacity/working_month", "hours of a working month", WORKING_HOURS, "hour/month",
            Source("assumption", "working_month", "a definition: 20 days of 8 hours"),
        )  # fmt: skip
        figures.add(
            Figure(
                f"capacity/{target}/needed",
                "cases an hour that the work needs, in working hours",
                sum(needed) / WORKING_HOURS,
                "cases/hour",
                Source("economics", "needed", f"({' + '.join(mine)}) / working_month"),
            )
        )
