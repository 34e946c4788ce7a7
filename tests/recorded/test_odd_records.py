"""Logs with answers in shapes that clients and gateways write: none is lost silently, none is read as another."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer
from milo_bench.recorded.files import open_files

ASKED = [{"role": "user", "content": "Which queue?"}]


def read(path: Path, form: str, content: str | bytes) -> tuple[list[RecordedAnswer], Account]:
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    account = Account()
    return list(FORMATS.get(form).read(open_files([path]), ReadRequest(), account)), account


def logged(tmp_path: Path, response: Any) -> tuple[RecordedAnswer, Account]:
    """The one answer of a gateway's log, which is also what a batch with this response gives."""
    row = {"call_type": "acompletion", "model": "m", "request": {"messages": ASKED}, "response": response}
    (answer,), account = read(tmp_path / "log.jsonl", "openai_log", json.dumps(row) + "\n")
    if isinstance(response, dict):
        batch = {"custom_id": "a", "response": {"status_code": 200, "body": response}}
        (other,), _ = read(tmp_path / "batch.jsonl", "openai_batch", json.dumps(batch) + "\n")
        assert (other.output, other.tool_calls, other.reasoning) == (answer.output, answer.tool_calls, answer.reasoning)
    return answer, account


def choice(**message: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}],
    }


def test_a_refusal_is_the_answer_wherever_it_is_written(tmp_path: Path) -> None:
    for message in (
        {"content": None, "refusal": "I cannot say that."},
        {"content": [{"type": "refusal", "refusal": "I cannot say that."}]},
    ):
        answer, _ = logged(tmp_path, choice(**message))
        assert (answer.output, answer.failure) == ("I cannot say that.", None)


def test_a_call_without_text_is_kept_in_both_ways_to_write_it(tmp_path: Path) -> None:
    for message in (
        {"content": None, "tool_calls": [{"id": "c", "function": {"name": "find", "arguments": '{"q": 1}'}}]},
        {"content": None, "function_call": {"name": "find", "arguments": '{"q": 1}'}},
        {"content": [{"type": "tool_use", "id": "c", "name": "find", "input": {"q": 1}}]},
    ):
        answer, _ = logged(tmp_path, choice(**message))
        ((name, arguments),) = [(call.name, json.loads(call.arguments)) for call in answer.tool_calls]
        assert (answer.output, name, arguments) == ("", "find", {"q": 1})


def test_further_choices_are_said(tmp_path: Path) -> None:
    body = choice(content="water")
    body["choices"] += [{"index": n, "message": {"content": "roof"}} for n in (1, 2)]
    answer, account = logged(tmp_path, body)
    assert answer.output == "water"
    assert "2 more choices of a request" in account.left


def delta(**said: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "m", "choices": [{"index": 0, "delta": said}]}


CHAT_CHUNKS = [
    delta(role="assistant", content=""),
    delta(reasoning_content="hm"),
    delta(content="wa"),
    delta(content="ter"),
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}},
]
ANTHROPIC_CHUNKS = [
    {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 7}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "wa"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "ter"}},
    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
RESPONSES_CHUNKS = [
    {"type": "response.output_text.delta", "delta": "wa"},
    {
        "type": "response.incomplete",
        "response": {
            "model": "m",
            "usage": {"input_tokens": 7, "output_tokens": 2},
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "water"}]}],
        },
    },
]


@pytest.mark.parametrize(
    "chunks", [CHAT_CHUNKS, ANTHROPIC_CHUNKS, RESPONSES_CHUNKS], ids=["chat", "blocks", "responses"]
)
@pytest.mark.parametrize("as_text", [True, False])
def test_a_streamed_answer_is_put_together(tmp_path: Path, chunks: list[dict[str, Any]], as_text: bool) -> None:
    text = ": ping\r\n\r\n" + "".join(f"event: x\ndata: {json.dumps(one)}\n\n" for one in chunks) + "data: [DONE]\n\n"
    answer, _ = logged(tmp_path, text if as_text else chunks)
    assert (answer.output, answer.finish_reason) == ("water", "length")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 2)


def test_pieces_of_two_streamed_calls_do_not_mix(tmp_path: Path) -> None:
    def piece(index: int, **said: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": index, **said}])

    chunks = [
        piece(0, id="a", function={"name": "find", "arguments": '{"q"'}),
        piece(1, id="b", function={"name": "send", "arguments": ""}),
        piece(0, function={"arguments": ": 1}"}),
        piece(1, function={"arguments": '{"to": 2}'}),
    ]
    answer, _ = logged(tmp_path, chunks)
    assert [(call.id, call.name, call.arguments) for call in answer.tool_calls] == [
        ("a", "find", '{"q": 1}'),
        ("b", "send", '{"to": 2}'),
    ]


def test_a_text_that_only_looks_like_a_stream_is_a_text(tmp_path: Path) -> None:
    for said in ("data: none were given", "event: the fair\nwhere: Ulm", ":-)"):
        answer, _ = logged(tmp_path, said)
        assert answer.output == said


def span(**attributes: Any) -> str:
    return json.dumps({"name": "chat m", "attributes": {"gen_ai.request.model": "m", **attributes}})


@pytest.mark.parametrize(
    ("written", "output"),
    [
        ('{"label": "water"}', '{"label": "water"}'),
        ('["water", "roof"]', '["water", "roof"]'),
        ('[{"role": "assistant", "parts": [{"type": "text", "content": "water"}]}]', "water"),
        ('{"choices": [{"message": {"role": "assistant", "content": "water"}}]}', "water"),
        ('{"role": "assistant", "content": "water"}', "water"),
        ("[1, 2", "[1, 2"),
    ],
)
def test_an_answer_of_json_in_a_span_is_told_from_a_message(tmp_path: Path, written: str, output: str) -> None:
    for name in ("gen_ai.completion", "output.value"):
        (answer,), _ = read(tmp_path / "spans.jsonl", "otel", span(**{name: written, "gen_ai.prompt": "Which?"}) + "\n")
        assert answer.output == output


def test_of_several_choices_in_a_span_the_first_is_read_and_the_others_are_said(tmp_path: Path) -> None:
    messages = [{"role": "assistant", "parts": [{"type": "text", "content": one}]} for one in ("water", "roof")]
    written = span(**{"gen_ai.output.messages": json.dumps(messages), "gen_ai.prompt": "Which?"})
    (answer,), account = read(tmp_path / "spans.jsonl", "otel", written)
    assert answer.output == "water"
    assert "1 more choices of a call" in account.left


def test_a_mark_line_ends_packing_and_length_change_no_answer(tmp_path: Path) -> None:
    long = "ä" * 5_000_000
    rows = [
        json.dumps({"model": "m", "request": {"messages": ASKED}, "response": choice(content=said)}, ensure_ascii=False)
        for said in ("water", long)
    ]
    for number, content in enumerate(
        (
            b"\xef\xbb\xbf" + "\r\n".join(rows).encode(),
            gzip.compress(("\n\n".join(rows) + "\n").encode()),
        )
    ):
        found, account = read(tmp_path / f"{number}.jsonl", "openai_log", content)
        assert [answer.output for answer in found] == ["water", long]
        assert not account.broken


def test_half_a_surrogate_pair_breaks_its_own_record_alone(tmp_path: Path) -> None:
    rows = [
        json.dumps({"model": "m", "request": {"messages": ASKED}, "response": choice(content=f"x{n}")}) for n in (1, 2)
    ]
    broken = rows[0].replace("x1", "x\\ud83d")
    found, account = read(tmp_path / "log.jsonl", "openai_log", f"{broken}\n{rows[1]}\n")
    assert [answer.output for answer in found][-1] == "x2"
    assert len(found) + account.broken_count == 2
    for answer in found:
        answer.output.encode()
