"""Reviews that an incumbent rejects go up its chain, and one command does everything that a schedule needs."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from milo_bench import api
from milo_bench.api.roles.escalating import read_escalations
from milo_bench.core.errors import UsageError
from milo_bench.core.records.roles import EscalationAnswer, EscalationReport
from milo_bench.decide.promotion.escalation import escalation_ways, make_step, recompute_escalation, way_cells
from milo_bench.roles.history import read_history
from milo_bench.store.log.reader import read_run_log

REJECT = '{"verdict": "reject", "comments": [{"path": "shop/prices.py", "line": 7, "text": "only three"}]}'
ACCEPT = '{"verdict": "accept", "comments": []}'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles_env: dict[str, str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", roles_env["XDG_CACHE_HOME"])
    rules = [{"when": {"contains": "prices[:3]"}, "reply": {"text": REJECT}}]
    (tmp_path / "strict.yaml").write_text(json.dumps({"reply": {"text": REJECT}}))
    (tmp_path / "good.yaml").write_text(json.dumps({"rules": rules, "reply": {"text": ACCEPT}}))
    price = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    targets = {
        "strict": {"api": "fake", "script": "strict.yaml", "family": "one"},
        "other": {"api": "fake", "script": "good.yaml", "family": "two"},
        "big": {"api": "fake", "script": "good.yaml", "family": "three", "price": price},
        "hosted": {"api": "fake", "script": "good.yaml", "family": "four", "hosted": True, "price": price},
    }
    (tmp_path / "bench.yaml").write_text(json.dumps({"targets": targets}))
    return tmp_path


def _registry(place: Path, escalation: str, more: str = "") -> Path:
    text = f"""roles:
  review:
    workloads: {{review: 2}}
    incumbent: strict
    challengers: [other]
    escalation: [{escalation}]
{more}"""
    (place / "registry.yaml").write_text(text)
    return place / "registry.yaml"


def _run(place: Path, mined: Path) -> Path:
    options = api.RunOptions(suite=mined, models=("strict", "other"), workloads=("review",), out=place / "r.jsonl")
    return api.run_suite(options).path


def test_what_the_incumbent_rejects_goes_up_the_chain_in_logs_of_its_own(mined: Path, place: Path) -> None:
    log = _run(place, mined)
    [report] = api.escalate_roles(log, _registry(place, "big, other"))
    assert (report.reviews, report.rejected, report.left) == (2, 2, 1)
    first, second = report.steps
    assert (first.target, first.asked, first.accepted, first.overturned) == ("big", 2, 2, 1)
    assert (first.incumbent_wrong, first.incumbent_right) == (1, 0)
    assert first.cost_usd is not None and first.all_at_once_usd == pytest.approx(first.cost_usd)
    assert (second.target, second.asked) == ("other", 1)
    step = read_run_log(place / first.log)
    assert all("turbo-escalation" in fixture.tags for fixture in step.fixtures.values())
    promotion = api.promote_roles([log], place / "registry.yaml")
    assert "## Turbo escalation" in promotion.report.read_text()
    assert "rejected 2 of 2 reviews" in promotion.report.read_text()


def test_each_way_to_escalate_has_its_catches_and_its_cost(mined: Path, place: Path) -> None:
    log = _run(place, mined)
    registry = _registry(place, "big, other")
    [report] = api.escalate_roles(log, registry)
    alone, first, second, big_at_once, other_at_once = escalation_ways(report)
    assert [way.name for way in (alone, first, big_at_once)] == ["strict", "then big", "big at once"]
    # strict rejects all: it catches the faulty change, and the control is wrong until big accepts it.
    assert (alone.requests, first.requests, second.requests) == (2, 4, 5)
    assert [way.right.value for way in (alone, first, second) if way.right] == [0.5, 1.0, 1.0]
    assert [way.caught.value for way in (alone, first, second) if way.caught] == [1.0, 1.0, 1.0]
    assert alone.cost_usd == 0.0 and first.cost_usd == report.steps[0].cost_usd
    assert big_at_once.right is None and big_at_once.estimated  # no run has asked it about every review
    assert big_at_once.cost_usd == report.steps[0].all_at_once_usd
    assert other_at_once.right is not None and other_at_once.right.n == 2 and not other_at_once.estimated

    api.promote_roles([log], registry)
    page = api.write_roles_page(registry, place / "site").read_text()
    for cell in way_cells(first):
        assert f"<td>{cell}</td>" in page
    assert "Answers of escalation steps decide no role" in page
    assert api.verify_roles_page(registry, place / "site") == ()

    history = place / "roles-history.jsonl"
    [record] = read_history(history)
    [kept] = record.escalations
    better = msgspec.structs.replace(kept.steps[0], incumbent_wrong=2)
    forged = msgspec.structs.replace(kept, steps=(better, *kept.steps[1:]))
    history.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, escalations=(forged,))) + b"\n")
    assert "review, escalation to big: its figures are not what its answers give" in api.verify_roles_page(
        registry, place / "site"
    )


def test_a_step_without_an_answer_leaves_the_one_before_it() -> None:
    own = (
        EscalationAnswer("a", passed=True, accepts=False, faulty=True, cost_usd=0.1),
        EscalationAnswer("b", passed=False, accepts=False, faulty=False, cost_usd=0.1),
        EscalationAnswer("c", passed=False, accepts=True, faulty=True, cost_usd=0.1),
    )
    lost = EscalationAnswer("a", passed=False, accepts=False, faulty=True, answered=False)
    right = EscalationAnswer("b", passed=True, accepts=True, faulty=False, cost_usd=2.0)
    step = make_step("big", 1, (lost, right), own, log="x.jsonl", at_once=())
    report = EscalationReport("review", "small", 3, 2, (step,), 1, own)
    alone, chain, at_once = escalation_ways(report)
    assert (step.failed, step.incumbent_wrong, step.cost_usd) == (1, 1, 2.0)
    assert alone.right is not None and chain.right is not None and chain.caught is not None
    assert (alone.right.value, chain.right.value) == (1 / 3, 2 / 3)
    assert (chain.caught.value, chain.caught.n) == (0.5, 2)
    assert chain.cost_usd == pytest.approx(2.3) and chain.cost_per_right_usd == pytest.approx(1.15)
    assert at_once.cost_usd == pytest.approx(6.0)
    assert list(recompute_escalation(report)) == []


def test_answers_of_a_step_are_no_evidence_for_a_promotion(mined: Path, place: Path) -> None:
    log = _run(place, mined)
    registry = _registry(place, "other")
    [report] = api.escalate_roles(log, registry)
    with pytest.raises(UsageError, match="only answers of escalation steps, which decide no role"):
        api.promote_roles([place / report.steps[0].log], registry)
    alone = api.promote_roles([log], registry).record
    both = api.promote_roles([log, place / report.steps[0].log], registry).record
    assert alone.outcomes == both.outcomes and alone.pairs == both.pairs


def test_a_hosted_step_needs_a_word(mined: Path, place: Path) -> None:
    log = _run(place, mined)
    with pytest.raises(UsageError, match="hosted"):
        api.escalate_roles(log, _registry(place, "hosted"))
    [report] = api.escalate_roles(log, _registry(place, "hosted"), allow_hosted=True)
    assert report.steps[0].asked == 2


def test_one_command_mines_runs_decides_and_publishes(shop: Path, place: Path, roles_env: dict[str, str]) -> None:
    more = f"repositories:\n  - {{path: {shop}, suite: suite}}\n"
    registry = _registry(place, "big", more)
    options = api.RolesRunOptions(registry, out=place / "runs", site=place / "site", cases=4)
    done = api.run_roles(options)
    [log] = done.logs
    assert log.is_file() and done.page.is_file() and done.promotion.report.is_file()
    [role] = done.promotion.record.roles
    assert role.cases == 2
    assert "compared once" in done.page.read_text()


def test_a_schedule_leaves_out_what_it_cannot_ask_and_says_so(shop: Path, place: Path) -> None:
    registry = _registry(place, "lost, big, hosted", f"repositories:\n  - {{path: {shop}, suite: suite}}\n")
    registry.write_text(registry.read_text().replace("[other]", "[other, gone]"))
    said: list[str] = []
    options = api.RolesRunOptions(registry, out=place / "runs", site=place / "site", cases=4)
    done = api.run_roles(options, say=said.append)
    assert said[:3] == [
        "gone is not in bench.yaml, so it is not run",
        "lost is not in bench.yaml, so no review is escalated to it",
        "hosted is hosted, so no review is escalated to it without --allow-hosted",
    ]
    [role] = done.promotion.record.roles
    assert {one.target: one.verdict for one in role.decisions} == {"other": "hold", "gone": "retire"}
    [report] = read_escalations(done.logs)
    assert [step.target for step in report.steps] == ["big"]


def test_a_schedule_without_any_target_names_them(shop: Path, place: Path) -> None:
    registry = _registry(place, "", f"repositories:\n  - {{path: {shop}, suite: suite}}\n")
    registry.write_text(registry.read_text().replace("strict", "lost").replace("[other]", "[gone]"))
    with pytest.raises(UsageError, match="no target") as raised:
        api.run_roles(api.RolesRunOptions(registry, out=place / "runs", site=place / "site"))
    assert "lost, gone" in (raised.value.hint or "")
