"""A measured load window in, whether it met its service level out. Pure."""

from __future__ import annotations

from typing import Final

from milo_bench.core.records import LoadWindow
from milo_bench.run.load.capacity import LevelOutcome

UNDECIDED_BELOW: Final = 20  # requests


def judge_level(window: LoadWindow) -> LevelOutcome:
    """Whether a window met its service level.

    By the share of requests that kept every limit. Under 20 requests whose interval straddles the
    wanted share, it is undecided. A window where the client was the limit says nothing of the server.
    """
    figures = window.figures
    share, wanted = figures.met_share, figures.service_level_share
    if share is None:
        return "undecided"
    if window.client_bound:
        return "client_bound"
    if share >= (1.0 if wanted is None else wanted) and not figures.ended_early:
        few = figures.requests < UNDECIDED_BELOW and (figures.met or 0) < figures.requests
        return "undecided" if few else "met"
    return "missed"
