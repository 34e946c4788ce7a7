"""An embedded model of 135M parameters plays two turns in each protocol: real tokens, no points, no crash."""

from __future__ import annotations

import pytest

from milo_bench.core.clock import SystemClock
from milo_bench.core.records import AttemptKey
from milo_bench.operator.play.choice import choose_protocol
from milo_bench.operator.play.episode import EpisodeLimits, EpisodePlayer, turn_timeouts
from milo_bench.operator.play.prompt import Protocol
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.targets import Target

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(1800)]

# Two turns take about 10 s on a free core; on a machine that others load as well they may take as long as they like.
PATIENT = EpisodeLimits(max_tokens=16, turns=2, wall_s=1500.0, timeouts=turn_timeouts(1500.0))


@pytest.mark.parametrize("protocol", ["tools", "fenced"])
async def test_a_small_model_plays_and_earns_nothing(smollm2_target: Target, protocol: Protocol) -> None:
    clock = SystemClock()
    player = EpisodePlayer(
        session=Session(find_task("provider_503"), 0),
        target=smollm2_target,
        key=AttemptKey("provider_503.trap", "smollm2"),
        protocol=protocol,
        limits=PATIENT,
        window=smollm2_target.record.context_window,
        clock=clock,
        zero_s=clock.monotonic_s(),
    )
    episode = await player.play()
    assert (episode.points, episode.ending) in {(0, "protocol_limit"), (0, "turn_limit")}
    assert all(turn.failure is None and turn.usage.prompt_tokens for turn in episode.turns)


async def test_a_template_without_tools_means_fenced_objects(smollm2_target: Target) -> None:
    chosen = await choose_protocol(smollm2_target, "auto", max_tokens=24, clock=SystemClock())
    assert chosen.protocol == "fenced"
