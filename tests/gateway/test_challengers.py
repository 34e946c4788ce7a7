"""A challenger gets its stated share of live work, as a canary or in shadow, and the audit says which."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from milo_bench.config.routing.file import RoutingFile, check_routing, read_routing
from milo_bench.core.errors import ConfigError
from milo_bench.store.audit.records import AuditedRequest, AuditedShadow
from milo_bench.store.audit.verify import read_audit
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_roles import REGISTRY, registry
from tests.gateway.test_routes import order
from tests.patience import WAIT_S

HELLO: list[Any] = [{"role": "user", "content": "hello, this is the secret case of Mrs Jones"}]
TARGETS = {"small": {"model": "fake-1"}, "new": {"model": "fake-1"}, "cloud": {"model": "fake-1", "hosted": True}}
RULE = {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "small"}
SCRIPTS: dict[str, Any] = {
    "small": {"reply": {"text": "from small"}}, "new": {"reply": {"text": "from new"}},
    "cloud": {"reply": {"text": "from cloud"}},
}  # fmt: skip
BROKEN = {
    "reply": {"text": "fine"},
    "rules": [{"when": {"contains": "secret case"}, "fault": {"kind": "status", "status": 500}}],
}


def routing(*challengers: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = [{"rule": "notes", **one} if "role" not in one else one for one in challengers]
    return {"targets": TARGETS, "rules": [RULE], "default": {"route": "refuse"}, "challengers": given, **more}


def lines(gateway: RunningGateway) -> list[Any]:
    return list(read_audit(gateway.options.audit))


async def shadows(gateway: RunningGateway, count: int = 1) -> list[AuditedShadow]:
    found: list[AuditedShadow] = []
    while len(found) < count:
        await asyncio.sleep(0.02)
        found = [line for line in lines(gateway) if isinstance(line, AuditedShadow)]
    return found


async def ask(gateway: RunningGateway, model: str = "milo/notes", **milo: Any) -> Any:
    async with gateway.client() as client:
        return await client.chat.completions.with_raw_response.create(
            model=model, messages=HELLO, extra_body={"milo": milo} if milo else {}
        )


async def test_a_canary_answers_in_the_incumbents_place_and_is_named(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "canary", "share": "100%"})
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway:
        raw = await ask(gateway)
        assert raw.parse().choices[0].message.content == "from new"
        assert (raw.headers["X-Milo-Target"], raw.headers["X-Milo-Cause"]) == ("new", "canary")
        [record] = gateway.audit()
        assert (record.rule, record.target, record.cause, record.trial) == ("notes", "new", "canary", "canary")
        assert gateway.seen("small") == 0
        assert gateway.check().ok


async def test_a_canary_streams_as_the_incumbent_would(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "canary", "share": 1})
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway, gateway.client() as client:
        stream = await client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
        said = "".join([one.choices[0].delta.content or "" async for one in stream if one.choices])
        assert said == "from new"


async def test_a_canary_gets_about_its_share_and_the_rest_is_its_control(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "canary", "share": "30%"})
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway:
        async with gateway.client() as client:
            for _ in range(100):
                await client.chat.completions.create(model="milo/notes", messages=HELLO)
        sides = [record.trial for record in gateway.audit()]
        assert set(sides) == {"canary", "control"}
        assert 10 <= sides.count("canary") <= 55  # beyond 1 in 10,000 else
        assert gateway.seen("new") == sides.count("canary")


async def test_a_canary_that_fails_takes_the_rules_own_fallback(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "canary", "share": 1})
    async with running_gateway(tmp_path, table, {**SCRIPTS, "new": BROKEN}) as gateway:
        raw = await ask(gateway)
        assert raw.http_response.status_code == 202
        [record] = gateway.audit()
        assert (record.outcome, record.trial, record.calls[0].target) == ("queued", "canary", "new")
        assert len(record.calls) == 1


async def test_a_challenger_that_is_down_leaves_the_work_to_the_incumbent(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "canary", "share": 1})
    dead = {"rules": [{"when": {}, "fault": {"kind": "status", "status": 500}}], "reply": {"text": "x"}}
    async with running_gateway(tmp_path, table, {**SCRIPTS, "new": dead}) as gateway:
        await gateway.servers["new"].stop()
        for _ in range(8):
            raw = await ask(gateway)
        assert raw.parse().choices[0].message.content == "from small"
        assert gateway.audit()[-1].trial == ""  # no control: the challenger could not have had it


@pytest.mark.parametrize("mode", ["canary", "shadow"])
@pytest.mark.parametrize("allowed", [False, True])
async def test_sensitive_work_never_reaches_a_hosted_challenger(tmp_path: Path, mode: str, allowed: bool) -> None:
    table = routing({"target": "cloud", "mode": mode, "share": 1}, sensitive_to_hosted=allowed)
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway:
        raw = await ask(gateway, sensitive=True)
        assert raw.parse().choices[0].message.content == "from small"
        await ask(gateway)
        if mode == "shadow":
            await shadows(gateway)
        first, last = gateway.audit()
        assert (first.trial, first.copied_to) == ("", ())
        assert last.trial == "canary" or last.copied_to == ("cloud",)
        assert gateway.seen("cloud") == 1


async def test_in_shadow_the_incumbent_answers_and_the_copy_is_judged_and_recorded(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "shadow", "share": 1})
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway:
        raw = await ask(gateway)
        assert raw.parse().choices[0].message.content == "from small"
        [shadow] = await asyncio.wait_for(shadows(gateway), WAIT_S)
        [record] = gateway.audit()
        assert record.copied_to == ("new",)
        assert [call.target for call in record.calls] == ["small"]
        assert (shadow.request, shadow.challenger, shadow.incumbent) == (record.request, "new", "small")
        assert shadow.call.failure == "" and shadow.completion_tokens > 0
        assert gateway.check().ok
        text = b"".join(path.read_bytes() for path in gateway.options.audit.glob("*.jsonl"))
        assert b"from new" not in text and b"Jones" not in text


async def test_a_shadow_that_fails_or_hangs_changes_nothing_for_the_client(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "shadow", "share": 1})
    async with running_gateway(tmp_path, table, {**SCRIPTS, "new": BROKEN}) as gateway:
        raw = await ask(gateway)
        assert raw.parse().choices[0].message.content == "from small"
        [shadow] = await asyncio.wait_for(shadows(gateway), WAIT_S)
        assert shadow.call.failure == "HTTP 500"
    slow = {"reply": {"text": "fine"}, "rules": [{"when": {"contains": "secret case"}, "fault": "hang_before_headers"}]}
    async with running_gateway(tmp_path / "b", table, {**SCRIPTS, "new": slow}) as gateway:
        for _ in range(20):
            raw = await asyncio.wait_for(ask(gateway), WAIT_S)
            assert raw.parse().choices[0].message.content == "from small"
        assert sum(bool(one.copied_to) for one in gateway.audit()) == 16  # past the bound nothing is copied
        assert gateway.seen("new") <= 16


async def test_a_shadow_is_judged_by_the_rules_own_checks(tmp_path: Path) -> None:
    rule = {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "small",
            "guardrails": ["schema"]}  # fmt: skip
    table = {
        "targets": TARGETS, "rules": [rule], "default": {"route": "refuse"},
        "challengers": [{"target": "new", "rule": "orders", "mode": "shadow", "share": 1}],
    }  # fmt: skip
    good = '{"order_id": "A-1", "customer": "x", "total_eur": 1, "rush": false}'
    async with running_gateway(
        tmp_path, table, {"small": {"reply": {"text": good}}, "new": {"reply": {"text": "not JSON"}}, "cloud": {}},
        suites=("demo_v1",),
    ) as gateway, gateway.client() as client:  # fmt: skip
        await client.chat.completions.create(model="milo/orders", messages=[], extra_body={"milo": {"input": order()}})
        [shadow] = await asyncio.wait_for(shadows(gateway), WAIT_S)
        assert shadow.call.failed_checks == ("schema",)
        [record] = gateway.audit()
        assert (record.trial_rule, record.trial_checks) == ("orders", ("schema",))


async def test_a_role_is_challenged_for_those_who_name_it(tmp_path: Path) -> None:
    rules = [{"id": "review", "when": {"workload": "review"}, "route": "local", "target": "small"}]
    table = {
        "targets": TARGETS, "rules": rules, "default": {"route": "refuse"},
        "challengers": [{"target": "new", "role": "reviewer", "mode": "canary", "share": 1}],
    }  # fmt: skip
    known = registry(tmp_path, reviewer={**REGISTRY["roles"]["reviewer"], "escalation": [], "challengers": ["new"]})  # type: ignore[index]
    async with running_gateway(tmp_path, table, SCRIPTS, registry=known) as gateway:
        raw = await ask(gateway, "milo/reviewer")
        assert raw.headers["X-Milo-Target"] == "new"
        raw = await ask(gateway, "milo/review")
        assert raw.headers["X-Milo-Target"] == "small"
    other = registry(tmp_path, reviewer={**REGISTRY["roles"]["reviewer"], "escalation": []})  # type: ignore[index]
    with pytest.raises(ConfigError, match="but not in"):
        async with running_gateway(tmp_path / "b", table, SCRIPTS, registry=other):
            pass
    with pytest.raises(ConfigError, match="not served"):
        async with running_gateway(tmp_path / "c", table, SCRIPTS):
            pass


@pytest.mark.parametrize(
    ("challenger", "said"),
    [
        ({"target": "newer", "mode": "canary", "share": 1}, "unknown target 'newer'"),
        ({"target": "new", "mode": "canary", "share": 1, "rule": "nots"}, "unknown rule 'nots'"),
        ({"target": "small", "mode": "canary", "share": 1}, "calls it already"),
        ({"target": "new", "mode": "canary", "share": 1, "rule": "default"}, "whose route is refuse"),
        ({"target": "new", "mode": "canary", "share": 0}, "share"),
        ({"target": "new", "mode": "canary", "share": "101%"}, "share"),
        ({"target": "new", "mode": "canary", "share": "many"}, "share"),
        ({"target": "new", "mode": "canary", "share": float("nan")}, "share"),
        ({"target": "new", "mode": "blue", "share": 1}, "mode"),
        ({"target": "new", "mode": "canary", "share": 1, "role": "review", "rule": "notes"}, "only one of them"),
    ],
)
def test_a_challenger_that_cannot_be_one_is_refused(challenger: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_routing(read_routing(yaml.safe_dump(routing(challenger))))


def test_canaries_of_one_rule_get_no_more_than_everything() -> None:
    both = routing(
        {"target": "new", "mode": "canary", "share": "60%"}, {"target": "cloud", "mode": "canary", "share": 0.5}
    )
    with pytest.raises(ConfigError, match="more than 100%"):
        check_routing(read_routing(yaml.safe_dump(both)))


def test_challengers_survive_writing_the_table() -> None:
    file = read_routing(yaml.safe_dump(routing({"target": "new", "mode": "shadow", "share": "5%"})))
    again: RoutingFile = read_routing(file.to_yaml())
    assert again.challengers == file.challengers
    assert again.challengers[0].share == 0.05


async def test_old_and_new_lines_are_read_as_one_audit(tmp_path: Path) -> None:
    table = routing({"target": "new", "mode": "shadow", "share": 1})
    async with running_gateway(tmp_path, table, SCRIPTS) as gateway:
        await ask(gateway)
        await asyncio.wait_for(shadows(gateway), WAIT_S)
        kinds = [type(line) for line in lines(gateway)]
        assert sorted(kind.__name__ for kind in kinds[1:]) == sorted([AuditedRequest.__name__, AuditedShadow.__name__])


async def test_a_request_that_is_routed_on_stays_with_the_rule_that_is_challenged(tmp_path: Path) -> None:
    rules = [
        {"id": "bad", "when": {"workload": "orders", "failed_checks": ["schema"]}, "route": "human_review"},
        {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "small"},
    ]
    table = {
        "targets": TARGETS, "rules": rules, "default": {"route": "refuse"},
        "challengers": [{"target": "new", "rule": "orders", "mode": "canary", "share": 1}],
    }  # fmt: skip
    scripts = {**SCRIPTS, "new": {"reply": {"text": "not JSON"}}}
    served = running_gateway(tmp_path, table, scripts, suites=("demo_v1",))
    async with served as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/orders", messages=[], extra_body={"milo": {"input": order()}}
        )
        assert raw.http_response.status_code == 202
        [record] = gateway.audit()
        assert (record.rule, record.trial_rule, record.trial) == ("bad", "orders", "canary")


async def test_a_table_without_the_challenger_is_taken_over_while_its_copies_hang(tmp_path: Path) -> None:
    slow = {"reply": {"text": "fine"}, "rules": [{"when": {"contains": "secret case"}, "fault": "hang_before_headers"}]}
    table = routing({"target": "new", "mode": "shadow", "share": 1})
    async with running_gateway(tmp_path, table, {**SCRIPTS, "new": slow}) as gateway:
        await ask(gateway)
        without = routing(targets={name: one for name, one in TARGETS.items() if name != "new"})
        for number in range(2):  # the second is read too: nobody waits for the copies of the first
            text = yaml.safe_dump({**without, "title": f"t{number}"})
            (tmp_path / "routing.yaml").write_text(text)
            while sum(one["event"] == "reloaded" for one in gateway.said) < number + 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        raw = await ask(gateway)
        assert raw.parse().choices[0].message.content == "from small"
        assert gateway.audit()[-1].copied_to == ()
