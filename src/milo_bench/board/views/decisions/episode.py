"""One operator episode: its points and why, and the transcript turn by turn."""

from __future__ import annotations

from typing import Any

from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.core import units
from milo_bench.core.records import Turn
from milo_bench.core.text import visible

_MOST_TEXT = 20_000


def show_episode(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/runs/{run}/episodes/{n}``."""
    log, n = board.log(asked.names["run"]), int(asked.names["n"])
    episode = board.opener.episode(log, n) if log is not None else None
    index = log.index if log is not None else None
    if log is None or index is None or episode is None:
        return NotThere("There is no episode with this address.", "start from the list of runs.")
    count = len(index.episodes)
    data = {
        "run": {"id": log.id, "created_at": index.created_at},
        "episode": {
            "task": episode.task,
            "form": episode.form,
            "target": episode.key.target,
            "seed": episode.seed,
            "ending": episode.ending,
            "points": episode.points,
            "parts": episode.parts,
            "breaches": [visible(one) for one in episode.minefields],
            "void": list(episode.void),
            "why": [visible(one) for one in episode.why],
            "rejected": episode.rejected,
            "took": units.seconds(max(0.0, episode.ended_s - episode.started_s)),
            "erased": bool(episode.erased),
        },
        "turns": [_turn(turn) for turn in episode.turns],
        "neighbours": {
            "previous": f"/runs/{log.id}/episodes/{n - 1}" if n else "",
            "next": f"/runs/{log.id}/episodes/{n + 1}" if n + 1 < count else "",
        },
    }
    return Shown("episode.html.jinja", f"{episode.task} on {episode.key.target}", data, "runs")


def _protocol_text(told: str) -> str:
    """``cut_off: The answer …`` with its code in words."""
    code, colon, rest = told.partition(": ")
    return f"{code.replace('_', ' ').capitalize()}{colon}{rest}" if code.isidentifier() else told


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "n": turn.n,
        "output": visible(turn.output[:_MOST_TEXT]),
        "reasoning": visible(turn.reasoning[:_MOST_TEXT]),
        "calls": [{"name": call.name, "arguments": visible(call.arguments[:_MOST_TEXT])} for call in turn.tool_calls],
        "injected": turn.injected,
        "problem": _protocol_text(turn.protocol_error) or (turn.failure.message if turn.failure is not None else ""),
        "took": units.seconds(turn.timings.latency_s),
    }
