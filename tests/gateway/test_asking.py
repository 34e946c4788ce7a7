"""The gateway asks as the run did that measured the rule: a long case in parts, labels held to their list."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from milo_bench.suites.load import load_suite
from tests.gateway.running import running_gateway

ROUTING = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "parts", "when": {"workload": "packet_summary"}, "route": "local", "target": "local",
         "prompt": "claims_summary_safe_v2", "variant": "chunked", "fallback": {"route": "refuse"}}
    ],
    "default": {"route": "refuse"},
}  # fmt: skip

SUITE = """\
name: desk
version: "1"
fixtures: [fixtures.jsonl]
workloads:
  sort:
    prompt: ask.jinja
    checks: [answer_present, {label: {labels: [billing, delivery]}}]
"""
CASE = '{"id": "t-1", "workload": "sort", "input": {"text": "Where is it?"}, "expect": {"label": "delivery"}}\n'


async def test_a_long_case_is_answered_from_its_parts(tmp_path: Path) -> None:
    packets = [one for one in load_suite("claims_v1").fixtures if one.workload == "packet_summary"]
    long = max(packets, key=lambda one: len(one.input["packet"]))
    rules = [
        {"when": {"contains": "Write the three sections."}, "reply": {"text": "Facts: noted"}},
        {"when": {"contains": "Facts: noted"}, "reply": {"text": "merged"}},
    ]
    script = {"local": {"rules": rules, "reply": {"text": "whole"}}}
    async with running_gateway(tmp_path, ROUTING, script, suites=("claims_v1",)) as gateway:
        async with gateway.client() as client:
            answer = await client.chat.completions.create(
                model="milo/packet_summary", messages=[], extra_body={"milo": {"input": long.input}}
            )
        assert answer.choices[0].message.content == "merged"
        assert gateway.seen("local") >= 4
        [record] = gateway.audit()
        assert len(record.calls) == gateway.seen("local")


async def test_a_part_without_an_answer_is_no_answer(tmp_path: Path) -> None:
    packets = [one for one in load_suite("claims_v1").fixtures if one.workload == "packet_summary"]
    long = max(packets, key=lambda one: len(one.input["packet"]))
    rules = [{"when": {"contains": 'part number="2"'}, "fault": {"kind": "status", "status": 500}}]
    async with running_gateway(tmp_path, ROUTING, {"local": {"rules": rules}}, suites=("claims_v1",)) as gateway:
        async with gateway.client() as client:
            with pytest.raises(openai.APIStatusError):
                await client.chat.completions.create(
                    model="milo/packet_summary", messages=[], extra_body={"milo": {"input": long.input}}
                )
        [record] = gateway.audit()
        assert [call.status for call in record.calls] == [200, 500]


@pytest.mark.parametrize(("decoding", "answer"), [("free", "I would say delivery."), ("constrained", '"delivery"')])
async def test_labels_that_were_measured_as_constrained_are_served_so(
    tmp_path: Path, decoding: str, answer: str
) -> None:
    (tmp_path / "desk").mkdir()
    for name, text in (("suite.yaml", SUITE), ("ask.jinja", "{{ input.text }}\n"), ("fixtures.jsonl", CASE)):
        (tmp_path / "desk" / name).write_text(text, encoding="utf-8")
    rule = {"id": "sort", "when": {"workload": "sort"}, "route": "local", "target": "local", "prompt": "ask"}
    routing = {
        "targets": {"local": {"model": "fake-1"}},
        "rules": [{**rule, "decoding": decoding, "guardrails": ["answer_present"], "fallback": {"route": "refuse"}}],
        "default": {"route": "refuse"},
    }
    script = {"local": {"reply": {"text": "I would say delivery.", "constrained_text": '"delivery"'}}}
    async with running_gateway(tmp_path, routing, script, suites=(str(tmp_path / "desk"),)) as gateway:
        async with gateway.client() as client:
            said = await client.chat.completions.create(
                model="milo/sort", messages=[], extra_body={"milo": {"input": {"text": "Where is it?"}}}
            )
        assert said.choices[0].message.content == answer
