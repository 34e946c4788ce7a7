"""Permits in a decision and in its routing table: where their numbers come from, and what makes them void."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jsonschema
import msgspec
import pytest

from milo_bench import api
from milo_bench.config.routing.file import ROUTING_FILE, RoutingFile, read_routing
from milo_bench.config.schema import file_schema
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.records import Episode, TargetRecord
from milo_bench.decide.changes.since import changes_since
from milo_bench.decide.records import Decision, Ref
from milo_bench.operator.permit.grants import grants_of, operator_allows
from milo_bench.operator.worlds.policies import no_op, oracle, trust_the_first_output
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import all_tasks
from milo_bench.report.package import render_files
from tests.operator.operator_logs import CORE, TARGET, broken, played, run_of, write_log

ALL = tuple(task.name for task in all_tasks())
MADE_AT = "2026-03-05T00:00:00Z"
DAY = date(2026, 3, 5)
HOSTED = msgspec.structs.replace(TARGET, name="hosted_a", model="hosted-a", hosted=True)


def _mixed(task: Task, seed: int, variant: str, repeat: int) -> Episode:
    """Good work but for stale sources, and one second write of a refund."""
    if task.name == "reply_lost" and repeat == 3:
        return played(task, seed, variant, trust_the_first_output, repeat=repeat)
    if task.group == "stale source of truth" and repeat % 4 == 1:
        return played(task, seed, variant, no_op, repeat=repeat)
    return played(task, seed, variant, oracle, repeat=repeat)


def _by(target: TargetRecord) -> Callable[[Task, int, str, int], Episode]:
    return lambda task, seed, variant, repeat: played(task, seed, variant, oracle, target=target.name, repeat=repeat)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("permits")
    return (
        write_log(run_of(ALL, 12, _mixed), folder / "local.jsonl"),
        write_log(run_of(ALL, 12, _by(HOSTED), run_id="run-2", target=HOSTED), folder / "hosted.jsonl"),
    )


def _decided(*logs: Path) -> Decision:
    return api.decide_logs(api.DecideOptions(logs=logs), created_at=MADE_AT)


@pytest.fixture(scope="module")
def decision(logs: tuple[Path, ...]) -> Decision:
    return _decided(*logs)


@pytest.fixture(scope="module")
def table(decision: Decision) -> RoutingFile:
    return read_routing(json.dumps(decision.routing))


def test_operator_logs_alone_need_no_suite_policy_and_decide_what_operators_may_do(decision: Decision) -> None:
    assert decision.findings == ()
    assert {one.permit.target for one in decision.permits} == {"local_8b", "hosted_a"}
    assert decision.policy == decision.operator_policy and "pass_floor" in decision.policy.text
    assert " in operator work. " in "".join(part for part in decision.verdict if isinstance(part, str))
    assert not any("baseline" in str(part) for text in decision.missing for part in text)


def test_a_decision_permits_what_operator_permit_permits(decision: Decision, logs: tuple[Path, ...]) -> None:
    alone = {permit.target: permit for permit in api.permit_operators(logs, today=DAY)}
    for one in decision.permits:
        mine = alone[one.permit.target]
        assert {kind.kind: kind.level for kind in mine.kinds} == {kind.kind: kind.level for kind in one.kinds}
        assert (mine.total, mine.issued, mine.expires) == (one.permit.total, one.permit.issued, one.permit.expires)


def test_points_pass_rates_and_trials_needed_are_figures_from_operator_episodes(decision: Decision) -> None:
    (one,) = [one for one in decision.permits if one.permit.target == "local_8b"]
    total = one.permit.total
    points, passes = decision.figures[one.figures["points"]], decision.figures[one.figures["passes"]]
    assert points.source.kind == "operator" and total.points.interval is not None
    assert (points.value, points.low, points.high) == (
        total.points.value,
        total.points.interval.low,
        total.points.interval.high,
    )
    assert (passes.k, passes.n) == (total.passes.k, total.passes.n)
    undecided = [
        (kind, plain)
        for one in decision.permits
        for kind, plain in zip(one.kinds, one.permit.kinds, strict=True)
        if plain.more
    ]
    assert undecided
    for kind, plain in undecided:
        assert decision.figures[kind.more].value == plain.more


def test_no_number_stands_in_the_words_of_a_reason(decision: Decision) -> None:
    texts = [rule.text for one in decision.permits for kind in one.kinds for rule in kind.rules]
    assert len(texts) > 50 and all(any(isinstance(part, Ref) for part in text) for text in texts)
    words = [re.sub("'[^']*'", "", part) for text in texts for part in text if isinstance(part, str)]  # names aside
    assert not [word for word in words if any(character.isdigit() for character in word)]
    refs = {part.figure for text in texts for part in text if isinstance(part, Ref)}
    assert refs <= decision.figures.keys()
    assert {decision.figures[id].source.kind for id in refs} == {"operator", "policy"}


def test_old_evidence_permits_nothing_however_good_it_was(logs: tuple[Path, ...]) -> None:
    late = api.decide_logs(api.DecideOptions(logs=logs), created_at="2026-11-05T00:00:00Z")
    assert {kind.level for one in late.permits for kind in one.kinds} == {"none"}
    said = [text for one in late.permits for kind in one.kinds for text in kind.reasons]
    assert ("The oldest run is older than the policy allows.",) in said


def test_a_runtime_that_breaks_is_permitted_nothing_and_its_trials_are_counted_as_runtime(tmp_path: Path) -> None:
    run = run_of(CORE, 1, lambda task, seed, variant, repeat: broken(task, seed, variant, repeat=repeat))
    (one,) = _decided(write_log(run, tmp_path / "tiny.jsonl")).permits
    assert {kind.level for kind in one.kinds} == {"none"}
    assert one.permit.total.kinds["runtime"] == 9 and "runtime could not complete" in one.permit.total.headline


def test_an_operator_policy_without_operator_episodes_is_refused(logs: tuple[Path, ...], tmp_path: Path) -> None:
    policy = api.write_operator_policy(tmp_path / "mine.yaml")
    mine = api.decide_logs(api.DecideOptions(logs=logs, operator_policy=policy), created_at=MADE_AT)
    assert mine.operator_policy is not None and mine.operator_policy.path == str(policy)
    empty = tmp_path / "empty.jsonl"
    header, *_ = logs[0].read_bytes().split(b"\n")
    empty.write_bytes(header.replace(b"operator_v1", b"case_ops_v1") + b"\n" + _probe_line())
    with pytest.raises(UsageError, match="no log contains an operator episode"):
        api.decide_logs(api.DecideOptions(logs=(empty,), operator_policy=policy), created_at=MADE_AT)


def _probe_line() -> bytes:
    from milo_bench.core.records import ProbeResult

    probe = ProbeResult("local_8b", "readiness", "1", "pass", "info", "fine")
    return msgspec.json.encode(probe) + b"\n"


# ---------------------------------------------------------------- the routing table


def test_the_table_gives_each_target_its_level_and_sends_the_rest_on(table: RoutingFile, decision: Decision) -> None:
    levels = {
        kind.kind: kind.level for one in decision.permits for kind in one.kinds if one.permit.target == "local_8b"
    }
    assert levels["money"] == "drafting" and set(levels.values()) >= {"drafting", "with_verifier"}
    assert {kind: operator_allows(table, TARGET, kind, DAY).level for kind in levels} == levels
    money = operator_allows(table, TARGET, "money", DAY)
    assert (money.route, money.target) == ("hosted", "hosted_a")
    assert operator_allows(table, HOSTED, "money", DAY).route == "human_review"


@pytest.mark.parametrize("field", ["model", "model_digest", "quantisation", "runtime", "runtime_version"])
def test_a_permit_is_void_for_another_model_than_was_measured(table: RoutingFile, field: str) -> None:
    other = msgspec.structs.replace(TARGET, **{field: "another"})
    allowed = operator_allows(table, other, "deploy", DAY)
    assert allowed.level == "none" and allowed.route == "hosted" and "another" in allowed.void[0]


def test_a_permit_ends_with_its_last_day_and_is_for_nobody_and_no_work_that_it_does_not_name(
    table: RoutingFile,
) -> None:
    assert operator_allows(table, TARGET, "deploy", date(2026, 4, 1)).level == "with_verifier"
    assert operator_allows(table, TARGET, "deploy", date(2026, 4, 2)).level == "none"
    assert operator_allows(table, TARGET, "gardening", DAY).level == "none"
    assert operator_allows(table, msgspec.structs.replace(TARGET, name="other"), "deploy", DAY).level == "none"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seeds: [0, 1, 2,", "seeds: [0, 1, 7,"),
        ("expires: '2026-04-01'", "expires: '2027-04-01'"),
        ("money: {level: drafting,", "money: {level: read_only,"),
    ],
)
def test_seeds_dates_and_levels_that_were_changed_by_hand_make_it_void(table: RoutingFile, old: str, new: str) -> None:
    text = table.to_yaml()
    local = text.index("local_8b:", text.index("operators:"))
    assert old in text[local:]
    changed = read_routing(text[:local] + text[local:].replace(old, new, 1))
    allowed = operator_allows(changed, TARGET, "deploy", DAY)
    assert allowed.level == "none" and "changed after the permit was granted" in allowed.void[-1]


def test_what_is_written_reads_back_and_fits_the_schema(table: RoutingFile) -> None:
    again = read_routing(table.to_yaml())
    assert again.data() == table.data()
    jsonschema.validate(json.loads(json.dumps(table.data())), file_schema(ROUTING_FILE))
    assert operator_allows(again, TARGET, "deploy", DAY).level == "with_verifier"
    assert "# Until 2026-04-01: with_verifier for" in table.to_yaml()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: drafting, route: hosted, target: hosted_a", "level: drafting", "does not cover all work"),
        ("level: drafting, route: hosted, target: hosted_a", "level: god", "god"),
        ("route: hosted, target: hosted_a", "route: hosted, target: nobody", "is not a hosted operator"),
        (
            "level: with_verifier, route: human_review",
            "level: with_verifier, route: hosted, target: hosted_a",
            "has no higher level",
        ),
        ("bench_version: 3", "bench_versoin: 1", "unknown setting"),
        ("issued: '2026-03-05'", "issued: soon", "date"),
    ],
)
def test_mistakes_in_operators_are_named_with_their_line(table: RoutingFile, old: str, new: str, said: str) -> None:
    text = table.to_yaml()
    assert old in text
    with pytest.raises(ConfigError, match=said) as caught:
        read_routing(text.replace(old, new, 1))
    assert " line " in caught.value.message


def test_people_take_over_where_no_hosted_operator_is_permitted_more(decision: Decision) -> None:
    permits = [one.permit for one in decision.permits if one.permit.target == "local_8b"]
    kinds = grants_of([(permits[0], False)])["local_8b"]["kinds"]
    assert {granted["route"] for granted in kinds.values()} == {"human_review"}


def test_what_changed_since_names_kinds_of_work_with_another_level(logs: tuple[Path, ...], tmp_path: Path) -> None:
    before = _decided(logs[0])
    after = _decided(write_log(run_of(ALL, 12, _by(TARGET), run_id="run-3"), tmp_path / "better.jsonl"))
    changes = {change.workload: change for change in changes_since(before, after).findings}
    money = changes["operator work, money paths"]
    assert (money.before, money.now) == ("drafting only", "operator with verifier")
    assert any(said.startswith("operator points: 5") and said.endswith("600 points") for said in money.because)
    assert changes_since(before, before).findings == ()


def test_a_package_of_operator_work_alone_is_no_gate_and_says_what_is(decision: Decision, tmp_path: Path) -> None:
    api.write_decision(tmp_path / "decision.json", decision)
    with pytest.raises(UsageError, match="only operator work") as caught:
        api.gate_logs([tmp_path / "any.jsonl"], tmp_path)
    assert "--require" in caught.value.hint


def test_a_package_is_written_where_a_rule_names_a_task_with_a_digit_that_was_never_played(tmp_path: Path) -> None:
    log = Path(__file__).parents[1] / "data" / "logs-0.1.0" / "operator.jsonl"  # one task of all
    decision = _decided(log)
    files = render_files(decision)
    assert "No valid trial of &#39;provider_503&#39;" in files["appendix/operator.html"].decode()
    assert all(str(text[-1]).endswith(".") for text in decision.missing)
