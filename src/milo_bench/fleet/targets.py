"""A crew in, its targets as a run knows targets out: what they say of themselves, and requests beside the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.fleet.crew import Crew
from milo_bench.fleet.wire import BEHAVIOUR, EXCHANGE, Beside, encode
from milo_bench.targets.base import Fingerprinted, Target


class FleetTarget:
    """A target that is served on the nodes of a fleet. The attempts of a plan go through ``Crew.send``."""

    def __init__(self, crew: Crew, record: TargetRecord) -> None:
        self._crew = crew
        self._record = record

    @property
    def record(self) -> TargetRecord:
        return self._record

    async def start(self) -> TargetRecord:
        await self._crew.start()
        self._record = self._crew.record(self._record.name)
        return self._record

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: Callable[[], None] | None = None,
    ) -> Exchange:
        beside = encode(Beside(request, timeouts, zero_s))
        return EXCHANGE.decode(await self._crew.call_first(self._record.name, "ask", beside))

    async def models(self) -> tuple[str, ...]:
        return (self._record.model,)

    def server_pids(self) -> tuple[int, ...]:
        return ()  # they are on other machines

    async def stop(self) -> None:
        """The crew is stopped as a whole, by who started it."""


class _FingerprintedFleetTarget(FleetTarget):
    async def behaviour(self) -> Behaviour:
        return BEHAVIOUR.decode(await self._crew.call_first(self._record.name, "behaviour"))


def fleet_targets(crew: Crew, own: Mapping[str, Target]) -> dict[str, Target]:
    """The targets of ``own``, which were opened here and not started, as the fleet serves them."""
    return {
        name: (_FingerprintedFleetTarget if isinstance(target, Fingerprinted) else FleetTarget)(crew, target.record)
        for name, target in own.items()
    }


def placeholder_keys(config: TargetConfig, env: Mapping[str, str]) -> dict[str, str]:
    """``env`` with a word for each key that only the nodes have: nothing is sent from here."""
    names = [config.api_key_env, *config.headers_env.values()]
    return {**{name: "on the nodes" for name in names if name}, **env}
