"""What a run, the board and ``decide`` say of the gates of one log is the same, whatever the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from milo_bench.board.gates.look import GateWatch
from milo_bench.config.routing.use_names import use_of
from milo_bench.decide.decide import decide
from milo_bench.decide.gates.looking import is_decided_by_answers
from milo_bench.decide.records import Decision, GateResult, KeptFile
from milo_bench.decide.uses import spread_policy
from milo_bench.evidence.gather import gather_evidence
from milo_bench.evidence.scorecards import score_logs
from milo_bench.evidence.until_decided.check import check_stopping
from milo_bench.store.log.reader import read_run_log
from tests.evidence.until_decided.random_runs import RandomRun, record_run

# Hundreds were looked through when it was written; these reach every kind of gate.
SEEDS = (1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 18)


def decided(run: RandomRun) -> Decision:
    kept = KeptFile("policy.yaml", "0" * 64, run.policy.text)
    return decide(
        gather_evidence({run.path: "u.jsonl"}),
        run.policy,
        economics=None,
        economics_text=None,
        policy_text=kept,
        created_at="2026-01-05T02:00:00+00:00",
        tool_version="0",
    )


def name_of(gate: GateResult) -> str:
    use = use_of(gate.candidate.workload)
    key = f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure
    against = " minus baseline" if gate.against == "baseline" else ""
    return f"{f'{use}: ' if use else ''}{key}{against} {gate.direction.replace('_', ' ')}"


def by_work(decision: Decision) -> Mapping[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for finding in decision.findings:
        for gate in finding.gates:
            work = found.setdefault((finding.workload.partition(":")[0], finding.target), {})
            work[name_of(gate)] = gate.outcome
    return found


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[RandomRun, Decision]]:
    folder = tmp_path_factory.mktemp("stopped")
    runs = [record_run(seed, folder / f"{seed}.jsonl") for seed in SEEDS]
    return [(run, decided(run)) for run in runs]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_gate_that_a_run_decided_is_decided_so_in_its_log_and_verify_finds_no_fault(
    seed: int, stopped: list[tuple[RandomRun, Decision]]
) -> None:
    run, decision = stopped[SEEDS.index(seed)]
    found = by_work(decision)
    for end in run.ends:
        said = found.get((end.workload, end.target), {})
        for gate, outcome in end.gates.items():
            # The last of several candidates needs less than the run could know (Holm): undecided may become decided.
            if outcome != "undecided":
                assert (end.workload, end.target, gate, said[gate]) == (end.workload, end.target, gate, outcome)
    log = read_run_log(run.path)
    assert list(check_stopping(log, list(log.attempts), None)) == []
    _same_on_the_board(run, decision, stopping=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_board_says_of_a_run_that_is_over_what_decide_says_of_its_log(seed: int, tmp_path: Path) -> None:
    run = record_run(seed, tmp_path / "u.jsonl", stopping=False)
    _same_on_the_board(run, decided(run), stopping=False)


def _same_on_the_board(run: RandomRun, decision: Decision, *, stopping: bool) -> None:
    watch = GateWatch(run.path, run.policy)
    watch.advance()
    rows = watch.rows(at_every_look=stopping, is_over=True)
    shown = {
        (row["workload"], target["target"]): [gate["outcome"] for gate in target["gates"]]
        for row in rows
        for target in row["targets"]
    }
    policy = spread_policy(run.policy)
    assert decision.findings
    for finding in decision.findings:
        live = [is_decided_by_answers(gate) for gate in policy.gates_of(finding.workload)]
        said = [gate.outcome for gate, shows in zip(finding.gates, live, strict=True) if shows]
        assert shown[finding.workload, finding.target] == said


def test_random_runs_reach_what_the_property_is_about(stopped: list[tuple[RandomRun, Decision]]) -> None:
    ends = [end for run, _ in stopped for end in run.ends]
    assert {outcome for end in ends for outcome in end.gates.values()} == {"pass", "fail", "undecided"}
    names = {name for end in ends for name in end.gates}
    assert {name.partition(":")[0] for name in names if ": " in name} == {"preview", "letters"}
    assert any("minus baseline" in name for name in names)


def test_a_use_of_a_stopped_log_is_judged_by_bounds_that_hold_at_every_look(
    stopped: list[tuple[RandomRun, Decision]],
) -> None:
    methods = {
        decision.figures[gate.figure].method
        for _, decision in stopped
        for finding in decision.findings
        for gate in finding.gates
        if use_of(finding.workload) and gate.measure == "pass_rate"
    }
    assert methods - {""} == {"betting, each end one-sided"}


# How an interval of a run may be made that ended by what it saw; "" where a figure has none.
AT_EVERY_LOOK = {"", "betting", "betting, each end one-sided", "bootstrap_t_at_doublings"}


def test_every_interval_of_a_stopped_run_holds_at_every_look_whatever_figure_it_is_of(
    stopped: list[tuple[RandomRun, Decision]],
) -> None:
    kinds: set[str] = set()
    for run, decision in stopped:
        for id, figure in decision.figures.items():
            if figure.source.kind in ("policy", "count") or figure.source.of.endswith(f"/{decision.baseline}"):
                continue
            assert (id, figure.method in AT_EVERY_LOOK) == (id, True), figure.method
            kinds.add(id.partition("/")[0])
        (card,) = score_logs([run.path])
        for measure in card.measures:
            method = "" if measure.interval is None else measure.interval.method
            assert (measure.name, method in AT_EVERY_LOOK) == (measure.name, True), method
    assert kinds >= {"gate", "measure", "error", "replay"}
