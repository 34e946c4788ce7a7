"""Probes, load and replayed changes turn a finding into a fix, or do not."""

from __future__ import annotations

from milo_bench.config.policy.file import read_policy
from tests.decide.decision_cases import decided, finding, policy, shown, windows
from tests.decide.evidence_cases import Made, of


def test_a_failed_readiness_probe_turns_keep_into_fix_and_a_critical_one_into_reject() -> None:
    made = Made()
    made.add("notes", "small", of(100, 100))
    made.probe("small", "readiness", "fail", "major")
    decision = decided(made, policy())
    found = finding(decision)
    assert (found.kind, found.rule, [remedy.name for remedy in found.remedies]) == (
        "fix", "runtime not ready", ["readiness_probe"],
    )  # fmt: skip
    assert "small first needs a readiness probe." in shown(decision.verdict, decision)
    made.probe("small", "egress", "fail", "critical")
    assert finding(decided(made, policy())).rule == "unsafe runtime"


def test_a_privacy_probe_among_the_gates_is_passed_by_evidence_only() -> None:
    gates = "[{measure: pass_rate, at_least: 0.8}, {probe: privacy_leak, safety: true}]"
    kinds, said = {}, {}
    for outcome in ("", "undecided", "fail", "pass"):
        made = Made()
        made.add("notes", "small", of(100, 100))
        if outcome:
            made.probe("small", "privacy_leak", outcome)
        decision = decided(made, policy(gates))
        found = finding(decision)
        kinds[outcome] = (found.kind, found.gates[1].outcome)
        said[outcome] = shown(found.gates[1].reason, decision)
    assert kinds == {
        "": ("defer", "undecided"),  # and the verdict says which probe is to be run
        "undecided": ("defer", "undecided"),
        "fail": ("reject", "fail"),
        "pass": ("keep", "pass"),
    }
    assert said == {
        "": "the probe privacy_leak is undecided: not run on this target",
        "undecided": "the probe privacy_leak is undecided: it ran and neither passed nor failed",
        "fail": "the probe privacy_leak failed",
        "pass": "the probe privacy_leak passed",
    }


def test_a_leaking_log_is_repaired_and_says_nothing_against_the_answers() -> None:
    gates = "[{measure: pass_rate, at_least: 0.8}, {probe: privacy_leak, safety: true}]"
    by = read_policy(
        policy(gates).text.replace("  - {name: unsafe runtime, when: [probe_failed_critical], finding: reject}\n", "")
    )
    kinds = {}
    for good in (100, 40):
        made = Made()
        made.add("notes", "small", of(good, 100))
        made.probe("small", "privacy_leak", "fail")
        kinds[good] = decided(made, by)
    found = finding(kinds[100])
    assert (found.kind, [remedy.name for remedy in found.remedies]) == ("fix", ["repair_runtime"])
    said = " ".join(shown(text, kinds[100]) for text in found.reasons)
    assert "Its answers pass every gate" in said
    (item,) = kinds[100].backlog
    assert (item.work, item.owner, item.ships) == ("repair_runtime", "Platform engineer", True)
    assert finding(kinds[40]).kind == "reject", "a repair of the runtime mends no answers"


def test_the_measured_knee_caps_requests_at_once() -> None:
    made = Made(load=windows(4))
    made.add("notes", "small", of(100, 100))
    kept = decided(made, policy())
    (cap,) = finding(kept).remedies
    assert finding(kept).kind == "keep"  # a guardrail, where the policy needs no more at once
    assert cap.name == "concurrency_cap" and cap.params["streams"] in (3, 4)
    fixed = decided(made, policy(more="    streams: 8\n"))
    assert (finding(fixed).kind, finding(fixed).rule) == ("fix", "too many at once")
    assert [item.title for item in fixed.backlog] == ["A cap on concurrent requests on small"]
    assert {"level", "requests_per_s", "failure_share"} <= fixed.load[0].figures.keys()


def test_a_change_that_was_replayed_and_passes_all_gates_is_a_fix_and_one_that_fails_is_none() -> None:
    for good, kind, rule in ((99, "fix", "viable after a change"), (40, "reject", "not fit")):
        made = Made()
        made.add("notes", "small", of(50, 200))
        made.add("notes", "small", of(good * 2, 200), decoding="constrained")
        decision = decided(made, policy(more="    remedies: [constrained_decoding]\n"))
        found = finding(decision)
        assert (found.candidate.decoding, found.kind, found.rule) == ("free", kind, rule)
        if kind == "fix":
            assert [remedy.name for remedy in found.remedies] == ["constrained_decoding"]
            (replayed,) = [replay for replay in decision.replays if replay.chosen]
            assert found.remedies[0].replay == replayed.id
            assert found.route == "local"
            assert any("held-out fixtures" in shown(text, decision) for text in found.reasons)
            assert "“Title of notes”, but first needs constrained decoding." in shown(decision.verdict, decision)
            assert [item.title for item in decision.backlog] == ["Constrained decoding for notes"]
            low, base, high = (decision.figures[id].value for id in decision.backlog[0].hours)
            assert (low, base, high) == (2.0, 4.0, 8.0)


def test_a_change_that_the_fixtures_do_not_decide_is_deferred() -> None:
    made = Made()
    made.add("notes", "small", of(4, 20))
    made.add("notes", "small", of(19, 20), decoding="constrained")
    found = finding(decided(made, policy(more="    remedies: [constrained_decoding]\n")))
    assert (found.kind, found.rule) == ("defer", "change not decided")


def test_sending_all_to_people_fixes_nothing() -> None:
    made = Made()
    made.add("notes", "small", of(30, 100))
    found = finding(decided(made, policy(more="    remedies: [human_review]\n")))
    assert (found.kind, found.rule) == ("reject", "not fit")


def test_another_local_target_that_passes_is_a_local_route() -> None:
    made = Made(hosted={"cloud"})
    made.add("notes", "small", of(60, 200))
    made.add("notes", "large", of(198, 200))
    made.add("notes", "cloud", of(199, 200))
    decision = decided(made, policy(more="    remedies: {other_target: {target: large}}\n"))
    assert (finding(decision, "large").kind, finding(decision, "large").route) == ("keep", "local")
    small = finding(decision)
    assert (small.kind, small.route, [remedy.name for remedy in small.remedies]) == ("fix", "local", ["other_target"])
