"""A folder and a number in, a trivial suite and a bench.yaml in it out: one word asked, one word checked."""

from __future__ import annotations

import json
from pathlib import Path

_SUITE = """\
name: trivial
version: "1"
title: One word asked, one word checked
fixtures: [fixtures.jsonl]
workloads:
  word:
    title: One word
    prompt: word.jinja
    max_tokens: 8
    checks: [label]
"""


def write_trivial_suite(folder: Path, cases: int) -> Path:
    """The suite's folder. Every prompt starts with "case", which the reference server counts by."""
    suite = folder / "trivial"
    suite.mkdir(parents=True)
    (suite / "suite.yaml").write_text(_SUITE)
    (suite / "word.jinja").write_text("{# role: user #}\ncase {{ input.number }}: answer ok\n")
    with (suite / "fixtures.jsonl").open("w") as file:
        for number in range(cases):
            fixture = {
                "id": f"word-{number:05d}",
                "workload": "word",
                "input": {"number": number},
                "expect": {"label": "ok"},
            }
            file.write(json.dumps(fixture) + "\n")
    return suite


def write_config(folder: Path, base_url: str) -> Path:
    """bench.yaml with the reference server as the target ``reference``."""
    file = folder / "bench.yaml"
    file.write_text(f"targets:\n  reference:\n    api: openai\n    model: reference\n    base_url: {base_url}\n")
    return file
