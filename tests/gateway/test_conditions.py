"""Redaction, token length and time of day, as a client of the gateway meets them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from milo_bench.config.routing.file import read_routing
from milo_bench.decide.routing.rules import RequestFacts, route_request
from milo_bench.gateway.answering.prompting import prepare_question
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RoutingTable
from tests.gateway.running import running_gateway

TEXT = "Ms Maria Lopez (maria.lopez@example.org) asks where order MX-11111 is."
PLAIN = {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local", "redact": True}


def routing(**more: Any) -> dict[str, Any]:
    rule = {**PLAIN, **more}
    return {"targets": {"local": {"model": "fake-1"}}, "rules": [rule], "default": {"route": "human_review"}}


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


async def test_a_rule_that_redacts_sends_no_personal_data_and_the_audit_counts_it(tmp_path: Path) -> None:
    script = {"local": {"reply": {"text": "It is late."}}}
    async with running_gateway(tmp_path, routing(), script) as gateway, gateway.client() as client:
        for stream in (False, True):
            raw = await client.chat.completions.with_raw_response.create(
                model="milo/notes", messages=said(TEXT), stream=stream
            )
            assert int(raw.headers["X-Milo-Redacted"]) >= 2
        sent = [str(request) for request in gateway.servers["local"].requests]
        assert "MX-11111" in sent[-1]
        assert "[EMAIL_1]" in sent[-1]
        for text in sent:
            assert "Lopez" not in text
            assert "example.org" not in text
        assert all(record.redacted >= 2 for record in gateway.audit())


async def test_a_redacted_case_is_judged_as_the_model_saw_it(tmp_path: Path) -> None:
    rule = {**PLAIN, "when": {"workload": "orders"}, "guardrails": ["schema", "in_source"]}
    table = {**routing(), "rules": [rule]}
    scripts = {"local": {"reply": {"text": '{"order": "MX-11111"}'}}}
    served = running_gateway(tmp_path, table, scripts, suites=("demo_v1",))
    async with served as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/orders", messages=[], extra_body={"milo": {"input": {"message": TEXT}}}
        )
        assert raw.http_response.status_code == 200
        assert "example.org" not in str(gateway.servers["local"].requests)


async def test_what_cannot_be_redacted_goes_to_a_person_and_to_no_model(tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "what is this?"}, picture]}]
    async with running_gateway(tmp_path, routing(), {"local": {}}) as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=asked)
        assert raw.http_response.status_code == 202
        assert gateway.seen("local") == 0


async def test_a_sensitive_case_reaches_no_hosted_target_redacted_or_not(tmp_path: Path) -> None:
    table = routing(route="hosted")
    table["targets"]["local"]["hosted"] = True
    async with running_gateway(tmp_path, table, {"local": {}}) as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/notes", messages=said(TEXT), extra_headers={"X-Milo-Sensitive": "true"}
        )
        assert raw.headers["X-Milo-Cause"] == "sensitive"
        assert gateway.seen("local") == 0


async def test_a_server_without_a_tokenizer_is_asked_once_and_its_rules_do_not_apply(tmp_path: Path) -> None:
    table = routing(when={"workload": "notes", "tokens": {"under": 1_000, "target": "local"}}, redact=False)
    async with running_gateway(tmp_path, table, {"local": {}}) as gateway, gateway.client() as client:
        for _ in range(2):
            raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=said(TEXT))
            assert raw.headers["X-Milo-Rule"] == "default"
        assert gateway.seen("local") == 0


@pytest.mark.parametrize(("hour", "route"), [(10, "local"), (20, "human_review")])
def test_work_outside_office_hours_waits_for_people(hour: int, route: str) -> None:
    file = read_routing(
        "targets: {a: {model: m}}\nrules:\n"
        "- {id: day, when: {hours: {after: 08:00, before: 18:00, zone: Europe/Berlin}}, route: local, target: a}\n"
        "default: {route: human_review}\n"
    )
    at = datetime(2026, 11, 27, hour, 0, tzinfo=UTC)
    assert route_request(file, RequestFacts("notes", at=at)).route == route


@pytest.mark.parametrize("id", ["r_4111111111111111", "r_4155550132415555", "r_maria.lopez@example.org"])
def test_the_id_of_a_request_is_no_part_of_what_is_redacted(id: str) -> None:
    file = read_routing(yaml.safe_dump(routing()))
    table = RoutingTable(file, "", (), frozenset({"notes"}))
    asked = Question("chat", "notes", "", {"messages": said("Where is it?")}, None, frozenset(), False, False)
    routed = route_request(file, RequestFacts("notes"))
    assert prepare_question(table, asked, routed, id).redacted == 0
    asked.fields["messages"] = said(TEXT)
    assert prepare_question(table, asked, routed, id).redacted >= 2
