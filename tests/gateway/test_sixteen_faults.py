"""Sixteen faults of servers, clients and the machine on a running gateway; and kills under load."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.gateway.faults.kills import kill_lines, killed_often
from benchmarks.gateway.faults.sixteen import sixteen_faults

NAMES = [
    "dead", "slow", "flapping", "half-open", "429 storm", "wrong model", "empty answer", "cut stream",
    "schema-breaking", "over-long", "replay", "key leak", "header smuggling", "clock step", "full disk", "kill -9",
]  # fmt: skip


async def test_each_of_sixteen_faults_is_answered_right_or_fails_safe(tmp_path: Path) -> None:
    outcomes = await sixteen_faults(tmp_path)
    assert [one.fault for one in outcomes] == NAMES
    assert all(one.ok for one in outcomes), "\n".join(one.line() for one in outcomes)
    not_tried = [one.fault for one in outcomes if one.ending == "not tried"]
    assert not_tried == ([] if shutil.which("cc") or shutil.which("gcc") else ["clock step"])


async def test_a_gateway_killed_at_any_moment_has_recorded_every_answer_and_kept_its_queue(tmp_path: Path) -> None:
    killed = await killed_often(tmp_path, 3, seed=5)
    assert not any(one.slipped for one in killed), "\n".join(kill_lines(killed))
    assert sum(one.answered for one in killed) > 0
