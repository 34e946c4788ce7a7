"""A run until decided, as a user gives it: it stops once its gates are decided and is judged as it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.evidence.log_checks import check_log
from tests.cli.commands import milo
from tests.cli.conftest import write_fixtures

RUN = ("run", "--suite", "tiny", "--models", "scripted", "--until-decided", "--policy", "policy.yaml")
POLICY = """\
policy: 1
workloads:
  qa: {gates: [{measure: pass_rate, at_least: 0.8}]}
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: not ready, when: [all_gates_pass, probe_failed_major], finding: fix}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: rest, when: [], finding: defer}
"""


@pytest.fixture
def long_desk(desk: Path) -> Path:
    write_fixtures(desk / "tiny/fixtures.jsonl", 120)
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return desk


def answer_right(desk: Path, first_token_s: float = 0.0) -> None:
    """A model that answers each question, and not all of them alike: what it passes proves something."""
    suite = (desk / "tiny/suite.yaml").read_text(encoding="utf-8")
    (desk / "tiny/suite.yaml").write_text(suite.replace("contains: {value: fine}", "contains"), encoding="utf-8")
    (desk / "script.yaml").write_text(f"reply: {{echo: true, first_token_s: {first_token_s}}}\n", encoding="utf-8")
    write_fixtures(desk / "tiny/fixtures.jsonl", 120, gold=True)


def rows(log: Path, kind: str) -> list[dict]:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["type"] == kind]


def asked(log: Path) -> list[str]:
    return [row["key"]["fixture"] for row in rows(log, "attempt")]


def test_a_run_stops_once_its_gate_passes_and_is_kept(long_desk: Path) -> None:
    answer_right(long_desk)
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert end["ending"] == "decided"
    assert end["gates"] == {"pass_rate at least": "pass"}
    assert end["fixtures"] == len(asked(long_desk / "u.jsonl")) == 19
    assert "scripted qa: decided after 19 fixtures: 1 gate passed" in said.err
    assert "19 of 19" in said.err
    made = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk)
    assert made.code == 0
    decision = json.loads((long_desk / "d.json").read_text(encoding="utf-8"))
    assert [finding["kind"] for finding in decision["findings"]] == ["keep"]
    figure = decision["figures"][decision["findings"][0]["gates"][0]["figure"]]
    assert figure["method"] == "betting, each end one-sided"
    assert "incomplete" not in made.out


def test_a_run_says_of_one_answer_to_all_what_decide_says_and_asks_no_more_than_it_takes(long_desk: Path) -> None:
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]) == ("out_of_reach", {"pass_rate at least": "undecided"})
    assert end["fixtures"] == len(asked(long_desk / "u.jsonl")) == 20
    assert "left undecided after 20 fixtures: pass rate cannot be decided by this run" in said.err
    assert "milo-bench decide u.jsonl --policy policy.yaml" in said.err
    assert not check_log(long_desk / "u.jsonl").faults
    assert milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk).code == 0
    (finding,) = json.loads((long_desk / "d.json").read_text(encoding="utf-8"))["findings"]
    assert [gate["outcome"] for gate in finding["gates"]] == ["undecided"]


def test_each_use_of_a_workload_is_decided_by_its_own_gates(long_desk: Path) -> None:
    answer_right(long_desk)
    uses = "uses: {preview: {gates: [{measure: pass_rate, at_least: 0.5}]}, letters: {}}"
    policy = POLICY.replace("at_least: 0.8}]", f"at_least: 0.8}}], {uses}")
    (long_desk / "policy.yaml").write_text(policy, encoding="utf-8")
    assert milo(*RUN, "--out", "u.jsonl", folder=long_desk).code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert end["gates"] == {"preview: pass_rate at least": "pass", "letters: pass_rate at least": "pass"}
    assert not check_log(long_desk / "u.jsonl").faults
    made = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk)
    assert made.code == 0
    decision = json.loads((long_desk / "d.json").read_text(encoding="utf-8"))
    assert [finding["kind"] for finding in decision["findings"]] == ["keep", "keep"]
    (long_desk / "script.yaml").write_text("reply: {text: all is lost}\n", encoding="utf-8")
    said = milo(*RUN, "--out", "v.jsonl", folder=long_desk)
    assert "pass rate (preview) and pass rate (letters) failed" in said.err


def test_a_run_stops_once_its_gate_fails_and_the_same_seed_asks_the_same_fixtures(long_desk: Path) -> None:
    (long_desk / "script.yaml").write_text("reply: {text: all is lost}\n", encoding="utf-8")
    for log in ("a.jsonl", "b.jsonl"):
        assert milo(*RUN, "--out", log, folder=long_desk).code == 0
    (end,) = rows(long_desk / "a.jsonl", "work_end")
    assert end["gates"] == {"pass_rate at least": "fail"}
    assert len(asked(long_desk / "a.jsonl")) < 10
    assert asked(long_desk / "a.jsonl") == asked(long_desk / "b.jsonl")
    assert milo(*RUN, "--seed", "7", "--out", "c.jsonl", folder=long_desk).code == 0
    assert asked(long_desk / "c.jsonl") != asked(long_desk / "a.jsonl")


def test_a_run_stops_where_no_answer_can_be_read_as_a_label_and_says_so(long_desk: Path) -> None:
    suite = long_desk / "tiny/suite.yaml"
    labels = "label: {labels: [billing, delivery]}"
    suite.write_text(suite.read_text(encoding="utf-8").replace("contains: {value: fine}", labels), encoding="utf-8")
    cases = [json.loads(line) for line in (long_desk / "tiny/fixtures.jsonl").read_text().splitlines()]
    for number, case in enumerate(cases):
        case["expect"] = {"label": "billing" if number % 2 else "delivery"}
    (long_desk / "tiny/fixtures.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    policy = POLICY.replace("{measure: pass_rate, at_least: 0.8}", "{measure: accuracy, at_least: 0.8}")
    (long_desk / "policy.yaml").write_text(policy, encoding="utf-8")
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]) == ("out_of_reach", {"accuracy at least": "undecided"})
    assert len(asked(long_desk / "u.jsonl")) == 20  # of 120
    line = "accuracy cannot be decided by this run, because no answer could be read as a label"
    assert f"scripted qa: left undecided after 20 fixtures: {line}" in said.err
    made = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk)
    assert "accuracy cannot be decided by this run: no answer could be read as a label" in made.out
    assert milo("report", "d.json", "--out", "package", folder=long_desk).code == 0
    assert milo("verify", "package", folder=long_desk).code == 0


FIXABLE = """\
policy: 1
workloads:
  qa:
    gates: [{measure: pass_rate, at_least: 0.8}, {measure: failure_rate, at_most: 0.05}]
    remedies: {length_limit: {}, human_review: {}}
    min_automated_share: 0.5
findings:
  - {name: unsafe, when: [probe_failed_critical], finding: reject}
  - {name: not ready, when: [all_gates_pass, probe_failed_major], finding: fix}
  - {name: adequate, when: [all_gates_pass], finding: keep}
  - {name: fixed, when: [remedy_passes], finding: fix}
  - {name: perhaps, when: [any_gate_failed, remedy_undecided], finding: defer}
  - {name: not fit, when: [any_gate_failed], finding: reject}
  - {name: rest, when: [], finding: defer}
"""


def test_a_run_stops_once_no_routing_of_its_answers_could_pass(long_desk: Path) -> None:
    (long_desk / "policy.yaml").write_text(FIXABLE, encoding="utf-8")
    (long_desk / "script.yaml").write_text("reply: {text: all is lost}\n", encoding="utf-8")
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert end["ending"] == "beyond_routing"
    assert end["gates"] == {"pass_rate at least": "fail", "failure_rate at most": "undecided"}
    assert len(asked(long_desk / "u.jsonl")) == 10  # of 120: the failure rate alone takes 58
    assert "decided after 10 fixtures: pass rate fails by so much that no routing could pass" in said.err
    assert not check_log(long_desk / "u.jsonl").faults
    made = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk)
    assert "pass rate fails by so much that no routing of these answers could pass" in made.out
    (finding,) = json.loads((long_desk / "d.json").read_text(encoding="utf-8"))["findings"]
    assert finding["kind"] == "reject"
    assert milo("report", "d.json", "--out", "package", folder=long_desk).code == 0
    assert milo("verify", "package", folder=long_desk).code == 0


def test_where_routing_could_pass_a_run_goes_on_and_verify_finds_one_that_says_it_could_not(long_desk: Path) -> None:
    answer_right(long_desk)
    (long_desk / "policy.yaml").write_text(FIXABLE, encoding="utf-8")
    half = "rules:\n  - {when: {every: 2}, reply: {text: all is lost}}\nreply: {echo: true}\n"
    (long_desk / "script.yaml").write_text(half, encoding="utf-8")  # a rule that finds the good half would pass
    assert milo(*RUN, "--out", "u.jsonl", folder=long_desk).code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]["pass_rate at least"]) == ("decided", "fail")
    log = long_desk / "u.jsonl"
    false = log.read_text(encoding="utf-8").replace('"ending":"decided"', '"ending":"beyond_routing"')
    why = '"why":{"pass_rate at least":"no routing of these answers could pass it"}'
    log.write_text(false.replace('"why":{}', why), encoding="utf-8")
    assert any("pass_rate at least" in fault.place and "no such" in fault.follows for fault in check_log(log).faults)


def test_a_gate_that_needs_more_fixtures_than_there_are_is_told_early(long_desk: Path) -> None:
    write_fixtures(long_desk / "tiny/fixtures.jsonl", 60)
    policy = POLICY.replace("0.8", "0.98")
    (long_desk / "policy.yaml").write_text(policy, encoding="utf-8")
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    (end,) = rows(long_desk / "u.jsonl", "work_end")
    assert end["ending"] == "out_of_reach"
    assert end["needs"] == {"pass_rate at least": 208}
    assert 20 <= end["fixtures"] < 30
    assert "scripted qa: left undecided after" in said.err
    assert "pass rate needs about 208 fixtures" in said.err


def test_a_budget_of_minutes_ends_the_run_and_a_resume_goes_on_to_the_same_decision(long_desk: Path) -> None:
    answer_right(long_desk, first_token_s=0.1)
    first = milo(*RUN, "--max-minutes", "0.015", "--out", "u.jsonl", folder=long_desk)
    assert first.code == 0
    assert "--max-minutes 0.015 is spent" in first.err
    assert first.err.rpartition("\nhint: milo-bench ")[2].split()[:11] == [*RUN, "--out", "u.jsonl", "--resume"]
    (end,) = rows(long_desk / "u.jsonl", "end")
    assert end["reason"] == "budget"
    assert not end["complete"]
    before = len(asked(long_desk / "u.jsonl"))
    assert before < 19
    resumed = milo(*RUN, "--out", "u.jsonl", "--resume", folder=long_desk)
    assert resumed.code == 0
    assert len(asked(long_desk / "u.jsonl")) == len(set(asked(long_desk / "u.jsonl"))) == 19
    again = milo(*RUN, "--out", "u.jsonl", "--resume", folder=long_desk)
    assert again.code == 0
    assert len(asked(long_desk / "u.jsonl")) == 19
    assert len(rows(long_desk / "u.jsonl", "work_end")) == 1


def test_a_budget_of_dollars_is_never_passed(long_desk: Path) -> None:
    price = "{input_usd_per_mtok: 1000, output_usd_per_mtok: 1000}"
    bench = f"targets:\n  scripted: {{api: fake, script: script.yaml, price: {price}}}\n"
    (long_desk / "bench.yaml").write_text(bench, encoding="utf-8")
    said = milo(
        "run", "--suite", "tiny", "--models", "scripted", "--max-usd", "0.6", "--out", "u.jsonl", folder=long_desk
    )
    assert said.code == 0
    assert "--max-usd 0.6 is spent" in said.err
    assert "--max-usd 0.6 --out u.jsonl --resume" in said.err, "what may be spent stays limited"
    used = [row.get("usage", {}) for row in rows(long_desk / "u.jsonl", "attempt")]
    spent = sum(one.get("prompt_tokens", 0) + one.get("completion_tokens", 0) for one in used) / 1000
    assert 0 < spent <= 0.6


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("run", "--suite", "tiny", "--models", "scripted", "--policy", "policy.yaml"), "--policy belongs to"),
        ((*RUN, "--order", "prefix"), "random order"),
        ((*RUN, "--max-fixtures", "99"), "No fresh fixtures can be drawn"),
        (("run", "--suite", "tiny", "--models", "scripted", "--until-decided"), "There is no policy"),
        (("run", "--suite", "tiny", "--models", "scripted", "--max-usd", "1"), "no target has a price"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    long_desk: Path, words: tuple[str, ...], error: str
) -> None:
    said = milo(*words, folder=long_desk)
    assert said.code == 2
    assert error in said.error


def test_a_dry_run_says_what_it_takes_and_sends_nothing(long_desk: Path) -> None:
    said = milo(*RUN, "--dry-run", "--json", "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    found = said.json()
    assert found["requests"] == {"likely": 120, "at_most": 120}
    assert found["least_fixtures"] == {"qa: pass_rate": 19}
    assert found["minutes"]["likely"] is None
    assert not (long_desk / "u.jsonl").exists()


def test_a_dry_run_takes_the_pace_of_an_earlier_run_and_the_price_and_stays_in_the_budget(long_desk: Path) -> None:
    price = "{input_usd_per_mtok: 1, output_usd_per_mtok: 9}"
    bench = f"targets:\n  scripted: {{api: fake, script: script.yaml, price: {price}}}\n"
    (long_desk / "bench.yaml").write_text(bench, encoding="utf-8")
    plain = ("run", "--suite", "tiny", "--models", "scripted")
    assert milo(*plain, "--out", "first.jsonl", folder=long_desk).code == 0
    found = milo(*plain, "--dry-run", "--json", "--repeats", "3", "--out", "next.jsonl", folder=long_desk).json()
    assert found["requests"]["likely"] == 360
    assert found["targets"][0]["pace"]["source"] == "first.jsonl"
    assert 0 < found["minutes"]["likely"] < found["minutes"]["at_most"]
    assert 0 < found["usd"]["likely"] < found["usd"]["at_most"]
    capped = milo(*plain, "--dry-run", "--json", "--max-usd", "0.001", "--out", "n.jsonl", folder=long_desk).json()
    assert capped["usd"]["at_most"] == 0.001
    shown = milo(*plain, "--dry-run", "--out", "n.jsonl", folder=long_desk)
    assert "qa: at most 120 fixtures" in shown.out


def test_verify_computes_the_stop_again_and_finds_one_that_came_too_soon(long_desk: Path) -> None:
    answer_right(long_desk)
    assert milo(*RUN, "--out", "u.jsonl", folder=long_desk).code == 0
    log = long_desk / "u.jsonl"
    assert not check_log(log).faults
    text = log.read_text(encoding="utf-8")
    assert '"fixtures":19' in text
    log.write_text(text.replace('"fixtures":19', '"fixtures":12'), encoding="utf-8")
    found = [fault for fault in check_log(log).faults if "pass_rate at least" in fault.place]
    assert [(fault.said, fault.follows) for fault in found] == [("pass", "undecided")]


def test_score_compare_and_gate_never_judge_a_stopped_log_by_a_fixed_number(long_desk: Path) -> None:
    script = "rules:\n  - {when: {every: 6}, reply: {text: all is lost}}\nreply: {text: all is fine}\n"
    (long_desk / "script.yaml").write_text(script, encoding="utf-8")
    for seed in ("1", "2"):
        assert milo(*RUN, "--seed", seed, "--out", f"u{seed}.jsonl", folder=long_desk).code == 0
    (card,) = milo("score", "u1.jsonl", "--json", folder=long_desk).json()["scorecards"]
    (rate,) = [one for one in card["measures"] if one["name"] == "pass_rate"]
    assert rate["interval"]["method"] == "betting"
    assert card["stopped"] == ["qa on scripted"]
    shown = milo("score", "u1.jsonl", folder=long_desk)
    assert "run until decided" in shown.out
    (found,) = milo("compare", "u1.jsonl", "u2.jsonl", "--json", folder=long_desk).json()["comparisons"]
    assert [rate["interval"]["method"] for rate in found["rates"]] == ["betting"]
    assert found["means"] == []
    assert milo("decide", "u1.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk).code == 0
    assert milo("report", "d.json", "--out", "package", folder=long_desk).code == 0
    gated = milo("gate", "--baseline", "package", "u2.jsonl", "--json", folder=long_desk).json()
    methods = [one["method"] for one in gated["results"] if one["kind"] == "difference"]
    assert methods
    assert all(method.startswith("betting") for method in methods)


@pytest.mark.parametrize(
    ("gate", "named"),
    [
        ("{measure: cost_usd_mean, at_most: 1}", "mean cost of an answer"),
        ("{measure: pass_rate, not_worse_than: baseline, margin: 0.05}", "pass rate minus baseline"),
    ],
)
def test_a_gate_that_no_answer_of_the_run_can_decide_does_not_keep_it_open(
    long_desk: Path, gate: str, named: str
) -> None:
    answer_right(long_desk)
    policy = POLICY.replace("{measure: pass_rate, at_least: 0.8}", f"{{measure: pass_rate, at_least: 0.8}}, {gate}")
    (long_desk / "policy.yaml").write_text(policy, encoding="utf-8")
    said = milo(*RUN, "--out", "u.jsonl", folder=long_desk)
    assert said.code == 0
    assert f"left undecided after 20 fixtures: 1 gate passed, {named} cannot be decided by this run" in said.err
    assert len(asked(long_desk / "u.jsonl")) < 30
    decided = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=long_desk)
    assert decided.code == 0
    assert f"{named} cannot be decided by this run" in decided.out


FRESH = POLICY.replace("qa:", "topics:").replace("pass_rate, at_least: 0.8", "failure_rate, at_most: BOUND")


def test_a_suite_with_a_generator_gives_fresh_fixtures_past_its_own_as_far_as_they_can_help(desk: Path) -> None:
    (desk / "script.yaml").write_text('reply: {text: "late"}\n', encoding="utf-8")
    run = ("run", "--suite", "demo_v1", "--workload", "topics", *RUN[3:])
    found = {}
    for bound, most in (("0.3", "40"), ("0.08", "90")):
        (desk / "policy.yaml").write_text(FRESH.replace("BOUND", bound), encoding="utf-8")
        said = milo(*run, "--max-fixtures", most, "--out", f"{bound}-{most}.jsonl", folder=desk)
        log = desk / f"{bound}-{most}.jsonl"
        (end,) = rows(log, "work_end")
        assert end["fixtures"] == len(asked(log)) <= int(most)
        assert not check_log(log).faults
        found[bound, most] = (asked(log), end["ending"], "failure rate needs about " in said.err)
    ids, ending, needs_more = found["0.3", "40"]
    assert (ending, needs_more, any("@" in id for id in ids)) == ("decided", False, False), "its own were enough"
    ids, ending, needs_more = found["0.08", "90"]
    assert (ending, needs_more) == ("out_of_reach", True)
    fresh = [id for id in ids if "@" in id]
    assert fresh
    assert ids == [id for id in ids if "@" not in id] + fresh, "the shipped ones come first"
    rows_of = rows(desk / "0.08-90.jsonl", "fixture")
    texts = {row["id"]: json.dumps(row["input"]) for row in rows_of}
    assert len({texts[id] for id in ids}) == len(ids), "new cases, none told twice"
