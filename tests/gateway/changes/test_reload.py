"""Files that change while the gateway runs: taken over whole once they rest, held to at once, or refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from milo_bench import api
from milo_bench.core.clock import SteadyClock
from milo_bench.core.errors import ConfigError
from milo_bench.gateway import keeper as keeper_module
from milo_bench.gateway.keeper import Keeper
from milo_bench.gateway.options import ServeOptions, load_serving
from milo_bench.targets.apis.openai import OpenAiTarget
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_permits import TOOLS, call_of, grant, routing
from tests.patience import WAIT_S, until

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
FINE = {"local": {"reply": {"text": "fine"}}}
TABLE: dict[str, Any] = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        {"id": "people", "when": {"workload": "people"}, "route": "refuse", "why": "not yet"},
    ],
    "default": {"route": "refuse"},
}


async def status_of(gateway: RunningGateway, workload: str = "notes", key: str = "none") -> int:
    async with httpx.AsyncClient(timeout=WAIT_S) as client:
        reply = await client.post(
            f"{gateway.address}/v1/chat/completions",
            headers={"Authorization": f"Bearer {key}"},
            json={"model": f"milo/{workload}", "messages": HELLO},
        )
        return reply.status_code


def write(path: Path, table: Any) -> None:
    path.write_text(table if isinstance(table, str) else yaml.safe_dump(table, sort_keys=False))


async def after(gateway: RunningGateway, event: str, number: int = 1) -> None:
    await until(lambda: sum(one["event"] == event for one in gateway.said) >= number)


async def test_half_of_a_table_is_never_taken_over(tmp_path: Path) -> None:
    """The first half of a file is a valid table of its own here."""
    default, rules = yaml.safe_dump({"default": {"route": "refuse"}, "targets": TABLE["targets"]}), TABLE["rules"]
    async with running_gateway(tmp_path, TABLE, FINE) as gateway:
        with (tmp_path / "routing.yaml").open("w") as file:
            file.write(default)
            for _ in range(30):  # as a slow copy writes it
                file.write("# still being written\n")
                file.flush()
                await asyncio.sleep(0.1)
                assert await status_of(gateway) == 200
            file.write(yaml.safe_dump({"rules": [rules[0]]}))
        await after(gateway, "reloaded")
        assert (await status_of(gateway), await status_of(gateway, "people")) == (200, 404)
        assert sum(one["event"] == "reloaded" for one in gateway.said) == 1


async def test_a_deleted_table_a_swapped_link_and_a_folder_in_its_place(tmp_path: Path) -> None:
    served = tmp_path / "served"
    (tmp_path / "v1").mkdir()
    (tmp_path / "v2").mkdir()
    async with running_gateway(served, TABLE, FINE) as gateway:
        path = served / "routing.yaml"
        path.unlink()
        await after(gateway, "reload_refused")
        assert await status_of(gateway) == 200
        write(tmp_path / "v1" / "routing.yaml", {**TABLE, "title": "v1"})
        write(tmp_path / "v2" / "routing.yaml", {**TABLE, "title": "v2", "rules": TABLE["rules"][:1]})
        (tmp_path / "now").symlink_to(tmp_path / "v1")
        path.symlink_to(tmp_path / "now" / "routing.yaml")
        await after(gateway, "reloaded")
        (tmp_path / "new").symlink_to(tmp_path / "v2")  # as a mounted configuration is swapped
        (tmp_path / "new").replace(tmp_path / "now")
        await after(gateway, "reloaded", 2)
        assert await status_of(gateway, "people") == 404
        path.unlink()
        path.mkdir()
        await after(gateway, "reload_refused", 2)
        assert await status_of(gateway) == 200


def test_a_table_that_changes_while_it_is_read_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from milo_bench.config.settings import load_settings
    from milo_bench.gateway import table as module

    write(
        tmp_path / "bench.yaml",
        {"targets": {"local": {"api": "openai", "model": "fake-1", "base_url": "http://127.0.0.1:9/v1"}}},
    )
    write(tmp_path / "routing.yaml", TABLE)
    settings = load_settings(tmp_path / "bench.yaml", {}, apis=("openai",))
    options = ServeOptions(tmp_path / "routing.yaml", tmp_path / "audit", str(tmp_path / "state.db"))
    read = module.load_routing

    def slowly(path: Path) -> Any:
        found = read(path)
        write(path, {**TABLE, "title": "another"})
        return found

    monkeypatch.setattr(module, "load_routing", slowly)
    with pytest.raises(ConfigError, match="changed while it was read"):
        load_serving(options, settings)


async def test_a_target_that_the_new_table_keeps_is_held_to_its_new_digest_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = OpenAiTarget.describe

    async def with_digest(target: OpenAiTarget) -> Any:
        return msgspec.structs.replace(await describe(target), model_digest="sha256:served")

    monkeypatch.setattr(OpenAiTarget, "describe", with_digest)
    measured = {"local": {"model": "fake-1", "model_digest": "sha256:another"}}
    async with running_gateway(tmp_path, TABLE, FINE, gateway={"ready_interval_s": 3_600}) as gateway:
        assert await status_of(gateway) == 200
        write(tmp_path / "routing.yaml", {**TABLE, "targets": measured})
        await after(gateway, "reloaded")
        async with gateway.client() as client:
            raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
        assert raw.http_response.status_code == 202
        assert raw.headers["X-Milo-Cause"] == "target_down"


async def test_a_reload_gives_a_target_no_more_places(tmp_path: Path) -> None:
    def table(places: int) -> dict[str, Any]:
        rules = [{**TABLE["rules"][0], "limits": {"concurrency": places}}]
        return {**TABLE, "rules": rules, "title": f"{places} places"}

    slow = {"local": {"reply": {"text": "one two three", "first_token_s": 8.0}}}
    async with running_gateway(tmp_path, table(2), slow, gateway={"ready_interval_s": 3_600}) as gateway:
        asked = [asyncio.ensure_future(status_of(gateway)) for _ in range(3)]
        await until(lambda: gateway.seen("local") == 2)
        write(tmp_path / "routing.yaml", table(1))
        await after(gateway, "reloaded")
        asked.append(asyncio.ensure_future(status_of(gateway)))
        await until(lambda: any(one.done() for one in asked))
        assert gateway.seen("local") <= 3
        assert await asyncio.gather(*asked) == [200] * 4


async def test_a_renewed_permit_opens_its_routes_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = str(tmp_path / "state.db")
    today = datetime.now(UTC).date()
    ends, renewed = grant(expires=today), grant(expires=today + timedelta(days=60), issued=today)
    key, _ = api.add_key(state, "agent", permit=ends.permit)
    new_key, _ = api.add_key(state, "agent with the new permit", permit=renewed.permit)
    config = {"tools": {name: one.model_dump() for name, one in TOOLS.items()}}
    served = running_gateway(tmp_path, routing(ends), {"local": call_of("restart")}, gateway=config, state=state)
    async with served as gateway:
        assert await status_of(gateway, "operate", key) == 200
        tomorrow = today + timedelta(days=1)
        monkeypatch.setattr(SteadyClock, "today", lambda self: tomorrow)
        await after(gateway, "permit_void")
        assert await status_of(gateway, "operate", key) == 403
        write(tmp_path / "routing.yaml", routing(renewed))
        await after(gateway, "reloaded")
        await after(gateway, "permit_valid")
        assert await status_of(gateway, "operate", new_key) == 200
        assert await status_of(gateway, "operate", key) == 403


async def test_targets_of_a_table_that_is_refused_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    opening = keeper_module.open_upstreams

    async def opened(*arguments: Any) -> Any:
        found = await opening(*arguments)
        for name, one in found.items():
            stop = one.stop

            async def told(name: str = name, stop: Any = stop) -> None:
                stopped.append(name)
                await stop()

            one.stop = told  # type: ignore[method-assign]
        return found

    def refuses(*_: Any) -> Any:
        raise ConfigError("no", hint="no")

    monkeypatch.setattr(keeper_module, "open_upstreams", opened)
    table = {**TABLE, "targets": {**TABLE["targets"], "more": {"model": "fake-1"}}}
    async with running_gateway(tmp_path, TABLE, {**FINE, "more": FINE["local"]}) as gateway:
        monkeypatch.setattr(Keeper, "_with_kept", refuses)
        write(tmp_path / "routing.yaml", table)
        await asyncio.wait_for(gateway.said_of("reload_refused"), WAIT_S)
        assert stopped == ["more"]
        assert await status_of(gateway) == 200
