"""What was replayed is what runs: random policies and requests take one way through gateway and decide."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.model_based import compare


async def test_gateway_and_pure_replay_send_every_request_the_same_way(tmp_path: Path) -> None:
    checked, wrong = await compare(tmp_path, policies=40, requests=24, seed=11)
    assert checked == 960
    assert not wrong, "\n".join(wrong[:5])
