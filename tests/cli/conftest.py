"""A folder with a small suite, a script and a bench.yaml, as a user would have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SUITE = """\
name: tiny
version: "1"
fixtures: [fixtures.jsonl]
workloads:
  qa:
    prompt: ask.jinja
    checks:
      - answer_present
      - contains: {value: fine}
"""
BENCH = """\
targets:
  scripted: {api: fake, script: script.yaml}
  dead: {api: openai, base_url: "http://127.0.0.1:1/v1", model: m}
"""


def write_fixtures(path: Path, count: int, *, gold: bool = False) -> None:
    """Cases that differ in their words too: those that differ only in a number ask the same.

    ``gold``: a right answer contains the case's own text.
    """
    texts = [f"case {n} of {chr(ord('a') + n // 26)}{chr(ord('a') + n % 26)}" for n in range(count)]
    rows = (
        {"id": f"q-{n}", "workload": "qa", "input": {"text": text}, "expect": {"contains": text} if gold else {}}
        for n, text in enumerate(texts)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """``tiny`` (six fixtures), ``script.yaml`` and ``bench.yaml`` with the targets scripted and dead."""
    suite = tmp_path / "tiny"
    suite.mkdir()
    (suite / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (suite / "ask.jinja").write_text("{{ input.text }}\n", encoding="utf-8")
    write_fixtures(suite / "fixtures.jsonl", 6)
    (tmp_path / "script.yaml").write_text("reply: {text: all is fine}\n", encoding="utf-8")
    (tmp_path / "bench.yaml").write_text(BENCH, encoding="utf-8")
    return tmp_path
