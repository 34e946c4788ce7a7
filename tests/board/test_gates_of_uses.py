"""Gates of a run that goes on: each use of a workload is judged by its own, on the same answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from milo_bench import api
from milo_bench.board.gates.look import GateWatch
from milo_bench.config.policy.file import read_policy
from milo_bench.config.settings import TargetConfig
from milo_bench.core import units

POLICY = """
policy: 1
workloads:
  reply:
    risk: low
    gates:
      - {measure: pass_rate, at_least: 0.9}
    uses:
      preview:
        title: Previews beside the record
        gates:
          - {measure: pass_rate, at_least: 0.5}
      letters: {}
findings:
  - {name: broken, when: [probe_failed_critical], finding: reject}
  - {name: all pass, when: [all_gates_pass], finding: keep}
  - {name: rest, when: [], finding: defer}
"""


def _text(number: int) -> str:
    """Words of its own for each fixture: texts that are alike would count as one group."""
    digest = hashlib.sha256(str(number).encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop"))
    return " ".join(digest[place : place + 6] for place in range(0, 60, 6))


def run(folder: Path, *, checks: tuple[str, ...] = ("contains",), locale: str = "") -> Path:
    """40 answers, of which 32 are right."""
    (folder / "suite" / "prompts").mkdir(parents=True)
    (folder / "suite" / "prompts" / "p.jinja").write_text("<{{ input.n }}>\n", encoding="utf-8")
    rows = [
        {
            "id": f"r{number}",
            "workload": "reply",
            "input": {"n": _text(number)},
            "expect": {"contains": [_text(number).split()[0]]},
        }
        for number in range(40)
    ]
    (folder / "suite" / "f.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    workload = {"prompt": "prompts/p.jinja", "max_tokens": 9, "checks": list(checks)}
    workload |= {"locale": locale} if locale else {}
    suite = {"name": "letters", "version": "1", "fixtures": ["f.jsonl"], "workloads": {"reply": workload}}
    (folder / "suite" / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
    rules = [
        {"when": {"contains": _text(number)}, "reply": {"text": "no" if number % 5 == 0 else _text(number).split()[0]}}
        for number in range(40)
    ]
    (folder / "script.json").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    target = TargetConfig(name="f", api="fake", model="f", script=str(folder / "script.json"))
    out = folder / "log.jsonl"
    api.run_suite(api.RunOptions(suite=str(folder / "suite"), models=("f",), targets={"f": target}, out=out), {})
    return out


def test_each_use_of_a_workload_has_its_own_gates_and_title(tmp_path: Path) -> None:
    watch = GateWatch(run(tmp_path), read_policy(POLICY, name="policy.yaml"))
    assert watch.advance()
    rows = {row["workload"]: row for row in watch.rows(at_every_look=False)}
    assert list(rows) == ["reply:preview", "reply:letters"]
    assert rows["reply:preview"]["title"] == "Previews beside the record"
    (preview,), (letters,) = (rows[name]["targets"] for name in ("reply:preview", "reply:letters"))
    assert [gate["bound"] for gate in preview["gates"]] == ["50%"]
    assert [gate["bound"] for gate in letters["gates"]] == ["90%"]
    assert preview["outcome"] == "pass"
    assert letters["outcome"] != "pass"
    assert preview["asked"] == letters["asked"] == 40


def test_a_safety_gate_says_how_good_its_rules_are_in_the_language_of_the_work_and_counts_what_they_miss(
    tmp_path: Path,
) -> None:
    gate = "{measure: policy_violation_rate, at_most: 0.2, safety: true}"
    rules = POLICY[POLICY.index("findings:") :]
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"policy: 1\nworkloads: {{reply: {{gates: [{gate}]}}}}\n{rules}", encoding="utf-8")
    log = run(tmp_path, checks=("contains", "banned_commitments"), locale="de-DE")
    watch = GateWatch(log, read_policy(policy.read_text(encoding="utf-8")))
    assert watch.advance()
    ((shown,),) = (target["gates"] for row in watch.rows(at_every_look=False) for target in row["targets"])
    assert shown["rules"].startswith("In labelled German texts of others, banned_commitments finds 94.4%")
    decision = api.decide_logs(api.DecideOptions(logs=(log,), policy=policy))
    (finding,) = decision.findings
    (told,) = (gate for gate in finding.gates if gate.measure == "policy_violation_rate")
    figure = decision.figures[told.figure]
    assert told.unfound == ((67, 98),), "what strangers wrote when it was new, which is less than the held-out recall"
    assert (shown["outcome"], shown["value"]) == (told.outcome, units.figure(figure.value, figure.unit))
    assert shown["interval"] == units.between(figure.low, figure.high, figure.unit)
