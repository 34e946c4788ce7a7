"""Runbook, launch sequence, checklist: filled from what was measured, safe to paste, nothing made up."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from milo_bench.config.alarms import read_alarms
from milo_bench.core.records import ProbeResult, TargetRecord
from milo_bench.decide.records import Decision, Figure, Source
from milo_bench.report.figures import part_text
from milo_bench.report.pages.blocks import Bullets, Code, Heading, Quote, Table, to_html, to_markdown
from milo_bench.report.pages.claims import Claims, UnsourcedNumber
from milo_bench.report.runbook.alarms import alarms_yaml, limit_of, planned_alarms
from milo_bench.report.runbook.launch import launch_sequence, operations_checklist, served_targets, ship_order
from milo_bench.report.runbook.runbook import runbook, runbook_md
from milo_bench.report.runbook.start import readiness_lines, server_commands
from milo_bench.report.runbook.watch import gate_lines, plain_number
from tests.patience import WAIT_S
from tests.report.sample_decision import sample_decision
from tests.report.sample_operations import LARGE, SMALL


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


def written(decision: Decision) -> str:
    return runbook_md(Claims(decision, "markdown"))


def code_of(text: str) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))


def replaced(decision: Decision, id: str, **changes: Any) -> Decision:
    changed = msgspec.structs.replace(decision.figures[id], **changes)
    return msgspec.structs.replace(decision, figures={**decision.figures, id: changed})


def shell(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=WAIT_S, check=False)


# ------------------------------------------------------------ launch


def test_the_safest_finding_of_each_workload_ships_first(decision: Decision) -> None:
    assert [(one.workload, one.target, one.kind) for one in ship_order(decision)] == [
        ("escalation", LARGE, "keep"),
        ("handoff", SMALL, "defer"),
    ]


def test_a_launch_says_flag_impact_and_when_to_turn_it_off(decision: Decision) -> None:
    text = to_markdown(launch_sequence(decision), Claims(decision, "markdown"))
    for said in (
        "Flag escalation: shadow first",
        "Users see answers after",
        "Turn the flag off when live work shows",
        "stays off",
    ):
        assert said in text
    assert part_text(decision.figures["policy/escalation.recall"]) in text


def test_a_launch_follows_the_figures(decision: Decision) -> None:
    other = replaced(decision, "measure/escalation/local_27b/latency_p95_s", value=3.7)
    assert "3.7 s (p95)" in to_markdown(launch_sequence(other), Claims(other, "markdown"))


def test_no_finding_gives_no_launch_and_no_invention(decision: Decision) -> None:
    bare = msgspec.structs.replace(decision, findings=(), replays=(), backlog=(), load=(), probes=(), targets=())
    assert "nothing ships" in to_markdown(launch_sequence(bare), Claims(bare, "markdown"))
    assert "No target runs on your own machines" in written(bare)


def test_only_targets_that_ship_are_served(decision: Decision) -> None:
    assert served_targets(decision) == (LARGE,)


def test_the_checklist_has_boxes_to_tick_in_both_forms(decision: Decision) -> None:
    blocks = operations_checklist(decision)
    assert "- [ ] " in to_markdown(blocks, Claims(decision, "markdown"))
    assert 'class="ticks"' in to_html(blocks, Claims(decision))


# ------------------------------------------------------------ runbook


def test_a_runbook_has_every_part(decision: Decision) -> None:
    text = written(decision)
    for heading in (
        "Start and stop",
        "Readiness check",
        "Limits",
        "Thresholds",
        "Watching",
        "Rollback",
        "Incidents",
        "What voids this decision",
        "Checklist",
    ):
        assert f"## {heading}\n" in text
    for incident in ("Leaked case text", "Truncated prompts or answers", "Stalled queue", "Drop in quality"):
        assert incident in text


def test_what_voids_a_decision_names_digest_quantisation_runtime_and_prompts(decision: Decision) -> None:
    asked = {"escalation/short": "escalation_short_v2 sha256:77aa"}
    text = written(msgspec.structs.replace(decision, prompts=asked)).replace("\\", "")
    assert "escalation/short: escalation_short_v2 sha256:77aa" in text
    target = decision.targets[0]
    for fact in (target.model_digest, target.quantisation, target.runtime_version, decision.logs[0].suite.hash):
        assert fact in text


def test_thresholds_show_bounds_and_measured_values_as_figures_do(decision: Decision) -> None:
    rows = next(block for block in runbook(decision) if isinstance(block, Table) and "required" in block.head).rows
    gates = [gate for one in ship_order(decision) if one.kind == "keep" for gate in one.gates]
    assert len(rows) == len(gates)
    for gate in gates:
        assert part_text(decision.figures[gate.bound]) in written(decision)


def test_the_readiness_limit_is_the_upper_end_of_the_measured_p95(decision: Decision) -> None:
    id = "measure/escalation/local_27b/latency_p95_s"
    assert f"READY_LIMIT_S={plain_number(decision.figures[id].high or 0)}\n" in written(decision)
    assert "READY_LIMIT_S=6.5\n" in written(replaced(decision, id, high=6.5))
    assert "READY_LIMIT_S=3.1\n" in written(replaced(decision, id, high=None))


def test_the_cap_is_the_lower_end_of_the_knee(decision: Decision) -> None:
    known = replaced(decision, f"load/{LARGE}/knee", value=4.6, low=2.9, high=6.0)
    assert "OLLAMA_NUM_PARALLEL=2 " in written(known)
    without = {id: figure for id, figure in decision.figures.items() if not id.endswith("/knee")}
    none = written(msgspec.structs.replace(decision, figures=without))
    assert "OLLAMA_NUM_PARALLEL=1 " in none
    assert "no load run has found" in none


def test_a_limit_in_a_command_is_never_tighter_than_what_was_measured() -> None:
    for number in (0.00878354, 4.4, 12.34567, 41.7, 123456.7, 0.99999, 1e-9, 5.0):
        assert float(plain_number(number)) >= number
        assert float(plain_number(number)) <= number * 1.002


def test_all_commands_parse_as_shell(decision: Decision) -> None:
    done = shell(f"set -n\n{code_of(written(decision))}")
    assert (done.returncode, done.stderr) == (0, "")


def test_alarms_follow_from_the_measured_counts_and_say_their_false_alarm_rate(decision: Decision) -> None:
    file = read_alarms(alarms_yaml(decision))
    planned = planned_alarms(decision)
    assert {alarm.measure for alarm in file.alarms} >= {"no_answer", "slow"}
    assert "at most one deployment in a hundred" in written(decision)
    for alarm, plan in zip(file.alarms, planned, strict=True):
        figure = decision.figures[plan.figure]
        assert alarm.at_most == limit_of(plan, len(planned))
        assert plan.effective <= plan.n
        assert alarm.at_most > plan.k / plan.n
        assert (alarm.target, plan.n) == (plan.target, figure.n) or plan.check
        if alarm.measure == "slow":
            assert (alarm.slower_than_s or 0) >= (figure.value or 0)


def test_nothing_that_ships_nothing_to_watch(decision: Decision) -> None:
    findings = tuple(msgspec.structs.replace(one, kind="reject") for one in decision.findings)
    assert alarms_yaml(msgspec.structs.replace(decision, findings=findings)) == ""


# ------------------------------------------------------------ commands, really run


HOSTILE = 'a\'; touch pwned; $(touch pwned) `touch pwned` "x" \n touch pwned\n```\n# \u202e'


@pytest.mark.parametrize("runtime", ["ollama", "llama.cpp", "vllm", "sglang", "lm-studio", "unheard-of"])
def test_a_hostile_name_stays_one_word_of_its_command(runtime: str, tmp_path: Path) -> None:
    target = TargetRecord(HOSTILE, "openai", HOSTILE, endpoint=f"http://{HOSTILE}:1", runtime=runtime)
    stubs = (
        'for n in ollama llama-server vllm python lms curl grep sleep nohup sudo kill cat; do eval "$n() { :; }"; done'
    )
    commands = server_commands(target, "2")
    for lines in (commands.start, commands.stop, commands.unit, readiness_lines(target, "4", None)):
        block = to_markdown((Code(lines),), Claims(sample_decision(), "markdown"))
        assert block.count("```") == 2
        script = f"cd {tmp_path}\n{stubs}\nexport PATH=/nowhere\ntouch() {{ echo > pwned; }}\n{code_of(block)}\nwait"
        done = shell(script)
        assert not (tmp_path / "pwned").exists(), done
        assert "\u202e" not in block
        assert "<" not in block
        assert "](" not in block


def test_a_line_from_a_log_is_never_a_command() -> None:
    evil = 'curl -sf http://x/v2/chat/completions -H "Authorization: Bearer $MY_KEY"; rm -rf / | grep -q x'
    probe = ProbeResult("t", "readiness", "1", "fail", "major", "", {"check_to_install": evil})
    target = TargetRecord("t", "openai", "m", endpoint="http://127.0.0.1:8000")
    text = "\n".join(readiness_lines(target, "4", probe))
    assert "rm -rf" not in text
    assert "http://127.0.0.1:8000/v2/chat/completions" in text
    assert "$MY_KEY" in text


def test_a_readiness_check_asks_for_one_token_of_the_right_model() -> None:
    for api, model_at in (("ollama", "/api/generate"), ("openai", "/v1/chat/completions")):
        target = TargetRecord("t", api, "some:model", endpoint="http://127.0.0.1:8000", runtime=api)
        line = readiness_lines(target, "4", None)[1]
        assert model_at in line
        body = re.search(r"-d '(\{.*\})'", line)
        assert body is not None
        asked = json.loads(body[1])
        assert asked["model"] == "some:model"
        assert asked.get("max_tokens") == 1 or asked["options"]["num_predict"] == 1


# ------------------------------------------------------------ blocks


def test_a_number_without_a_figure_reaches_no_block(decision: Decision) -> None:
    with pytest.raises(UnsourcedNumber):
        to_markdown((Bullets((("about 94 percent",),)),), Claims(decision, "markdown"))


def test_blocks_escape_what_records_say(decision: Decision) -> None:
    said = "<script>x</script> | `a` [b](c)"
    probes = tuple(
        msgspec.structs.replace(one, result=msgspec.structs.replace(one.result, finding=said))
        for one in decision.probes
    )
    hostile = msgspec.structs.replace(decision, probes=probes)
    blocks = (Heading(1, ("Title",)), Bullets(((Quote(said),),)), Table(("a",), (((Quote(said),),),)))
    assert "<script" not in to_html(blocks, Claims(hostile))
    markdown = to_markdown(blocks, Claims(hostile, "markdown"))
    assert "<script" not in markdown.replace("\\<", "")
    assert written(hostile)


def test_a_runbook_without_measurements_says_so(decision: Decision) -> None:
    bare = {id: one for id, one in decision.figures.items() if "latency" not in id}
    findings = tuple(
        msgspec.structs.replace(one, gates=(), reasons=(), remedies=(), would_change=()) for one in decision.findings
    )
    other = msgspec.structs.replace(decision, figures=bare, findings=findings, load=())
    assert "The limit is a default" in written(other)


def test_a_probe_gate_needs_no_bound(decision: Decision) -> None:
    first = decision.findings[1]
    id = "gate/probe"
    figure = Figure(id, "probe runs that failed", 0.0, "count", Source("probe", "privacy_leak", LARGE))
    gate = msgspec.structs.replace(first.gates[0], id=id, measure="probe:privacy_leak", figure=id, bound=id)
    finding = msgspec.structs.replace(first, gates=(*first.gates, gate))
    other = msgspec.structs.replace(decision, figures={**decision.figures, id: figure}, findings=(finding,))
    assert "the probe privacy\\_leak does not pass" in to_markdown(launch_sequence(other), Claims(other, "markdown"))
    assert written(other)


def test_the_weekly_check_asks_again_what_was_asked_on_local_targets_with_logs_of_the_day(decision: Decision) -> None:
    said = (
        f"milo-bench run --suite 'my suite' --models {SMALL},cloud --variant a=b --verifier cloud --limit 9 "
        "--allow-hosted --out runs/a.jsonl && milo-bench judge run runs/a.jsonl --judge big --rubric acceptable"
    )
    hosted = "milo-bench run --suite claims_v1 --models cloud --allow-hosted --out runs/b.jsonl"
    first = decision.logs[0]
    logs = tuple(msgspec.structs.replace(first, planned=9, command=command) for command in (said, hosted))
    targets = tuple(one for one in decision.targets if one.name == SMALL)
    lines = gate_lines(msgspec.structs.replace(decision, logs=logs, targets=targets, probes=()))
    assert lines == (
        "# Put a copy of the suite's folder here first: my suite",
        "DAY=$(date +%F)",
        f"milo-bench run --suite 'my suite' --models {SMALL} --variant a=b --limit 9 --out ../again/run-1-$DAY.jsonl",
        "milo-bench gate --baseline . ../again/run-1-$DAY.jsonl",
    )


def test_a_command_is_shown_where_it_can_be_pasted_and_not_in_running_text(decision: Decision) -> None:
    probes = tuple(
        msgspec.structs.replace(
            one,
            result=msgspec.structs.replace(
                one.result, finding=f"{one.result.finding} Use instead: curl -d '{{\"n\": [1]}}' http://127.0.0.1:9"
            ),
        )
        if one.result.probe == "readiness"
        else one
        for one in decision.probes
    )
    text = written(msgspec.structs.replace(decision, probes=probes))
    assert "reports ready 0.2 s after the first token." in text
    assert "Use instead" not in text
    assert "curl -sf" in code_of(text)
