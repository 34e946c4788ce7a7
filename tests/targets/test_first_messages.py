"""The forms of a prompt's examples are kept; what may change between two requests is read each time."""

from __future__ import annotations

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message, Picture
from milo_bench.targets.apis.openai import OpenAiTarget

TARGET = OpenAiTarget(TargetConfig(name="t", api="openai", model="m", base_url="http://127.0.0.1:1/v1"), {})
EXAMPLES = (Message("system", "Name the order."), Message("user", "Where is 7?"), Message("assistant", "7"))


def test_examples_are_sent_as_they_are_in_each_request() -> None:
    for text in ("Where is 8?", "Where is 9?"):
        sent = TARGET.payload(ChatRequest((*EXAMPLES, Message("user", text))))["messages"]
        assert sent == [
            *({"role": one.role, "content": one.content} for one in EXAMPLES),
            {"role": "user", "content": text},
        ]


def test_a_picture_of_the_same_name_is_sent_with_its_own_bytes() -> None:
    sent = []
    for data in (b"one", b"other"):
        picture = Picture("page.png", "image/png", data)
        messages = (Message("user", "Read it.", pictures=(picture,)), Message("user", "What is it?"))
        sent.append(msgspec.json.encode(TARGET.payload(ChatRequest(messages))["messages"]))
    assert sent[0] != sent[1]
