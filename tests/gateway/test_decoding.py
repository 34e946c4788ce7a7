"""A rule says how answers were decoded when they were measured: the gateway asks in the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.running import running_gateway

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
