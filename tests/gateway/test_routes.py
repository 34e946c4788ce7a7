"""What a client of the gateway gets, with OpenAI's own client: answered, cut, queued, refused, as the table says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from milo_bench.core.errors import ConfigError
from milo_bench.suites.load import load_suite
from tests.gateway.running import running_gateway
from tests.patience import WAIT_S

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
LOCAL = {"local_8b": {"model": "fake-1"}}
BOTH = {**LOCAL, "hosted_a": {"model": "fake-1", "hosted": True}}
PLAIN = {
    "targets": LOCAL,
    "rules": [
        {"id": "risk", "when": {"workload": "notes", "keywords": "any"}, "route": "human_review", "queue": "risky",
         "why": "a keyword matches"},
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local_8b"},
        {"id": "no", "when": {"workload": "closed"}, "route": "refuse", "why": "it was rejected"},
    ],
    "default": {"route": "refuse", "why": "nobody measured this work"},
}  # fmt: skip
SAID = {"reply": {"text": "All is well."}}


async def test_an_answer_comes_with_the_rule_that_allowed_it_and_one_line_of_the_audit(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=HELLO)
        assert raw.parse().choices[0].message.content == "All is well."
        assert raw.headers["X-Milo-Rule"] == "notes"
        assert raw.headers["X-Milo-Guarded"] == "false"
        [record] = gateway.audit()
        assert (record.outcome, record.rule, record.target, record.status) == ("answered", "notes", "local_8b", 200)
        assert record.completion_tokens == 3
        assert gateway.check().ok


@pytest.mark.parametrize("how", ["header", "model", "field"])
async def test_a_workload_is_named_by_header_model_or_field(tmp_path: Path, how: str) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        answer = await client.chat.completions.create(
            model="milo/notes" if how == "model" else "gpt-4o-mini",
            messages=HELLO,
            extra_headers={"X-Milo-Workload": "notes"} if how == "header" else {},
            extra_body={"milo": {"workload": "notes"}} if how == "field" else {},
        )
        assert answer.choices[0].message.content == "All is well."


async def test_a_keyword_sends_the_request_to_a_person_before_any_model(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        risky: list[Any] = [{"role": "user", "content": "My lawyer will sue you."}]
        raw = await client.chat.completions.with_raw_response.create(model="milo/notes", messages=risky)
        queued = raw.parse()
        assert raw.http_response.status_code == 202
        assert queued.choices[0].message.content is None
        assert "number 1 in the queue" in (queued.choices[0].message.refusal or "")
        milo = (queued.model_extra or {})["milo"]
        assert (milo["queue"], milo["place"]) == ("risky", 1)
        assert gateway.seen("local_8b") == 0
        streamed = await client.chat.completions.create(model="milo/notes", messages=risky, stream=True)
        chunks = [chunk async for chunk in streamed]
        assert chunks[-1].choices[0].finish_reason == "content_filter"


async def test_a_person_reads_in_the_queue_what_the_client_sent(tmp_path: Path) -> None:
    from milo_bench.store.state.asked import read_asked
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import list_work

    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        parts: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "My lawyer will sue you."}]}]
        case = {"text": "My lawyer will sue you.", "day": "2026-03-01"}
        free = await client.chat.completions.create(model="milo/notes", messages=parts)
        with_case = await client.chat.completions.create(
            model="milo/notes", messages=[], extra_body={"milo": {"input": case}}
        )
        works = {work.id: read_asked(work.request) for work in list_work(open_state(gateway.options.state))}
        asked = works[free.id]
        assert asked is not None and (asked.door, asked.model, asked.texts) == (
            "chat", "milo/notes", [("user", "My lawyer will sue you.")]
        )  # fmt: skip
        asked = works[with_case.id]
        assert asked is not None and asked.input == case


async def test_a_refused_request_names_its_rule(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        with pytest.raises(openai.UnprocessableEntityError, match="Rule 'no' refuses") as refused:
            await client.chat.completions.create(model="milo/closed", messages=HELLO)
        assert refused.value.code == "refused"
        assert gateway.audit()[0].outcome == "refused"


async def test_an_unguarded_stream_passes_chunk_by_chunk(tmp_path: Path) -> None:
    script = {"reply": {"text": "one two three", "gap_s": 0.02}}
    async with running_gateway(tmp_path, PLAIN, {"local_8b": script}) as gateway, gateway.client() as client:
        stream = await client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
        parts = [chunk.choices[0].delta.content async for chunk in stream if chunk.choices]
        assert [part for part in parts if part] == ["one", " two", " three"]
        assert gateway.audit()[0].streamed


@pytest.mark.parametrize("fault", ["cut_stream", "reset_mid_stream", "error_in_stream", "missing_finish"])
async def test_a_stream_that_breaks_never_ends_clean(tmp_path: Path, fault: str) -> None:
    script = {"reply": {"text": "one two three"}, "rules": [{"when": {"contains": "please"}, "fault": fault}]}
    async with running_gateway(tmp_path, PLAIN, {"local_8b": script}) as gateway, gateway.client() as client:
        asking: list[Any] = [{"role": "user", "content": "please"}]
        with pytest.raises(openai.APIError):
            async for _ in await client.chat.completions.create(model="milo/notes", messages=asking, stream=True):
                pass
        assert gateway.audit()[0].outcome == "failed"


GUARDED = {
    "targets": BOTH,
    "rules": [
        {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "local_8b",
         "guardrails": ["schema"], "fallback": {"route": "hosted", "target": "hosted_a"}},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip


def order() -> dict[str, Any]:
    return next(one.input for one in load_suite("demo_v1").fixtures if one.workload == "orders")


async def _ask_order(client: openai.AsyncOpenAI, **milo: Any) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model="milo/orders", messages=[], extra_body={"milo": {"input": order(), **milo}}
    )


async def test_a_guarded_answer_that_fails_takes_the_fallback_once_and_says_so(tmp_path: Path) -> None:
    scripts = {"local_8b": {"reply": {"text": "not an order"}}, "hosted_a": {"reply": {"text": "nor this"}}}
    async with running_gateway(tmp_path, GUARDED, scripts, suites=("demo_v1",)) as gateway, gateway.client() as client:
        raw = await _ask_order(client)
        assert raw.http_response.status_code == 202  # neither answer held, so a person takes over
        assert (gateway.seen("local_8b"), gateway.seen("hosted_a")) == (1, 1)
        [record] = gateway.audit()
        assert (record.cause, record.first_route, record.route) == ("second_answer", "local", "human_review")
        assert [call.failed_checks for call in record.calls] == [("schema",), ("schema",)]


async def test_a_sensitive_case_reaches_no_hosted_target_whatever_fails(tmp_path: Path) -> None:
    scripts = {"local_8b": {"reply": {"text": "not an order"}}, "hosted_a": SAID}
    async with running_gateway(tmp_path, GUARDED, scripts, suites=("demo_v1",)) as gateway, gateway.client() as client:
        for milo in ({"sensitive": True}, {"tags": ["Sensitive "]}, {"tags": ["sens\u00aditive"]}):
            raw = await _ask_order(client, **milo)
            assert raw.http_response.status_code == 202
            assert raw.headers["X-Milo-Cause"] == "sensitive"
        await gateway.servers["local_8b"].stop()
        assert (await _ask_order(client, sensitive=True)).http_response.status_code == 202
        assert gateway.seen("hosted_a") == 0


async def test_a_guarded_stream_sends_nothing_before_its_answer_was_judged(tmp_path: Path) -> None:
    scripts = {"local_8b": {"reply": {"text": "not an order", "gap_s": 0.05}}, "hosted_a": {"reply": {"text": "no"}}}
    async with running_gateway(tmp_path, GUARDED, scripts, suites=("demo_v1",)) as gateway, gateway.client() as client:
        stream = await client.chat.completions.create(
            model="milo/orders", messages=[], stream=True, extra_body={"milo": {"input": order()}}
        )
        said = [chunk.choices[0].delta.content async for chunk in stream if chunk.choices]
        assert not any(said)
        assert gateway.audit()[0].guarded


async def test_messages_of_ones_own_pass_only_where_no_finding_rests_on_a_prompt(tmp_path: Path) -> None:
    rule = {**GUARDED["rules"][0], "finding": "orders/local_8b"}  # type: ignore[dict-item]
    routing = {**GUARDED, "rules": [rule]}
    scripts = {"local_8b": SAID, "hosted_a": SAID}
    async with running_gateway(tmp_path, routing, scripts, suites=("demo_v1",)) as gateway, gateway.client() as client:
        with pytest.raises(openai.UnprocessableEntityError, match="measured prompt"):
            await client.chat.completions.create(model="milo/orders", messages=HELLO)
        assert gateway.seen("local_8b") == 0


async def test_a_client_that_leaves_cancels_the_call_to_the_model(tmp_path: Path) -> None:
    script = {"reply": {"text": "one two", "gap_s": 30.0}}
    async with running_gateway(tmp_path, PLAIN, {"local_8b": script}) as gateway, gateway.client() as client:
        stream = await client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
        await anext(aiter(stream))
        request = gateway.servers["local_8b"].requests[-1]
        await stream.close()
        await client.close()
        await asyncio.wait_for(request.ended.wait(), WAIT_S)
        assert request.outcome == "client_closed"


async def test_no_failed_call_is_repeated_behind_the_clients_back(tmp_path: Path) -> None:
    script = {"rules": [{"when": {"contains": "please"}, "fault": {"kind": "status", "status": 503}}]}
    rules = [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local_8b",
              "fallback": {"route": "refuse"}}]  # fmt: skip
    routing = {"targets": LOCAL, "rules": rules, "default": {"route": "refuse"}}
    async with running_gateway(tmp_path, routing, {"local_8b": script}) as gateway, gateway.client() as client:
        with pytest.raises(openai.InternalServerError, match="No model can answer"):
            await client.chat.completions.create(model="milo/notes", messages=[{"role": "user", "content": "please"}])
        assert gateway.seen("local_8b") == 1


async def test_a_persons_answer_is_fetched_under_the_id(tmp_path: Path) -> None:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import end_work, take_work

    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        risky: list[Any] = [{"role": "user", "content": "My lawyer will sue you."}]
        queued = await client.chat.completions.create(model="milo/notes", messages=risky)
        path = f"/milo/queue/{queued.id}"
        assert (await client.get(path, cast_to=object))["milo"]["status"] == "queued"  # type: ignore[index]
        engine = open_state(gateway.options.state)
        take_work(engine, queued.id, "ann", 1.0)
        end_work(engine, queued.id, "answered", "We will call you.", "ann", 2.0)
        answered: Any = await client.get(path, cast_to=object)
        assert answered["choices"][0]["message"]["content"] == "We will call you."


async def test_a_rule_that_refers_to_what_is_missing_stops_the_start(tmp_path: Path) -> None:
    routing = {**PLAIN, "targets": {"local_8b": {"model": "fake-1"}, "gone": {"model": "x"}}}
    with pytest.raises(ConfigError, match="'gone', which is not in"):
        async with running_gateway(tmp_path, routing, {"local_8b": SAID}):
            pass
    needs_suite = {**GUARDED}
    with pytest.raises(ConfigError, match="no suite has its contract"):
        async with running_gateway(tmp_path / "two", needs_suite, {"local_8b": SAID, "hosted_a": SAID}):
            pass


async def test_a_changed_table_is_taken_over_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        file = tmp_path / "routing.yaml"
        good = file.read_text()
        file.write_text("rules: [")
        assert "routing.yaml" in str(await asyncio.wait_for(gateway.said_of("reload_refused"), WAIT_S))
        assert (await client.chat.completions.create(model="milo/notes", messages=HELLO)).choices
        file.write_text(good.replace("it was rejected", "it was rejected again"))
        await asyncio.wait_for(gateway.said_of("reloaded"), WAIT_S)
        with pytest.raises(openai.UnprocessableEntityError, match="rejected again"):
            await client.chat.completions.create(model="milo/closed", messages=HELLO)


async def test_a_stream_ends_under_the_table_that_it_began_under(tmp_path: Path) -> None:
    other = {**PLAIN, "targets": {**PLAIN["targets"], "old": {"model": "fake-1"}}}
    rules = [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "old"}]
    slow = {"reply": {"text": " ".join(["word"] * 40), "gap_s": 0.2}}
    scripts = {"local_8b": SAID, "old": slow}
    async with running_gateway(tmp_path, {**other, "rules": rules}, scripts) as gateway, gateway.client() as client:
        stream = await client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
        pieces = [await anext(stream)]
        (tmp_path / "routing.yaml").write_text(yaml.safe_dump(PLAIN, sort_keys=False))  # without the stream's target
        await asyncio.wait_for(gateway.said_of("reloaded"), WAIT_S)
        now = await client.chat.completions.create(model="milo/notes", messages=HELLO)
        assert now.choices[0].message.content == SAID["reply"]["text"]
        pieces += [piece async for piece in stream]
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        assert text == slow["reply"]["text"]
        tables = {record.target: record.table for record in gateway.audit()}
        assert tables.keys() == {"old", "local_8b"}
        assert tables["old"] != tables["local_8b"]
