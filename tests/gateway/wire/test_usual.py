"""What is taken the short way as usual is what the long way would have taken, and means the same."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.gateway.judging import read_plain, read_reply
from milo_bench.gateway.metrics import GatewayMetrics
from milo_bench.gateway.request import Question, _check_each_field, _read_usual, read_question
from milo_bench.gateway.usual_fields import UsualCase, UsualChat, is_usual
from milo_bench.gateway.wire.connection import HttpRequest
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.audit.records import AuditedCall, AuditedRequest
from milo_bench.targets.http.answer import count
from tests.gateway.running import running_gateway
from tests.gateway.strange.test_known_heads import Talk, asking
from tests.gateway.test_bad_input import ROUTING

ODD = st.sampled_from(
    [None, True, False, 0, 1, 8, 9, -1, 2.0, 0.5, 10**9, 10**40, "", "x", "7", [], ["x"], ["x"] * 64, ["x"] * 65, [1],
     [None], [{}], [{"type": "text"}], {}, {"a": 1}, [["x"]], float("inf")]
)  # fmt: skip
FIELDS = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed",
    "top_logprobs", "stream_options", "response_format", "metadata", "tools", "functions", "stop", "n", "user",
    "logit_bias",
)  # fmt: skip
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"role": st.sampled_from(["user", "", None, 3]), "content": ODD, "name": ODD}
    )
    | ODD,
    max_size=3,
)  # fmt: skip


def refused(asked: Question) -> str:
    try:
        _check_each_field(asked)
    except ApiError as error:
        return error.message
    return ""


@given(st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3), MESSAGES | ODD, st.booleans(), st.booleans())
def test_what_is_usual_is_refused_by_no_rule_of_the_fields(
    fields: dict[str, Any], messages: Any, has_messages: bool, has_case: bool
) -> None:
    said = {"model": "milo/notes", **fields, **({"messages": messages} if has_messages else {})}
    case = {"document": "x"} if has_case else None
    asked = Question("chat", "notes", "", said, case, frozenset(), sensitive=False, stream=False)
    if is_usual(said, UsualCase if has_case else UsualChat):
        assert refused(asked) == ""


@pytest.mark.parametrize(
    "more",
    [{}, {"max_tokens": 64, "temperature": 0.2, "seed": 7}, {"stop": ["\n"], "n": 2}, {"tools": [{"type": "function"}]},
     {"response_format": {"type": "json_object"}, "max_tokens": None}],
)  # fmt: skip
def test_requests_as_clients_send_them_are_usual(more: dict[str, Any]) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "?"}]},
    ]
    assert is_usual({"model": "milo/notes", "messages": messages, **more}, UsualChat)


MESSAGE = st.fixed_dictionaries(
    {},
    optional={"role": ODD, "content": ODD, "tool_calls": ODD, "function_call": ODD, "refusal": ODD, "reasoning": ODD},
)
CHOICE = st.fixed_dictionaries({}, optional={"message": MESSAGE | ODD, "finish_reason": ODD, "index": ODD})


@given(
    st.fixed_dictionaries(
        {}, optional={"choices": st.lists(CHOICE | ODD, max_size=2) | ODD, "model": ODD, "usage": ODD, "error": ODD}
    ),
    st.sampled_from(["chat", "completions", "embeddings"]),
    st.sampled_from([b"", b"\xff", b"}", b" ", b"\xef\xbb\xbf"]),
)
def test_what_is_plain_is_a_sound_answer_of_the_same_model_and_usage(
    document: dict[str, Any], door: Any, after: bytes
) -> None:
    body = json.dumps(document).encode() + after
    plain = read_plain(door, body)
    if plain is not None:
        read = read_reply(door, body)
        assert not isinstance(read, str)
        assert plain.model == read[0].get("model")
        usage = read[0].get("usage")
        assert (plain.usage is None) == (usage is None)
        for name in ("prompt_tokens", "completion_tokens") if plain.usage is not None else ():
            assert (getattr(plain.usage, name) or 0) == (count(usage.get(name)) or 0)
        assert all(not choice.calls for choice in read[1])


CASES = ODD | st.fixed_dictionaries({}, optional={"input": ODD | st.just({"message": "x"}), "tags": ODD, "use": ODD})
MODELS = st.sampled_from(["milo/notes", "milo/other", "notes", "milo/", "milo", "", 3, None])


@given(
    st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=2),
    st.fixed_dictionaries({}, optional={"model": MODELS, "messages": MESSAGES, "milo": CASES, "stream": ODD}),
    st.sampled_from(["chat", "completions", "embeddings", "responses"]),
)
def test_a_question_under_a_known_head_is_read_as_under_any_other(
    fields: dict[str, Any], more: dict[str, Any], door: Any
) -> None:
    body = msgspec.json.encode({**fields, **more})

    def read(*, is_plain: bool) -> object:
        http = HttpRequest("POST", "/", {"content-type": "application/json"}, body, is_plain=is_plain)
        try:
            return read_question(http, door, {"notes"})
        except ApiError as error:
            return error.status, error.message

    assert read(is_plain=True) == read(is_plain=False)


@pytest.mark.parametrize("more", [{"messages": [{"role": "user", "content": "x"}]}, {"milo": {"input": {"text": "x"}}}])
def test_what_most_clients_send_is_read_in_one_look(more: dict[str, Any]) -> None:
    fields = {"model": "milo/notes", "messages": [], "max_tokens": 64, **more}
    milo = fields.pop("milo", None)
    found = _read_usual(HttpRequest(is_plain=True), fields, milo, {"notes"})
    assert found is not None
    assert (found.workload, found.input) == ("notes", milo and milo["input"])


def test_an_answer_as_servers_send_it_is_plain() -> None:
    body = b'{"choices":[{"message":{"role":"assistant","content":"\\u00e9"}}],"model":"m","usage":{"prompt_tokens":3}}'
    plain = read_plain("chat", body)
    assert plain is not None
    assert plain.usage is not None
    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (3, None)


LINES = [
    AuditedRequest(
        n, "", f"r_{n}", outcome, 200, workload=workload, route="local", target="local", first_s=first_s, took_s=n / 7,
        calls=(AuditedCall("local", 200, failure, 0.1, failed),) * calls, prompt_tokens=n, completion_tokens=2 * n,
    )
    for n, (outcome, workload, first_s, failure, failed, calls) in enumerate(
        [("answered", "notes", 0.0, "", (), 1), ("answered", "notes", 0.0, "", (), 1),
         ("answered", "notes", 0.2, "", (), 1),
         ("edited", "orders", 0.0, "", (), 1), ("failed", "orders", 0.0, "reset", (), 1),
         ("queued", "orders", 0.0, "", ("schema",), 1), ("rejected", "", 0.0, "", (), 0),
         ("answered", "orders", 0.0, "", (), 2)] * 3
    )
]  # fmt: skip


def test_requests_that_are_counted_together_are_counted_as_each_alone() -> None:
    together, alone = GatewayMetrics(idle()), GatewayMetrics(idle())
    for line in LINES:
        together.count(line)
        alone._count_each(line)
    shown = [[part for part in one.page().decode().splitlines() if "_sum" not in part] for one in (together, alone)]
    assert shown[0] == shown[1]
    assert sum("milo_request_seconds_count" in part for part in shown[0]) == 1


def idle() -> Any:
    """A gateway without targets."""
    serving = SimpleNamespace(upstreams={}, gates={})
    return SimpleNamespace(serving=serving, incidents=(), rolled_back={})


async def test_each_request_has_one_line_whenever_its_client_leaves(tmp_path: Path) -> None:
    fine = {"local": {"reply": {"text": "fine", "first_token_s": 0.002}}}
    async with running_gateway(tmp_path, ROUTING, fine) as gateway:
        host, port = gateway.address.removeprefix("http://").split(":")

        async def leave(after_s: float) -> None:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(asking())
            await asyncio.sleep(after_s)
            writer.transport.abort()

        await asyncio.gather(*(leave(number / 5_000) for number in range(60)))
        talk = await Talk.begin(gateway)
        assert (await talk.say(asking()))[0] == 200  # the others were answered or have left before
        talk.close()
        lines = Counter(line.request for line in gateway.audit())
        assert len(lines) > 1
        assert set(lines.values()) == {1}
        assert gateway.check().ok
