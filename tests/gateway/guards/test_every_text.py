"""Whatever a client writes is redacted and read for keywords, in fields of next year too; the protocol's words not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.config.routing.file import read_routing
from milo_bench.decide.routing.rules import RequestFacts, route_request
from milo_bench.gateway.answering import facts as facts_module
from milo_bench.gateway.answering.facts import request_facts
from milo_bench.gateway.answering.prompting import CANNOT_REDACT, PreparedQuestion, prepare_question
from milo_bench.gateway.answering.written import other_text
from milo_bench.gateway.request import Door, Question, read_question
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.connection import HttpRequest
from tests.gateway.running import running_gateway

RULES: Final[dict[str, Any]] = {
    "targets": {"hosted": {"model": "fake-1", "hosted": True}},
    "rules": [
        {"id": "risk", "when": {"workload": "notes", "keywords": "any"}, "route": "human_review"},
        {"id": "notes", "when": {"workload": "notes"}, "route": "hosted", "target": "hosted", "redact": True},
    ],
    "default": {"route": "refuse"},
}
TABLE: Final = RoutingTable(read_routing(yaml.safe_dump(RULES)), "", (), frozenset({"notes"}))
MAIL: Final = "maria.lopez@example.org"
RISK: Final = "my lawyer will sue you"
CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "find_order", "arguments": "{}"}}
ANSWER: Final = {"role": "tool", "tool_call_id": "call_1", "name": "find_order", "content": "none"}


def asked(door: Door, fields: Mapping[str, Any]) -> Question:
    body = json.dumps({"model": "milo/notes", **fields}).encode()
    return read_question(HttpRequest(headers={"content-type": "application/json"}, body=body), door, {"notes"})


def chat(**more: Any) -> Question:
    return asked("chat", {"messages": [{"role": "user", "content": "good morning, how are you today"}], **more})


def message(**more: Any) -> Question:
    return chat(messages=[{"role": "assistant", "content": "ok", **more}, {"role": "user", "content": "go on"}])


def tool(**more: Any) -> Question:
    return chat(tools=[{"type": "function", "function": {"name": "find_order", **more}}])


def of_schema(schema: Mapping[str, Any]) -> Question:
    return chat(
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "order", "schema": {"type": "object", **schema}},
        }
    )


def prepared(question: Question) -> PreparedQuestion:
    routed = route_request(TABLE.file, RequestFacts("notes"))
    return prepare_question(TABLE, question, routed, "r_0")


def sent(question: Question) -> dict[str, Any]:
    case = prepared(question)
    assert not case.bypass
    return case.asked.fields


def keywords(question: Question) -> frozenset[str]:
    return request_facts(TABLE, question, {}, None, frozenset(), None, {}, {}).keywords


# Where a client, or its program, can write a text. Each is written with a text, and asked through its door.
WRITTEN: Final[dict[str, Callable[[str], Question]]] = {
    "suffix": lambda text: asked("completions", {"prompt": "hello there", "suffix": text}),
    "prompts": lambda text: asked("completions", {"prompt": ["hello there", text]}),
    "embedded text": lambda text: asked("embeddings", {"input": ["hello there", text]}),
    "chat fields at another door": lambda text: asked("completions", {"prompt": "hi", "messages": [text]}),
    "a prompt beside messages": lambda text: chat(prompt=text),
    "instructions": lambda text: asked("responses", {"instructions": text, "input": "hello there"}),
    "input items": lambda text: asked(
        "responses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]}
    ),
    "tools of a response": lambda text: asked(
        "responses", {"input": "hi", "tools": [{"type": "function", "name": "find", "description": text}]}
    ),
    "the schema of a response": lambda text: asked(
        "responses",
        {"input": "hi", "text": {"format": {"type": "json_schema", "name": "a", "schema": {"description": text}}}},
    ),
    "metadata": lambda text: chat(metadata={"note": text}),
    "a key": lambda text: chat(metadata={text: "1"}),
    "prediction": lambda text: chat(prediction={"type": "content", "content": text}),
    "parts of a prediction": lambda text: chat(
        prediction={"type": "content", "content": [{"type": "text", "text": text}]}
    ),
    "safety_identifier": lambda text: chat(safety_identifier=text),
    "user": lambda text: chat(user=text),
    "stop": lambda text: chat(stop=[text]),
    "a role": lambda text: chat(messages=[{"role": text, "content": "hi"}]),
    "a name": lambda text: message(name=text),
    "reasoning": lambda text: message(reasoning_content=text),
    "refusal": lambda text: message(refusal=text),
    "arguments": lambda text: message(
        tool_calls=[{**CALL, "function": {"name": "find_order", "arguments": json.dumps({"note": text})}}]
    ),
    "arguments that are no JSON": lambda text: message(
        tool_calls=[{**CALL, "function": {"name": "find_order", "arguments": f"note={text}"}}]
    ),
    "the arguments of a function call": lambda text: message(
        function_call={"name": "find_order", "arguments": json.dumps([text])}
    ),
    "the input of a custom tool": lambda text: message(
        tool_calls=[{"id": "call_1", "type": "custom", "custom": {"name": "find", "input": text}}]
    ),
    "what a tool says": lambda text: chat(messages=[{"role": "user", "content": "hi"}, {**ANSWER, "content": text}]),
    "a tool": lambda text: tool(description=text),
    "a function": lambda text: chat(functions=[{"name": "find_order", "description": text}]),
    "a property of a tool": lambda text: tool(
        parameters={"type": "object", "properties": {"id": {"type": "string", "description": text}}}
    ),
    "a nested schema": lambda text: of_schema({"properties": {"a": {"anyOf": [{"items": {"description": text}}]}}}),
    "an enumeration": lambda text: of_schema({"properties": {"kind": {"enum": ["other", text]}}}),
    "a default": lambda text: of_schema({"properties": {"kind": {"default": {"a": text}}}}),
    "a field of next year": lambda text: chat(memory={"notes": [{"said": text}]}),
    "a field of next year in a message": lambda text: message(notes=[text]),
}


@pytest.mark.parametrize("place", WRITTEN)
def test_whatever_a_client_writes_is_redacted(place: str) -> None:
    question = WRITTEN[place](MAIL)
    said = json.dumps(sent(question))
    assert MAIL not in said
    assert "EMAIL_1" in said
    assert prepared(question).redacted >= 1


@pytest.mark.parametrize("place", WRITTEN)
def test_whatever_a_client_writes_is_read_for_keywords(place: str) -> None:
    assert "litigation" in keywords(WRITTEN[place](RISK))
    assert not keywords(WRITTEN[place]("the parcel is late"))


TEXTS = st.text('abc {"\n', max_size=20) | st.integers(-5, 5) | st.booleans() | st.none()
UNKNOWN = st.recursive(
    TEXTS | st.just(f"write to {MAIL}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "id", "a", "x y"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["memory", "prompt", "reasoning", "audio", "tool_choice", "plugins"]), UNKNOWN))
def test_no_mail_leaves_in_fields_of_any_shape_and_nothing_else_changes(fields: dict[str, Any]) -> None:
    question = chat(**fields)
    said = sent(question)
    assert MAIL not in json.dumps(said)
    if MAIL not in json.dumps(fields):
        assert said == question.fields


PROTOCOL: Final[dict[str, Any]] = {
    "messages": [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "id": "call_4111111111111111"}]},
        {**ANSWER, "tool_call_id": "call_4111111111111111", "content": "find_order and orders say late"},
    ],
    "tools": [{"type": "function", "function": {"name": "find_order", "strict": True, "parameters": {
        "type": "object", "properties": {"e-mail address": {"type": ["string", "null"], "format": "email"},
                                         "name": {"$ref": "#/$defs/name"}},
        "required": ["e-mail address", "name"], "$defs": {"name": {"type": "string", "maxLength": 4111111111111111}},
        "additionalProperties": False}}}],
    "tool_choice": {"type": "function", "function": {"name": "find_order"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "orders", "schema": {"type": "object"}}},
    "reasoning_effort": "low", "service_tier": "auto", "seed": 4111111111111111, "max_tokens": 200,
    "logit_bias": {"50256": -100}, "stop": ["\n\n"], "stop_token_ids": [50256], "top_k": 40, "n": 1,
    "stream_options": {"include_usage": True}, "modalities": ["text"],
}  # fmt: skip


def test_names_ids_and_numbers_of_the_protocol_leave_as_they_came() -> None:
    question = asked("chat", PROTOCOL)
    assert sent(question) == question.fields
    assert prepared(question).redacted == 0


def test_what_a_schema_requires_is_still_the_name_of_its_property() -> None:
    schema = sent(of_schema({"properties": {MAIL: {"type": "string"}}, "required": [MAIL]}))
    made = schema["response_format"]["json_schema"]["schema"]
    assert [*made["properties"]] == made["required"] == ["[EMAIL_1]"]


def test_no_mail_hides_behind_the_escapes_of_earlier_arguments() -> None:
    escaped = '{"to": "maria.lopez\\u0040example.org", "n": 3, "card": 4111111111111111}'
    question = message(tool_calls=[{**CALL, "function": {"name": "find_order", "arguments": escaped}}])
    said = sent(question)["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(said) == {"to": "[EMAIL_1]", "n": 3, "card": "[CARD_1]"}
    plain = '{"n":  3}'
    question = message(tool_calls=[{**CALL, "function": {"name": "find_order", "arguments": plain}}])
    assert sent(question)["messages"][0]["tool_calls"][0]["function"]["arguments"] == plain


def test_a_speaker_is_a_person_and_the_name_of_a_function_is_none() -> None:
    said = sent(message(name="Maria_Lopez"))
    assert said["messages"][0]["name"] == "PERSON_1"
    said = sent(chat(messages=[{"role": "user", "name": "Xelquin_Oriv", "content": "Xelquin Oriv asks"}]))
    assert "Xelquin" not in str(said)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {"data": "AAAA"}}]}]},
        {"messages": [{"role": "user", "content": [{"image_url": {"url": "http://127.0.0.1/a.png"}}]}]},
        {"messages": [{"role": "user", "content": "what is this?", "images": ["AAAA"]}]},
        {"messages": [{"role": "user", "content": "what?"}], "scan": "data:image/png;base64,AAAA"},
        {"messages": [{"role": "user", "content": "what?"}], "image_data": [{"id": 1, "data": "AAAA"}]},
    ],
)
def test_a_part_of_an_unknown_kind_cannot_be_redacted(fields: dict[str, Any]) -> None:
    assert prepared(asked("chat", fields)).bypass == CANNOT_REDACT


def test_a_text_about_pictures_can_be_redacted() -> None:
    parts = [{"type": "text", "text": f"data:image/png;base64,AAAA is from {MAIL}", "cache_control": {"type": "x"}}]
    assert "[EMAIL_1]" in str(sent(chat(messages=[{"role": "user", "content": parts}])))


@pytest.mark.parametrize(
    "question",
    [
        tool(parameters={"type": "object", "properties": {"lawyer": {"type": "string"}}, "required": ["lawyer"]}),
        tool(parameters={"properties": {"the lawyer": {"title": "My lawyer will sue"}}, "required": ["the lawyer"]}),
        tool(parameters={"properties": {"kind": {"enum": ["lawyer", "injury"], "default": "lawyer"}}}),
        chat(functions=[{"name": "lawyer"}], function_call={"name": "lawyer"}),
        of_schema({"$defs": {"lawyer": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/lawyer"}}}),
        message(tool_calls=[{"id": "lawyer", "type": "function", "function": {"name": "lawyer", "arguments": "{}"}}]),
        chat(user="lawyer", safety_identifier="lawyer", prompt_cache_key="lawyer"),
        chat(metadata={"lawyer": "no"}),
    ],
)
def test_names_and_labels_of_a_program_are_no_keywords(question: Question) -> None:
    assert not keywords(question)


def test_other_fields_only_add_keywords() -> None:
    question = chat(messages=[{"role": "user", "content": RISK}], metadata={"note": "Die Ware ist gut angekommen."})
    assert "litigation" in keywords(question)


def test_a_plain_request_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(facts_module, "keyword_sets_in", lambda text: read.append(text) or frozenset())
    for question in (
        chat(temperature=0.2, max_tokens=50, stream=True),
        asked("completions", {"prompt": "a", "suffix": "b"}),
        asked("chat", {"messages": [], "milo": {"input": {"document": "a"}}, "metadata": {"a": RISK}}),
    ):
        assert not other_text(question)
        keywords(question)
    assert read == ["good morning, how are you today", "a\nb", "a"]


async def test_a_hosted_target_gets_no_mail_in_any_field(tmp_path: Path) -> None:
    script = {"hosted": {"reply": {"text": "fine"}}}
    fields = {"safety_identifier": MAIL, "memory": [MAIL], "tools": tool(description=MAIL).fields["tools"]}
    async with running_gateway(tmp_path, RULES, script) as gateway, gateway.client() as client:
        said: list[Any] = [{"role": "user", "content": "hello"}]
        for stream in (False, True):
            raw = await client.chat.completions.with_raw_response.create(
                model="milo/notes", messages=said, stream=stream, extra_body=fields
            )
            assert int(raw.headers["X-Milo-Redacted"]) == 3
        assert gateway.seen("hosted") == 2
        assert MAIL not in str(gateway.servers["hosted"].requests)
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/notes", messages=said, extra_body={"metadata": {"note": RISK}}
        )
        assert raw.headers["X-Milo-Rule"] == "risk"


async def test_in_shadow_a_rule_that_redacts_redacts_too(tmp_path: Path) -> None:
    script = {"hosted": {"reply": {"text": "fine"}}}
    async with running_gateway(tmp_path, RULES, script, shadow="hosted") as gateway, gateway.client() as client:
        said: list[Any] = [{"role": "user", "content": f"write to {MAIL}"}]
        await client.chat.completions.create(model="milo/notes", messages=said)
        assert gateway.seen("hosted") == 1
        assert MAIL not in str(gateway.servers["hosted"].requests)


@pytest.mark.parametrize(
    ("redact", "sensitive", "hosted", "counted"),
    [(True, False, True, 0), (False, True, True, 0), (False, False, True, 1), (True, True, False, 1)],
)
async def test_a_hosted_target_counts_no_text_that_it_may_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redact: bool, sensitive: bool, hosted: bool, counted: int
) -> None:
    seen: list[str] = []

    async def count(self: Upstream, text: str) -> int:
        seen.append(text)
        return 5

    monkeypatch.setattr(Upstream, "count_tokens", count)
    table = {
        "targets": {"local": {"model": "fake-1", "hosted": hosted}},
        "rules": [
            {"id": "short", "when": {"workload": "notes", "tokens": {"under": 9, "target": "local"}},
             "route": "human_review"},
            {"id": "notes", "when": {"workload": "notes"}, "route": "hosted" if hosted else "local",
             "target": "local", "redact": redact},
        ],
        "default": {"route": "refuse"},
    }  # fmt: skip
    served = running_gateway(tmp_path, table, {"local": {"reply": {"text": "fine"}}})
    async with served as gateway, gateway.client() as client:
        said: list[Any] = [{"role": "user", "content": MAIL}]
        headers = {"X-Milo-Sensitive": "true"} if sensitive else {}
        raw = await client.chat.completions.with_raw_response.create(
            model="milo/notes", messages=said, extra_headers=headers
        )
        assert len(seen) == counted
        assert raw.headers["X-Milo-Rule"] == ("short" if counted else "notes")
