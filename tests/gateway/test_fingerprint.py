"""A target that answers fixed prompts in another way than when it was measured is closed, and people are told once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from milo_bench.core.records import Behaviour, Opening
from milo_bench.gateway.control.behaviour import joined
from milo_bench.store.audit.records import AuditedFingerprint
from milo_bench.store.audit.verify import read_audit
from milo_bench.store.state.database import open_state
from milo_bench.store.state.incidents import close_incident
from milo_bench.targets.fake.script import parse_script
from milo_bench.targets.fake.server import FakeServer
from milo_bench.targets.fingerprint import PROMPTS
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_control import HELLO, ROUTING, open_ones, until
from tests.patience import WAIT_S

MEASURED = {"reply": {"text": "measured words of this model"}}
OTHER = {"reply": {"text": "something else entirely is said here"}}
OFTEN = {"fingerprint_interval_s": 0.5, "ready_interval_s": 0.5}


def checks(gateway: RunningGateway) -> list[AuditedFingerprint]:
    return [line for line in read_audit(gateway.options.audit) if isinstance(line, AuditedFingerprint)]


async def checked(gateway: RunningGateway, outcome: str, count: int = 1) -> list[AuditedFingerprint]:
    found: list[AuditedFingerprint] = []
    while len(found) < count:
        await asyncio.sleep(0.02)
        found = [one for one in checks(gateway) if one.outcome == outcome]
    return found


async def swap(gateway: RunningGateway, script: dict[str, Any]) -> None:
    """Another server at the same address, as after a restart with other weights under the same name."""
    port = gateway.servers["local_8b"].port
    await gateway.servers["local_8b"].stop()
    server = gateway.servers["local_8b"] = FakeServer(parse_script(script))
    await server.start(port)


async def cause(gateway: RunningGateway) -> str:
    async with gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
    return str(raw.headers.get("X-Milo-Cause", ""))


async def until_cause(gateway: RunningGateway, wanted: str) -> None:
    while await cause(gateway) != wanted:  # noqa: ASYNC110  # a gateway changes it
        await asyncio.sleep(0.05)


def decision(folder: Path, behaviour: Behaviour) -> None:
    """A decision beside the table that knows how its target answered."""
    import msgspec

    folder.mkdir(parents=True, exist_ok=True)
    target = {"name": "local_8b", "api": "openai", "model": "fake-1", "behaviour": msgspec.to_builtins(behaviour)}
    (folder / "decision.json").write_text(json.dumps({"findings": [], "targets": [target]}))


def behaving(text: str) -> Behaviour:
    words = tuple(text.split())
    return Behaviour(1, ((Opening(words), Opening(words)),) * len(PROMPTS))


async def test_a_swapped_model_closes_its_route_opens_one_incident_and_is_written_down(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local_8b": MEASURED}, gateway=OFTEN) as gateway:
        first = await asyncio.wait_for(checked(gateway, "unknown"), WAIT_S)
        assert first[0].why == "the first answers were kept"
        await asyncio.wait_for(checked(gateway, "same"), WAIT_S)
        assert await cause(gateway) == ""
        await swap(gateway, OTHER)
        [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        assert (said["kind"], said["target"]) == ("behaviour", "local_8b")
        assert "8 of 8 fixed prompts" in said["said"]
        await asyncio.wait_for(until_cause(gateway, "target_down"), WAIT_S)
        other = await asyncio.wait_for(checked(gateway, "another", 3), WAIT_S)
        assert (other[0].differing, other[0].prompts, other[0].closed) == (8, 8, True)
        assert len(open_ones(gateway, closed=True)) == 1
        assert gateway.check().ok
        await swap(gateway, MEASURED)  # the measured model is back
        await asyncio.wait_for(until(gateway, "incident_closed"), WAIT_S)
        await asyncio.wait_for(until_cause(gateway, ""), WAIT_S)
        assert [one.closed_by for one in open_ones(gateway, closed=True)] == ["gateway"]


async def test_what_a_decision_measured_is_what_answers_are_compared_with(tmp_path: Path) -> None:
    decision(tmp_path, behaving("measured words of this model"))
    gateway_settings = {**OFTEN, "fingerprint_interval_s": 3_600}
    async with running_gateway(tmp_path, ROUTING, {"local_8b": MEASURED}, gateway=gateway_settings) as gateway:
        await asyncio.wait_for(checked(gateway, "same"), WAIT_S)
    async with running_gateway(tmp_path, ROUTING, {"local_8b": OTHER}, gateway=gateway_settings) as gateway:
        [said] = await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        assert "than when it was measured" in said["said"]
    # Restarted, it stays closed before anything was asked.
    async with running_gateway(tmp_path, ROUTING, {"local_8b": OTHER}, gateway=gateway_settings) as gateway:
        assert await cause(gateway) == "target_down"
        assert len(open_ones(gateway, closed=True)) == 1


async def test_a_target_that_was_lost_is_asked_at_once_when_it_is_back(tmp_path: Path) -> None:
    settings = {**OFTEN, "fingerprint_interval_s": 3_600}
    async with running_gateway(tmp_path, ROUTING, {"local_8b": MEASURED}, gateway=settings) as gateway:
        await asyncio.wait_for(checked(gateway, "unknown"), WAIT_S)
        port = gateway.servers["local_8b"].port
        await gateway.servers["local_8b"].stop()
        assert await cause(gateway) == "no_answer"
        server = gateway.servers["local_8b"] = FakeServer(parse_script(OTHER))
        await server.start(port)
        await asyncio.wait_for(checked(gateway, "another"), WAIT_S)


async def test_a_closed_incident_makes_the_answers_of_now_the_usual_ones(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ROUTING, {"local_8b": MEASURED}, gateway=OFTEN) as gateway:
        await asyncio.wait_for(checked(gateway, "unknown"), WAIT_S)
        await swap(gateway, OTHER)
        await asyncio.wait_for(until(gateway, "incident"), WAIT_S)
        [incident] = open_ones(gateway)
        close_incident(open_state(gateway.options.state), incident.id, "mia", "the provider announced it", time.time())
        await asyncio.wait_for(until_cause(gateway, ""), WAIT_S)
        before = len(checks(gateway))
        while len(checks(gateway)) < before + 3:  # noqa: ASYNC110  # a gateway writes them
            await asyncio.sleep(0.05)
        assert checks(gateway)[-1].outcome == "same"
        assert [one.closed_by for one in open_ones(gateway, closed=True)] == ["mia"]


async def test_a_table_that_is_never_void_asks_nothing_and_zero_turns_it_off(tmp_path: Path) -> None:
    never = {**ROUTING, "validity": {"void_when": "never"}}
    async with running_gateway(tmp_path, never, {"local_8b": MEASURED}, gateway=OFTEN) as gateway:
        await asyncio.sleep(1.2)
        assert checks(gateway) == []
    async with running_gateway(tmp_path / "b", ROUTING, {"local_8b": MEASURED}) as gateway:
        await asyncio.sleep(1.2)
        assert gateway.seen("local_8b") == 0


def test_answers_of_several_times_count_together_and_none_where_one_is_missing() -> None:
    one = behaving("a b")
    assert [len(openings) for openings in joined([one, one]).openings] == [4] * len(PROMPTS)
    assert not joined([one, Behaviour(problem="gone")]).openings


async def test_another_runtime_stays_closed_until_the_measured_one_is_back() -> None:
    from types import SimpleNamespace

    from milo_bench.config.routing.file import RoutingFile
    from milo_bench.core.records import TargetRecord
    from milo_bench.gateway.upstream.health import TargetHealth
    from milo_bench.gateway.upstream.targets import TargetWatch

    file = RoutingFile.model_validate({"targets": {"a": {"model": "m"}}, "default": {"route": "refuse"}})
    served = ["1.0", "2.0", "2.0", "1.0"]
    one = SimpleNamespace(
        name="a", health=TargetHealth(1.0), record=TargetRecord("a", "openai", "m", runtime_version="1.0"),
        runtime_version="", answers_as="", sends_on="",
    )  # fmt: skip

    async def describe() -> TargetRecord:
        one.record = TargetRecord("a", "openai", "m", runtime_version=served.pop(0))
        return one.record

    one.describe = describe
    said = []
    while served:
        await TargetWatch(1.0)._same_model(file, one)  # type: ignore[arg-type]
        said.append(one.health.void_reason)
    assert said == ["", "its runtime was 1.0 and is 2.0", "its runtime was 1.0 and is 2.0", ""]
