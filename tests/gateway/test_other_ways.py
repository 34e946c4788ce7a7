"""Shadow, drafts for people, cut sentences, embeddings and limits: the ways that a plain answer does not take."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from milo_bench.suites.load import load_suite
from tests.gateway.running import running_gateway

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
LOCAL = {"local": {"model": "fake-1"}}


async def test_in_shadow_everything_is_answered_by_one_target_and_the_rule_is_recorded(tmp_path: Path) -> None:
    routing = {
        "targets": {**LOCAL, "other": {"model": "fake-1"}},
        "rules": [
            {"id": "no", "when": {"workload": "notes", "keywords": "any"}, "route": "refuse"},
            {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        ],
        "default": {"route": "refuse"},
    }
    scripts = {"local": {"reply": {"text": "from the table"}}, "other": {"reply": {"text": "from shadow"}}}
    async with running_gateway(tmp_path, routing, scripts, shadow="other") as gateway, gateway.client() as client:
        for text in ("hello", "my lawyer"):
            asked: list[Any] = [{"role": "user", "content": text}]
            answer = await client.chat.completions.create(model="milo/notes", messages=asked)
            assert answer.choices[0].message.content == "from shadow"
        stream = await client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
        assert "".join([one.choices[0].delta.content or "" async for one in stream if one.choices]) == "from shadow"
        records = gateway.audit()
        assert [(one.rule, one.shadow) for one in records] == [("notes", True), ("no", True), ("notes", True)]
        assert gateway.seen("local") == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_in_shadow_a_case_takes_the_prompt_that_was_measured(tmp_path: Path, stream: bool) -> None:
    """Whether the table would ask a model or a person, the one target gets the case and not an empty chat."""
    routing = {
        "targets": {**LOCAL, "other": {"model": "fake-1"}},
        "rules": [
            {"id": "held", "when": {"workload": "orders", "tags": ["held"]}, "route": "human_review"},
            {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "local"},
        ],
        "default": {"route": "refuse"},
    }
    case = next(one.input for one in load_suite("demo_v1").fixtures if one.workload == "orders")
    scripts: dict[str, Any] = {"local": {}, "other": {"reply": {"text": "from shadow"}}}
    options = {"shadow": "other", "suites": ("demo_v1",)}
    async with running_gateway(tmp_path, routing, scripts, **options) as gateway, gateway.client() as client:
        for tags in ([], ["held"]):
            milo = {"input": case, "tags": tags}
            asked = await client.chat.completions.create(
                model="milo/orders", messages=[], stream=stream, extra_body={"milo": milo}
            )
            parts = [one.choices[0].delta.content or "" async for one in asked if one.choices] if stream else []
            assert ("".join(parts) if stream else asked.choices[0].message.content) == "from shadow"
            seen = str(gateway.servers["other"].requests[-1])
            assert str(next(iter(case.values())))[:40].splitlines()[0] in seen
        assert [(one.rule, one.prompt != "free") for one in gateway.audit()] == [("orders", True), ("held", True)]


async def test_in_shadow_a_sensitive_case_reaches_no_hosted_target(tmp_path: Path) -> None:
    routing = {
        "targets": {**LOCAL, "cloud": {"model": "fake-1", "hosted": True}},
        "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
        "default": {"route": "refuse"},
    }
    scripts: dict[str, Any] = {"local": {}, "cloud": {}}
    async with running_gateway(tmp_path, routing, scripts, shadow="cloud") as gateway, gateway.client() as client:
        with pytest.raises(openai.UnprocessableEntityError, match="sensitive"):
            await client.chat.completions.create(
                model="milo/notes", messages=HELLO, extra_headers={"X-Milo-Sensitive": "true"}
            )
        assert gateway.seen("cloud") == 0
        await client.chat.completions.create(model="milo/notes", messages=HELLO)
        assert gateway.seen("cloud") == 1


async def test_a_draft_of_route_assist_waits_for_a_person_and_its_flag_turns_it_off(tmp_path: Path) -> None:
    rule = {"id": "drafts", "when": {"workload": "notes"}, "route": "assist", "target": "local", "flag": "drafts",
            "fallback": {"route": "refuse"}}  # fmt: skip
    routing = {"targets": LOCAL, "rules": [rule], "default": {"route": "refuse"}, "flags_file": "flags.yaml"}
    script = {"local": {"reply": {"text": "Dear customer."}}}
    (tmp_path / "flags.yaml").write_text("schema_version: 1\nflags: {drafts: on}\n")
    async with running_gateway(tmp_path, routing, script) as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
        assert raw.http_response.status_code == 202
        assert "Dear customer" not in raw.text
        from milo_bench.store.state.database import open_state
        from milo_bench.store.state.queue import list_work

        [work] = list_work(open_state(gateway.options.state))
        assert work.draft == "Dear customer."
        (tmp_path / "flags.yaml").write_text("schema_version: 1\nflags: {drafts: off}\n")
        await asyncio.wait_for(gateway.said_of("reloaded"), 240)
        with pytest.raises(openai.UnprocessableEntityError, match="flag of this rule is off"):
            await client.chat.completions.create(model="milo/notes", messages=HELLO)
        assert gateway.seen("local") == 1


async def test_sentences_without_a_citation_are_cut_and_the_client_is_told_which(tmp_path: Path) -> None:
    rule = {"id": "drafts", "when": {"workload": "drafting"}, "route": "local", "target": "local",
            "guardrails": ["remove_uncited_sentences"]}  # fmt: skip
    routing = {"targets": LOCAL, "rules": [rule], "default": {"route": "refuse"}}
    fixture = next(one for one in load_suite("case_ops_v1").fixtures if one.workload == "drafting")
    event = fixture.input["case"]["events"][0]["id"]
    text = f"We received your form on 3 May [{event}]. We have approved the whole claim."
    scripts = {"local": {"reply": {"text": text}}}
    served = running_gateway(tmp_path, routing, scripts, suites=("case_ops_v1",))
    async with served as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/drafting", messages=[], extra_body={"milo": {"input": fixture.input}}
        )
        answer = raw.parse()
        assert answer.choices[0].message.content == f"We received your form on 3 May [{event}]."
        assert raw.headers["X-Milo-Removed"] == "1"
        assert (answer.model_extra or {})["milo"]["removed"] == ["We have approved the whole claim."]
        assert gateway.audit()[0].outcome == "edited"


async def test_places_at_a_target_are_bounded_and_a_full_queue_says_when_to_come_again(tmp_path: Path) -> None:
    rule = {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local",
            "limits": {"concurrency": 1}}  # fmt: skip
    routing = {"targets": LOCAL, "rules": [rule], "default": {"route": "refuse"}}
    scripts = {"local": {"reply": {"text": "fine", "first_token_s": 1.0}}}
    limits = {"max_waiting": 1, "max_wait_s": 60}
    async with running_gateway(tmp_path, routing, scripts, gateway=limits) as gateway, gateway.client() as client:

        async def ask() -> int:
            try:
                await client.chat.completions.create(model="milo/notes", messages=HELLO)
            except openai.RateLimitError as error:
                assert int(error.response.headers["Retry-After"]) >= 1
                return 429
            return 200

        assert sorted(await asyncio.gather(*(ask() for _ in range(4)))) == [200, 200, 429, 429]


async def test_health_metrics_and_models_say_what_is_served(tmp_path: Path) -> None:
    rule = {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}
    routing = {"targets": LOCAL, "rules": [rule], "default": {"route": "refuse"}}
    async with running_gateway(tmp_path, routing, {"local": {}}) as gateway, httpx.AsyncClient() as web:
        assert (await web.get(f"{gateway.address}/health/live")).status_code == 200
        assert (await web.get(f"{gateway.address}/health/ready")).json() == {"status": "ready", "reasons": {}}
        assert (await web.get(f"{gateway.address}/v1/models")).json()["data"][0]["id"] == "milo/notes"
        assert (await web.get(f"{gateway.address}/metrics")).status_code == 404
        assert 'milo_target_state{target="local"} 1' in (await web.get(f"{gateway.admin}/metrics")).text
        health = gateway.servers["local"]
        await health.stop()
        async with gateway.client() as client:
            for _ in range(6):
                await client.chat.completions.create(model="milo/notes", messages=HELLO)  # queued: nobody can answer
        ready = await web.get(f"{gateway.address}/health/ready")
        assert ready.status_code == 503
        assert "calls failed, the latest with: " in ready.json()["reasons"]["local"]
