"""A key bound to an operator permit: its answers call the tools that the permit allows, the rest needs a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest

from milo_bench import api
from milo_bench.config.gateway import GatewayTool
from milo_bench.config.routing.operators import OperatorGrant
from milo_bench.core.records import ToolCall
from milo_bench.gateway.judging import ReplyChoice
from milo_bench.gateway.permits import BoundPermit, why_not_permitted
from milo_bench.operator.permit.grants import _id
from milo_bench.operator.permit.holds import PINNED
from milo_bench.operator.worlds.session import BENCH_VERSION
from tests.gateway.running import running_gateway

TOOLS = {
    "read_log": GatewayTool(kind="deploy", changes=False),
    "deploy": GatewayTool(kind="deploy"),
    "restart": GatewayTool(kind="recovery"),
    "refund": GatewayTool(kind="money"),
}
LEVELS = {"deploy": "with_verifier", "recovery": "operator", "money": "none"}
SEEN: list[Any] = [
    {"role": "user", "content": "deploy it"},
    {"role": "assistant", "tool_calls": [{"function": {"name": "read_log", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "call_7", "content": "release r-2041 serves digest ab12cd"},
]


def grant(**terms: Any) -> OperatorGrant:
    today = datetime.now(UTC).date()
    base: dict[str, Any] = {
        "model": "fake-1", "bench_version": BENCH_VERSION, "seeds": (1,), "issued": today - timedelta(days=1),
        "expires": today + timedelta(days=60), **terms,
    }  # fmt: skip
    pinned = {field: str(base.get(field, "")) for field in PINNED}
    dates = [base[name].isoformat() for name in ("issued", "expires")]
    id = _id("local", pinned, BENCH_VERSION, (1,), *dates, LEVELS)
    kinds = {
        kind: {"level": level, "route": None if level == "operator" else "human_review"}
        for kind, level in LEVELS.items()
    }
    return OperatorGrant.model_validate({**base, "permit": id, "kinds": kinds})


PERMIT = BoundPermit("local", grant())


def said(text: str = "", *calls: str, arguments: str = "{}") -> list[ReplyChoice]:
    return [ReplyChoice(text, "", "", tuple(ToolCall("c", name, arguments) for name in calls), "stop")]


@pytest.mark.parametrize(
    ("choices", "messages", "why"),
    [
        (said("I look first.", "read_log"), [], ""),
        (said("", "restart"), [], ""),
        (said("", "deploy"), [], "a change of the kind 'deploy', whose level is with_verifier"),
        (said("", "refund"), [], "whose level is none"),
        (said("", "read_log", "rm"), [], "not under gateway.tools"),
        (said("DONE"), SEEN, "cites no result"),
        (said("The deploy is DONE, all went well."), SEEN, "cites no result"),
        (said("Done: release r-2041 serves ab12cd."), SEEN, ""),
        (said("DONE, release r-9999 serves."), SEEN, "cites no result"),
        (said("", "read_log", arguments='{"status": "DONE"}'), SEEN, "cites no result"),
        (said("The word undone is no claim, nor is 'I have not done it'."), SEEN, ""),
    ],
)  # fmt: skip
def test_what_a_permit_does_not_allow_needs_a_person(choices: Any, messages: Any, why: str) -> None:
    found = why_not_permitted(PERMIT, TOOLS, "local", messages, choices)
    assert (why in found) if why else not found


def test_an_answer_of_another_model_is_not_under_the_permit() -> None:
    assert "and hosted answered" in why_not_permitted(PERMIT, TOOLS, "hosted", [], said("hello"))


def call_of(name: str) -> dict[str, Any]:
    return {"reply": {"tool_calls": [{"name": name, "arguments": '{"service": "shop"}'}]}}


def routing(terms: OperatorGrant) -> dict[str, Any]:
    return {
        "targets": {"local": {"model": "fake-1"}},
        "rules": [{"id": "agents", "when": {"workload": "operate"}, "route": "local", "target": "local"}],
        "default": {"route": "refuse"},
        "operators": {"local": json.loads(terms.model_dump_json(exclude_none=True))},
    }


@pytest.mark.parametrize(("tool", "status"), [("restart", 200), ("refund", 202)])
async def test_a_key_bound_to_a_permit_calls_its_tools_and_no_others(tmp_path: Path, tool: str, status: int) -> None:
    state = str(tmp_path / "state.db")
    terms = grant()
    key, _ = api.add_key(state, "agent", permit=terms.permit)
    config = {"tools": {name: one.model_dump() for name, one in TOOLS.items()}}
    served = running_gateway(tmp_path, routing(terms), {"local": call_of(tool)}, gateway=config, state=state)
    async with served as gateway, gateway.client(key) as client:
        asked: list[Any] = [{"role": "user", "content": "do it"}]
        for stream in (False, True):
            raw = await client.chat.completions.with_raw_response.create(
                model="milo/operate", messages=asked, stream=stream
            )
            assert raw.http_response.status_code == status
        if status == 202:
            assert raw.headers["X-Milo-Cause"] == "permit"
            assert gateway.audit()[0].cause == "permit"


async def test_a_key_whose_permit_is_not_in_the_table_may_call_nothing(tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    key, _ = api.add_key(state, "agent", permit="permit-0000000000000000")
    served = running_gateway(tmp_path, routing(grant()), {"local": call_of("restart")}, state=state)
    async with served as gateway, gateway.client(key) as client:
        asked: list[Any] = [{"role": "user", "content": "do it"}]
        with pytest.raises(openai.PermissionDeniedError, match="not in the routing table"):
            await client.chat.completions.create(model="milo/operate", messages=asked)
        assert gateway.seen("local") == 0
