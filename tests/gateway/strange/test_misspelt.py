"""Words that decide the route and are misspelt: refused with the right word, never routed as if they were absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_bad_input import exchange, post, told, with_

ROUTING: dict[str, Any] = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "hold", "when": {"tags": ["legal_hold", "tier-1-review"]}, "route": "refuse"},
        {"id": "draft", "when": {"workload": "notes", "use": ["draft", "letter"]}, "route": "local", "target": "local"},
        {"id": "other", "when": {"workload": "other"}, "route": "local", "target": "local"},
    ],
    "default": {"route": "local", "target": "local"},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> Any:
    async with running_gateway(tmp_path, ROUTING, {"local": {"reply": {"text": "fine"}}}) as running:
        yield running


async def refused(gateway: RunningGateway, status: int, code: str, *, headers: str = "", **fields: Any) -> str:
    """The hint of a request that reaches no model."""
    got, error = told(await exchange(gateway, post(with_(**fields), headers=headers)))
    assert (got, error["code"]) == (status, code)
    assert gateway.seen("local") == 0
    return str(error["hint"])


@pytest.mark.parametrize("use", ["drafts", "Draft", "darft", "dräft"])
async def test_a_misspelt_use_is_refused_with_the_right_one(gateway: RunningGateway, use: str) -> None:
    assert "Did you mean 'draft'?" in await refused(gateway, 404, "unknown_use", milo={"use": use})
    assert gateway.audit()[-1].reason == "unknown_use"


async def test_a_misspelt_use_in_a_header_is_refused(gateway: RunningGateway) -> None:
    hint = await refused(gateway, 404, "unknown_use", headers="X-Milo-Use: leter\r\n")
    assert "Did you mean 'letter'?" in hint


async def test_a_use_that_resembles_none_is_refused_with_all_of_them(gateway: RunningGateway) -> None:
    assert await refused(gateway, 404, "unknown_use", milo={"use": "zzz"}) == "Valid uses are: draft, letter."


async def test_a_workload_whose_rules_know_no_uses_takes_any(gateway: RunningGateway) -> None:
    for fields in ({"model": "milo/other", "milo": {"use": "anything"}}, {"milo": {"use": "letter"}}, {}):
        assert (await exchange(gateway, post(with_(**fields)))).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("name", ["X-Milo-Worklod", "X-Milo-Sensitve", "X-Milo-Uses", "x-milo-callback"])
async def test_a_header_of_ours_that_does_not_exist_is_refused(gateway: RunningGateway, name: str) -> None:
    assert "X-Milo-" in await refused(gateway, 400, "unknown_header", headers=f"{name}: notes\r\n")


@pytest.mark.parametrize("name", ["workload", "use", "sensitive", "tags", "callback"])
async def test_what_belongs_into_milo_is_refused_beside_it(gateway: RunningGateway, name: str) -> None:
    assert f'"milo": {{"{name}"' in await refused(gateway, 400, "invalid_value", **{name: True})


async def test_what_decides_the_route_is_said_once(gateway: RunningGateway) -> None:
    for twice in (b'"sensitive": true, "sensitive": false', b'"use": "draft", "use": "letter"'):
        body = with_(milo={"tags": []}).replace(b'"tags": []', twice)
        status, error = told(await exchange(gateway, post(body)))
        assert (status, error["code"]) == (400, "duplicate_key")
    assert gateway.seen("local") == 0


@pytest.mark.parametrize("tag", ["legal-hold", "LegalHold", "legal hold", "legal_hodl", "legal_hol", "legal_holds"])
async def test_a_tag_that_rules_know_by_another_spelling_is_refused(gateway: RunningGateway, tag: str) -> None:
    hint = await refused(gateway, 400, "misspelt_tag", model="milo/other", milo={"tags": ["vip", tag]})
    assert "Did you mean 'legal_hold'?" in hint


async def test_tags_of_their_own_pass(gateway: RunningGateway) -> None:
    for tags in (["vip"], ["no_legal_hold"], ["holiday"], ["tier-2-review"], ["legal"], []):
        body = with_(model="milo/other", milo={"tags": tags})
        assert (await exchange(gateway, post(body))).startswith(b"HTTP/1.1 200"), tags
    for tag in ("legal_hold", "Legal_Hold", " legal_hold "):
        reply = await exchange(gateway, post(with_(model="milo/other", milo={"tags": [tag]})))
        assert reply.startswith(b"HTTP/1.1 422"), tag
