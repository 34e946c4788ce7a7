"""Ten thousand random policies and requests take one way through gateway and decide; minutes of work."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.model_based import compare


async def test_ten_thousand_requests_are_sent_the_same_way(tmp_path: Path) -> None:
    checked, wrong = await compare(tmp_path, policies=400, requests=25, seed=5)
    assert checked == 10_000
    assert not wrong, "\n".join(wrong[:5])
