"""Reviews that an incumbent rejects go up its chain, and one command does everything that a schedule needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.api.roles.escalating import read_escalations
from milo_bench.core.errors import UsageError
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
