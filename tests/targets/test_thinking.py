"""Models that think: a budget of its own, as each runtime takes it; a cut while thinking is no verdict on the model."""

from __future__ import annotations

import time
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig, Thinking
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.failures import classify
from milo_bench.targets.http.roles import merge_system
from milo_bench.targets.http.thinking import ollama_fields, openai_fields, with_extra
from tests.patience import WAIT_S

PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)
ASKED = ChatRequest((Message("system", "Be brief."), Message("user", "hello")), max_tokens=20)


async def sent(script: dict[str, Any], api: str = "openai", **more: Any) -> tuple[Exchange, dict[str, Any]]:
    async with start_fake(script) as fake:
        address = fake.base_url if api == "openai" else fake.address
        target = open_target(TargetConfig(name="t", api=api, base_url=address, model="fake-1", **more), {})
        try:
            exchange = await target.ask(ASKED, timeouts=PATIENT, zero_s=time.monotonic(), intended_s=0.0)
        finally:
            await target.stop()
        return exchange, dict(fake.requests[-1].body or {})


async def test_an_answer_cut_while_thinking_is_a_failure_that_names_the_way_out() -> None:
    script = {"reply": {"text": "", "reasoning": "let me see", "finish_reason": "length"}}
    exchange, _ = await sent(script)
    assert exchange.failure is not None and exchange.failure.kind == "cut_while_thinking"
    assert "thinking: off" in exchange.failure.message and "'t'" in exchange.failure.message


@pytest.mark.parametrize(
    "reply",
    [
        {"text": "<think>let me see", "finish_reason": "length"},
        {"text": "[THINK]let me see", "finish_reason": "length"},
    ],
)
async def test_so_is_one_whose_server_leaves_the_thinking_in_its_text(reply: dict[str, Any]) -> None:
    exchange, _ = await sent({"reply": reply})
    assert exchange.failure is not None and exchange.failure.kind == "cut_while_thinking"


@pytest.mark.parametrize(
    "reply",
    [
        {"text": "a", "reasoning": "let me see", "finish_reason": "length"},
        {"text": "", "finish_reason": "length"},
        {"text": "", "reasoning": "let me see", "finish_reason": "stop"},
    ],
)
async def test_an_answer_that_began_or_never_thought_is_the_models_own(reply: dict[str, Any]) -> None:
    exchange, _ = await sent({"reply": reply})
    assert exchange.failure is None


async def test_the_first_visible_token_has_a_time_of_its_own_after_the_first_token() -> None:
    exchange, _ = await sent({"reply": {"text": "answer", "reasoning": "let me see"}})
    times = exchange.timings
    assert times.first_content_s is not None and times.first_text_s is not None
    assert times.first_content_s <= times.first_text_s
    plain, _ = await sent({"reply": {"text": "answer"}})
    assert plain.timings.first_text_s is None, "without thinking there is one time"


async def test_the_budget_comes_on_top_of_the_tokens_of_the_answer() -> None:
    _, body = await sent({}, thinking=500)
    assert body["max_tokens"] == 520 and body["chat_template_kwargs"]["enable_thinking"] is True
    _, body = await sent({}, thinking="off")
    assert body["max_tokens"] == 20 and body["chat_template_kwargs"]["enable_thinking"] is False
    _, body = await sent({})
    assert body["max_tokens"] == 20 and "chat_template_kwargs" not in body


async def test_ollama_takes_a_switch_and_counts_the_budget_into_its_prediction() -> None:
    _, body = await sent({}, "ollama", thinking=500)
    assert body["think"] is True and body["options"]["num_predict"] == 520
    _, body = await sent({}, "ollama", thinking="off")
    assert body["think"] is False and body["options"]["num_predict"] == 20


@pytest.mark.parametrize(
    ("thinking", "effort"), [("off", "none"), ("low", "low"), (1000, "low"), (8000, "medium"), (100_000, "high")]
)
def test_a_hosted_api_takes_an_effort_and_nothing_that_it_would_refuse(thinking: Thinking, effort: str) -> None:
    assert openai_fields(thinking, hosted=True, runtime="") == {"reasoning_effort": effort}


def test_llama_server_counts_the_budget_itself_and_ollama_takes_the_effort_of_gpt_oss() -> None:
    assert openai_fields(300, hosted=False, runtime="llama.cpp")["thinking_budget_tokens"] == 300
    assert "thinking_budget_tokens" not in openai_fields(300, hosted=False, runtime="vLLM")
    assert ollama_fields("high") == {"think": "high"}


def test_what_a_person_sets_for_the_template_wins_one_by_one() -> None:
    ours = openai_fields("off", hosted=False, runtime="")
    merged = with_extra(ours, {"chat_template_kwargs": {"thinking": True, "custom": 1}})
    assert merged["chat_template_kwargs"] == {"enable_thinking": False, "thinking": True, "custom": 1}


async def test_a_template_that_refuses_a_system_message_is_told_with_the_way_out() -> None:
    fault = {"kind": "status", "status": 400, "message": "System role not supported"}
    exchange, _ = await sent({"rules": [{"fault": fault}]})
    assert exchange.failure is not None and exchange.failure.kind == "template_refused"
    assert "system: merge" in exchange.failure.message


REFUSALS = [
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "After the optional system message, conversation roles must alternate user and assistant",
    "Only user, assistant and tool roles are supported!",
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    "Developer instruction is not enabled for models/gemma-3-27b-it",
    "deepseek-reasoner does not support successive user or assistant messages (messages[1] and messages[2])",
    "Unexpected role 'user' after role 'system'",
    "System prompts are not supported by this model",
]
OTHER_REFUSALS = [
    "The system is overloaded, try again later",
    "This model does not support tools",
    "response_format is not supported",
    "The user is not allowed to use this model",
    "maximum context length is 4096 tokens, and the system message has 5000",
]


@pytest.mark.parametrize("said", REFUSALS)
def test_a_refusal_of_roles_is_known_by_the_words_of_each_server(said: str) -> None:
    assert classify(400, said, ()).kind == "template_refused"
    assert "system: merge" in classify(500, said, ()).message


@pytest.mark.parametrize("said", OTHER_REFUSALS)
def test_another_refusal_is_not_taken_for_one_of_roles(said: str) -> None:
    assert classify(400, said, ()).kind != "template_refused"


async def test_merged_the_system_text_opens_the_users_first_message() -> None:
    _, body = await sent({}, system="merge")
    assert [(one["role"], one["content"]) for one in body["messages"]] == [("user", "Be brief.\n\nhello")]


def test_equal_roles_in_a_row_become_one_message_and_tool_calls_stay() -> None:
    request = ChatRequest((Message("user", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d")))
    assert [message.content for message in merge_system(request).messages] == ["a\n\nb", "c", "d"]
    assert merge_system(ChatRequest((Message("system", "a"),))).messages == (Message("user", "a"),)
