"""A small suite on disk that tests break in one way at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

MANIFEST = """\
name: toy
version: 1
fixtures: [fixtures/a.jsonl]
workloads:
  label:
    prompt: prompts/label.jinja
    schema: schemas/answer.json
    max_tokens: 16
    checks:
      - answer_present
      - label: {labels: [roof, motor]}
    resources:
      since: 2025-01-01
    variants:
      terse: {prompt: prompts/terse.jinja, stop: ["."]}
"""
PROMPT = """\
{# role: system #}
You sort claims since {{ resources.since }}.
{# role: user #}
{{ input.text }}
"""
FIXTURE = '{"id": "a-1", "workload": "label", "input": {"text": "hail"}, "expect": {"label": "roof"}}\n'


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    root = tmp_path / "toy"
    files = {
        "suite.yaml": MANIFEST,
        "prompts/label.jinja": PROMPT,
        "prompts/terse.jinja": "Sort: {{ input.text }}",
        "schemas/answer.json": '{"type": "string"}',
        "fixtures/a.jsonl": FIXTURE,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root
