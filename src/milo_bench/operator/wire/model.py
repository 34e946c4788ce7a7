"""A task's provider faults in, the same faults out, each noted in the outside episode on whose agent it fell."""

from __future__ import annotations

from collections.abc import Callable

from milo_bench.core.chat import Exchange
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.wire.faults import ProviderSchedule, SessionSchedule, WireFault

# With these the model is asked after all, or once more; with the others the endpoint answers by itself.
_ASKS = frozenset({"smaller_context", "drop", "cut_stream"})


class NotedSchedule(ProviderSchedule):
    """The schedule of a model's endpoint beside a served task; once the episode is over nothing breaks any more.

    ``on_work`` hears when the model is set to work and when it has answered: an agent that waits for
    its model has not gone away.
    """

    def __init__(self, episode: OutsideEpisode, *, on_work: Callable[[bool], None]) -> None:
        self._episode = episode
        self._inner = SessionSchedule(episode.session)
        self._on_work = on_work
        self._asked_s = episode.now_s()

    def on_request(self, number: int) -> WireFault | None:
        self._asked_s = self._episode.now_s()
        fault = None if self._episode.over else self._inner.on_request(number)
        self._on_work(fault is None or fault.kind in _ASKS)
        return fault

    def on_call(self, tool: str, arguments: str) -> WireFault | None:
        if self._episode.over:
            return None
        lines = len(self._episode.session.log)
        fault = self._inner.on_call(tool, arguments)
        if fault is not None:
            self._episode.note_wire_fault(tool, arguments, lines)
            self._on_work(fault.kind == "smaller_context")
        return fault

    def on_answer(self, exchange: Exchange) -> None:
        """For the endpoint's ``on_answer``: an answer belongs in the record whether or not a fault falls on it."""
        self._on_work(False)
        self._episode.note_answer(exchange, self._asked_s)
