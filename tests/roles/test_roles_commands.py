"""From the command line: a registry is made, a run is judged, a promotion is applied, shown and taken back."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient

from milo_bench import api
from milo_bench.board.server.app import WebBoard
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.config.roles.file import load_registry
from milo_bench.config.routing.file import load_routing
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.decide.promotion.pairs import cost_figure, latency_figure
from milo_bench.decide.promotion.records import RoleOutcome
from milo_bench.evidence.reviewing import read_key
from milo_bench.roles.history import read_history
from milo_bench.store.audit.records import AuditedCall, AuditedRequest, AuditedShadow
from milo_bench.store.audit.writer import AuditWriter
from milo_bench.targets.llamacpp.weights import find_smollm2
from tests.board.conftest import BASE, TOKEN, BoardClient

REGISTRY = """# Ours.
roles:
  coder: # the one that counts
    workloads: {coder: 3}
    incumbent: mid
    challengers: [good, bad]
routing: routing.yaml
policy:
  margins: {acceptance_rate: 0.5, review_pain_minutes: 10, hard_failure_rate: 0.5}
  error: 0.3
"""

ROUTING = """targets:
  mid: {model: mid}
  good: {model: good}
rules:
  - id: coding # a comment
    when: {workload: coder}
    route: local
    target: mid
default: {route: human_review}
"""


@pytest.fixture(scope="module")
def log(mined: Path, roles_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three scripted models: one that is right, one that is right twice in five, one that is not."""
    folder = tmp_path_factory.mktemp("run")
    rows = [json.loads(line) for line in (mined / "fixtures/coder.jsonl").read_text().splitlines()]
    for name, right in (("good", 5), ("mid", 2), ("bad", 0)):
        rules = [
            {
                "when": {"contains": row["input"]["task"]},
                "reply": {"text": f"```diff\n{row['expect']['coder']['oracle']}```\n" if n < right else "No idea."},
            }
            for n, row in enumerate(rows)
        ]
        (folder / f"{name}.yaml").write_text(json.dumps({"rules": rules}))
    families = {"good": "one", "mid": "two", "bad": "one"}
    targets = {n: {"api": "fake", "script": str(folder / f"{n}.yaml"), "family": f} for n, f in families.items()}
    (folder / "bench.yaml").write_text(json.dumps({"targets": targets}))
    options = api.RunOptions(
        suite=mined, models=tuple(families), workloads=("coder",), out=folder / "r.jsonl", config=folder / "bench.yaml"
    )
    finished = api.run_suite(options, roles_env)
    assert (finished.coder.count, finished.coder.passed) == (15, 7)
    return finished.path


@pytest.fixture
def place(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles_env: dict[str, str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", roles_env["XDG_CACHE_HOME"])
    monkeypatch.setenv("MILO_BENCH_CONFIG", str(log.parent / "bench.yaml"))
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    (tmp_path / "routing.yaml").write_text(ROUTING)
    return tmp_path


def _milo(*words: str) -> int:
    return run_command(milo_bench, "milo-bench", list(words))


def test_a_promotion_is_applied_shown_and_taken_back(
    log: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _milo("roles", "promote", str(log), "--fail-on-change") == 1
    assert (place / "registry.yaml").read_text() == REGISTRY
    assert _milo("roles", "page", "--out", "site") == 0
    page = (place / "site/index.html").read_text()
    assert "1 of 1 incumbents must go (coder: mid → good)." in page and "This is the first run." in page
    assert _milo("roles", "promote", str(log), "--apply") == 0
    changed = (place / "registry.yaml").read_text()
    role = load_registry(place / "registry.yaml").roles["coder"]
    assert (role.incumbent, role.challengers) == ("good", ("mid", "bad"))
    assert "# the one that counts" in changed
    assert (place / "routing.yaml").read_text() == ROUTING.replace("target: mid", "target: good")
    assert _milo("roles", "page", "--out", "site") == 0
    page = (place / "site/index.html").read_text()
    assert "coder: good replaced mid." in page and "No verdict changed since the last run." in page
    assert "good" in page and "applied" in page and "<script" not in page
    assert _milo("roles", "page", "--out", "site", "--verify") == 0
    assert _milo("roles", "rollback") == 0
    assert (place / "registry.yaml").read_text().split() == REGISTRY.split()
    assert (place / "routing.yaml").read_text() == ROUTING
    assert _milo("roles", "rollback") == 2
    reports = sorted(path.name for path in (place / "reports").iterdir())
    day = datetime.now(UTC).date().isoformat()
    assert reports == [f"local-model-benchmark-{day}-2.md", f"local-model-benchmark-{day}.md"]
    assert "What changed since the last report" in (place / "reports" / reports[0]).read_text()


def test_live_work_holds_or_rejects_what_cases_would_promote_and_a_promotion_ends_the_trial(
    log: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = "challengers:\n  - {target: good, rule: coding, mode: shadow, share: 20%}\n"
    trials += "  - {target: mid, rule: other, mode: shadow, share: 20%}\n"
    routing = ROUTING.replace(
        "  - id: coding", "  - {id: other, when: {workload: other}, route: local, target: good}\n  - id: coding"
    )
    (place / "routing.yaml").write_text(routing + trials)
    for name, ok, count, verdict in (("worse", False, 60, "reject"), ("few", True, 1, "hold")):
        writer = AuditWriter(place / name, b"k" * 32)
        for number in range(count):
            call = AuditedCall("mid", 200)
            writer.write(
                lambda n, id=f"r_{number}", call=call: AuditedRequest(  # type: ignore[misc]
                    n, "2026-11-29T00:00:00+00:00", id, "answered", 200, workload="coder", rule="coding",
                    trial_rule="coding", trial_checks=("schema",), copied_to=("good",), calls=(call,),
                )
            )  # fmt: skip
            theirs = AuditedCall("good", 200, failed_checks=() if ok else ("schema",))
            writer.write(
                lambda n, id=f"r_{number}", theirs=theirs: AuditedShadow(  # type: ignore[misc]
                    n, "2026-11-29T00:00:00+00:00", id, "good", theirs, incumbent="mid", workload="coder", rule="coding"
                )
            )
        writer.close()
        promotion = api.promote_roles([log], Path("registry.yaml"), audit=place / name)
        found = next(one for one in promotion.record.roles[0].decisions if one.target == "good")
        assert found.verdict == verdict
        assert all(reason.startswith("on live work, its") for reason in found.reasons)
    assert _milo("roles", "promote", str(log), "--apply") == 0
    file = load_routing(place / "routing.yaml")
    assert file.rules[1].target == "good"
    assert [one.target for one in file.challengers] == ["mid"]
    assert _milo("roles", "rollback") == 0
    file = load_routing(place / "routing.yaml")
    assert [one.target for one in file.challengers] == ["good", "mid"]
    assert _milo("roles", "promote", str(log), "--audit", "nowhere") == 3


def test_what_people_scored_stands_beside_review_pain_and_decides_nothing(
    log: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.sample_for_review([log], place / "sheet.csv", count=3)
    rows = list(csv.DictReader((place / "sheet.csv").open()))
    for row in rows:
        row.update(reviewer="ann", usefulness="4")
    with (place / "sheet.csv").open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    api.import_review([place / "sheet.csv"], place / "sheet.key.json", out=place / "review.json")
    alone = api.promote_roles([log], Path("registry.yaml")).record.roles[0].decisions
    shutil.rmtree(place / "reports")
    (place / "roles-history.jsonl").unlink()
    assert _milo("roles", "promote", str(log), "--review", "review.json") == 0
    said = capsys.readouterr()
    assert "good: usefulness by people 4 " in said.out and "--review review.json --apply" in said.err
    record = read_history(place / "roles-history.jsonl")[0]
    [role] = record.roles
    drawn = Counter(one.candidate.target for one in read_key(place / "sheet.key.json").items)
    assert {one.target: [shown.score.n for shown in one.people] for one in role.figures} == {
        name: [drawn[name]] for name in ("good", "mid", "bad")
    }
    assert role.decisions == alone and len(record.review) > 60
    [report] = (place / "reports").iterdir()
    assert "- good: usefulness by people 4 " in report.read_text() and record.review in report.read_text()
    page = api.write_roles_page(Path("registry.yaml"), Path("site")).read_text()
    assert page.count("usefulness by people") == 3 and record.review in page
    assert api.verify_roles_page(Path("registry.yaml"), Path("site")) == ()
    other = place / "other.json"
    other.write_text(
        (place / "review.json").read_text().replace(json.loads((place / "review.json").read_text())["logs"][0], "x")
    )
    assert _milo("roles", "promote", str(log), "--review", "other.json") == 2
    assert "The review was drawn from 1 logs" in capsys.readouterr().err


def test_latency_and_cost_have_n_and_an_interval(log: Path, place: Path) -> None:
    promotion = api.promote_roles([log], Path("registry.yaml"))
    page = api.write_roles_page(Path("registry.yaml"), Path("site")).read_text()
    for text in (page, promotion.report.read_text()):
        assert text.count("$0 (n = 5)") == 3
    cells = re.findall(r"<dt>latency p50</dt><dd><a [^>]*>([^<]*)", page)
    assert len(cells) == 3 and all("n = 5" in cell for cell in cells)
    costs = [RoleOutcome("f", "coder", "g", True, False, 2.0, latency_s=n, cost_usd=n / 100) for n in range(1, 21)]
    cost, latency = cost_figure(costs), latency_figure(costs)
    assert (cost.value, cost.n) == (pytest.approx(0.105), 20) and cost.low and cost.low < 0.105 < (cost.high or 0)
    assert (latency.value, latency.low, latency.high) == (10.5, 6, 15)


def test_only_cases_from_after_the_release_of_both_models_are_fresh(
    log: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _milo("roles", "promote", str(log), "--fresh") == 2
    assert "no release date of mid, good, bad" in capsys.readouterr().err
    assert not (place / "roles-history.jsonl").exists(), "nothing was decided"
    for day, pairs in (("2000-01-01", 5), ("2100-01-01", 0)):
        dates = "".join(f"  {name}: {day}\n" for name in ("good", "mid", "bad"))
        (place / "registry.yaml").write_text(f"{REGISTRY}released:\n{dates}")
        promotion = api.promote_roles([log], Path("registry.yaml"), fresh=True)
        assert {len(found) for found in promotion.record.pairs["coder"].values()} == {pairs}
        verdicts = {one.target: one.verdict for one in promotion.record.roles[0].decisions}
        assert verdicts["good"] == ("promote" if pairs else "hold")


def test_looking_again_at_the_same_log_rejects_nobody_twice(log: Path, place: Path) -> None:
    text = REGISTRY.replace("incumbent: mid", "incumbent: good").replace("[good, bad]", "[bad, mid]")
    (place / "registry.yaml").write_text(text)
    for _ in range(4):
        promotion = api.promote_roles([log], Path("registry.yaml"))
    [role] = promotion.record.roles
    assert role.looks == 4
    assert [(one.target, one.verdict, one.rejections) for one in role.decisions if one.target == "bad"] == [
        ("bad", "reject", 1)
    ]


def test_a_changed_history_is_found(log: Path, place: Path) -> None:
    api.promote_roles([log], Path("registry.yaml"))
    api.promote_roles([log], Path("registry.yaml"))
    history = place / "roles-history.jsonl"
    history.write_text(history.read_text().replace('"accepted":false', '"accepted":true', 1))
    with pytest.raises(DataError, match="history was changed"):
        api.promote_roles([log], Path("registry.yaml"))


def test_a_page_that_was_changed_is_found(log: Path, place: Path) -> None:
    api.promote_roles([log], Path("registry.yaml"))
    page = api.write_roles_page(Path("registry.yaml"), Path("site"))
    page.write_text(page.read_text().replace("100%", "99%"))
    [wrong] = api.verify_roles_page(Path("registry.yaml"), Path("site"))
    assert "index.html is not the page" in wrong


def test_a_page_without_runs_says_so(place: Path) -> None:
    page = api.write_roles_page(Path("registry.yaml"), Path("site")).read_text()
    assert "No archived runs yet" in page


def test_mistakes_in_a_registry_are_named_with_their_line(place: Path) -> None:
    (place / "registry.yaml").write_text(REGISTRY.replace("[good, bad]", "[good, mid]"))
    with pytest.raises(ConfigError, match=r"registry\.yaml line 3: mid is incumbent and challenger"):
        api.promote_roles([Path("r.jsonl")], Path("registry.yaml"))


def test_init_writes_a_registry_that_promote_reads(log: Path, place: Path) -> None:
    assert _milo("roles", "init", "--models", "mid,good,bad", "--out", "new.yaml") == 0
    assert set(load_registry(place / "new.yaml").roles) == {"draft", "reason", "review", "coder"}
    assert _milo("roles", "init", "--models", "mid", "--out", "new.yaml") == 2
    with pytest.raises(UsageError):
        api.write_registry(["nobody"], place / "other.yaml")


def test_the_example_of_recorded_answers_holds_every_challenger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(Path(__file__).parents[2] / "examples/roles", tmp_path / "roles")
    registry = tmp_path / "roles/registry.yaml"
    promotion = api.promote_roles([tmp_path / "roles/recorded.jsonl"], registry)
    roles = {role.role: role for role in promotion.record.roles}
    assert {name: role.cases for name, role in roles.items()} == {"draft": 3, "reason": 2, "review": 1, "coder": 2}
    decisions = [one for role in roles.values() for one in role.decisions]
    assert [one.verdict for one in decisions] == ["hold", "hold"]
    assert all(one.further for one in decisions)
    page = api.write_roles_page(registry, tmp_path / "site").read_text()
    assert "None of the named models gave them" in page
    assert "more commits would decide it" in page and "No active challengers" in page
    assert api.verify_roles_page(registry, tmp_path / "site") == ()


def test_a_family_that_the_weights_contradict_is_reported(log: Path, place: Path) -> None:
    weights = find_smollm2()
    assert weights is not None
    bench = json.loads((log.parent / "bench.yaml").read_text())
    named = (("good", "mistral", str(weights)), ("bad", "smollm2", str(weights)), ("mid", "qwen", "builtin:smollm2"))
    for name, family, file in named:
        bench["targets"][name] = {"api": "llamacpp", "weights": file, "family": family}
    (place / "bench.yaml").write_text(json.dumps(bench))
    [role] = api.promote_roles([log], Path("registry.yaml"), config=place / "bench.yaml").record.roles
    notes = sorted(note for note in role.notes if "weights" in note)
    assert [note.split(", its weights say")[0] for note in notes] == [
        "bench.yaml says that good is of the family mistral",
        "bench.yaml says that mid is of the family qwen",
    ]


def test_the_board_applies_the_last_look_and_takes_it_back(log: Path, place: Path) -> None:
    from milo_bench.api.roles.promoting import apply_last_look

    def promote(registry: Path) -> str:
        return f"{len(apply_last_look(registry))} changes applied."

    def roll_back(registry: Path) -> str:
        return f"{len(api.rollback_roles(registry).changes)} changes taken back."

    registry = place / "registry.yaml"
    before = registry.read_text()
    board = make_board(BoardOptions(place, str(place / "state.db"), "ann"), TOKEN)
    board.promote, board.roll_back = promote, roll_back
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        http.get("/", params={"token": TOKEN})
        client = BoardClient(http, board)
        address = f"/roles/{client.data('/decisions')['registries'][0]['id']}"
        refused = client.send(f"{address}/promote")
        assert refused.status_code == 400
        assert "no new look" in refused.text
        api.promote_roles([log], Path("registry.yaml"))
        assert client.data(address)["can_apply"]
        assert client.send(f"{address}/promote").status_code == 303
        assert registry.read_text() != before
        assert client.data(address)["can_roll_back"]
        assert "Who changed it here" in client.html(address)
        assert client.send(f"{address}/roll-back").status_code == 303
        assert [note["person"] for note in client.data(address)["notes"]] == ["ann", "ann"]
        assert client.send(f"{address}/roll-back").status_code == 400
    assert yaml.safe_load(registry.read_text()) == yaml.safe_load(before)
