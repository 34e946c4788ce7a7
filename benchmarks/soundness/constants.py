"""A model that gives one answer to every question in, how often it is kept by each kind of check, out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench import api

FIXTURES = 60
BOUND = 0.8
_POLICY = """\
policy: 1
workloads:
  w: {gates: [{measure: pass_rate, at_least: 0.8}]}
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: rest, when: [], finding: defer}
"""
# By check: what is expected where the right answer is this word, and an answer that gives it.
_CHECKS: dict[str, tuple[Callable[[str], Any], Callable[[str, str], str]]] = {
    "equals": (lambda word: {"equals": word}, lambda word, case: word),
    "contains": (lambda word: {"contains": word}, lambda word, case: f"On {case}: {word}."),
    "exact_fields": (lambda word: {"fields": {"kind": word}}, lambda word, case: json.dumps({"kind": word})),
    "record_list": (lambda word: {"rows": [{"kind": word}]}, lambda word, case: json.dumps([{"kind": word}])),
}


def finding(check: str, gold: Sequence[str], answers: Sequence[str]) -> tuple[str, bool]:
    """The finding on recorded ``answers`` to questions with that ``gold``, and whether the rate alone would keep."""
    expect, answer = _CHECKS[check]
    cases = [f"the {chr(97 + n // 26)}{chr(97 + n % 26)} matter" for n in range(len(gold))]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "suite").mkdir()
        workload = {"prompt": "ask.jinja", "checks": [check]}
        manifest = {"name": "s", "version": "1", "fixtures": ["f.jsonl"], "workloads": {"w": workload}}
        (here / "suite/suite.yaml").write_text(json.dumps(manifest), "utf-8")
        (here / "suite/ask.jinja").write_text("{{ input.text }}\n", "utf-8")
        rows = [
            {"id": f"f{n}", "workload": "w", "input": {"text": case}, "expect": expect(word)}
            for n, (case, word) in enumerate(zip(cases, gold, strict=True))
        ]
        (here / "suite/f.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        said = [
            {"id": f"f{n}", "target": "m", "output": answer(word, case)}
            for n, (case, word) in enumerate(zip(cases, answers, strict=True))
        ]
        (here / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said), "utf-8")
        (here / "policy.yaml").write_text(_POLICY, "utf-8")
        log = here / "l.jsonl"
        api.import_recorded(api.RecordedImport([here / "a.jsonl"], log, "jsonl", str(here / "suite")))
        decision = api.decide_logs(api.DecideOptions(logs=(log,), policy=here / "policy.yaml"))
        found = decision.findings[0]
        low = decision.figures[found.gates[0].figure].low
        return found.kind, low is not None and low >= BOUND


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Always the most frequent answer, at shares of it that would pass; beside it a model that answers the question."""
    rows = []
    few = max(1, min(runs // 20, 20))
    for check in _CHECKS:
        for share in (1.0, 0.95):
            kept = rate = 0
            for _ in range(few):
                gold = ["yes" if one < share else "no" for one in random.random(FIXTURES)]
                kind, clears = finding(check, gold, ["yes"] * FIXTURES)
                kept, rate = kept + (kind == "keep"), rate + clears
            name = f"kept for one answer, {check}, {share:.0%} of the fixtures want it"
            rows.append(Row(name, 0.0, Found(kept, few), Found(rate, few)))
        words = [f"w{chr(97 + n)}" for n in random.integers(0, 5, FIXTURES)]
        missed = finding(check, words, words)[0] != "keep"
        rows.append(Row(f"a model that is right is not kept, {check}, five right answers", 0.0, Found(missed, 1)))
    return rows


ROAD = Road("one answer for all", f"threshold {BOUND}, {FIXTURES} fixtures; naive: the interval alone", simulate)
