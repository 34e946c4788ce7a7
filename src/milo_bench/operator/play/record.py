"""A graded session and what was said around it in, the record of the episode out; the same whoever played it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from milo_bench.core.records import AttemptKey, Episode, EpisodeEnding, Turn
from milo_bench.operator.worlds.grade import Score
from milo_bench.operator.worlds.records import Rejected
from milo_bench.operator.worlds.task import OpenSession


def episode_record(
    session: OpenSession,
    score: Score,
    *,
    key: AttemptKey,
    protocol: Literal["tools", "fenced", "mcp"],
    ending: EpisodeEnding,
    turns: Sequence[Turn],
    times_s: tuple[float, float],
) -> Episode:
    """The episode's line in the log; ``times_s`` are its start and end since the run's zero.

    ``rejected`` counts the calls that the session refused and the answers with no readable call. Over MCP
    every unreadable call is already a refusal of the session.
    """
    refused = sum(isinstance(line, Rejected) for line in session.log)
    unreadable = 0 if protocol == "mcp" else sum(bool(turn.protocol_error) for turn in turns)
    return Episode(
        key=key,
        task=session.task.name,
        form=session.form,
        seed=session.seed,
        protocol=protocol,
        ending=ending,
        points=score.points,
        parts={
            "end_state": score.end_state,
            "trap": score.trap,
            "claims": score.claims,
            "collateral": score.collateral,
        },
        minefields=score.minefields,
        void=score.void,
        why=score.why,
        turns=tuple(turns),
        log=tuple(msgspec.to_builtins(line) for line in session.log),
        started_s=times_s[0],
        ended_s=times_s[1],
        rejected=refused + unreadable,
    )
