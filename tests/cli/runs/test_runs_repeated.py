"""A log names the runs before it, sealed; a decision counts those that it leaves out."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.cli.commands import milo
from tests.cli.until_decided.test_until_decided import POLICY, answer_right

RUN = ("run", "--suite", "tiny", "--models", "scripted")


def missing(desk: Path, *logs: str) -> list[str]:
    """What the decision on ``logs`` says is missing, figures as their digits."""
    out = f"{len(logs)}-{Path(logs[-1]).stem}.json"
    assert milo("decide", "--policy", "policy.yaml", "--out", out, *logs, folder=desk).code == 0
    made = json.loads((desk / out).read_text(encoding="utf-8"))
    return [
        "".join(part if isinstance(part, str) else f"{made['figures'][part['figure']]['value']:g}" for part in sentence)
        for sentence in made["missing"]
    ]


def earlier(log: Path) -> list[str]:
    with log.open(encoding="utf-8") as file:
        found: list[str] = json.loads(file.readline()).get("earlier", [])
    return found


def run_id(log: Path) -> str:
    with log.open(encoding="utf-8") as file:
        return str(json.loads(file.readline())["run_id"])


def test_the_third_run_names_the_two_before_it_and_the_decision_counts_them(desk: Path) -> None:
    answer_right(desk)
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    for seed in "123":
        assert milo(*RUN, "--seed", seed, "--out", f"runs/{seed}.jsonl", folder=desk).code == 0
    ids = [run_id(desk / f"runs/{seed}.jsonl") for seed in "123"]
    assert earlier(desk / "runs/1.jsonl") == []
    assert earlier(desk / "runs/3.jsonl") == ids[:2]
    assert not any("earlier run" in said for said in missing(desk, "runs/1.jsonl"))
    assert (
        "When runs/3.jsonl began, 2 earlier runs of its targets were in its folder and not in this decision. "
        "No interval covers a choice among runs."
    ) in missing(desk, "runs/3.jsonl")
    assert milo("report", "1-3.json", "--out", "package", folder=desk).code == 0
    assert milo("verify", "package", folder=desk).code == 0


def test_runs_that_are_struck_out_of_a_log_are_missed_by_its_seal(desk: Path) -> None:
    answer_right(desk)
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    for name in ("a", "b"):
        assert milo(*RUN, "--out", f"{name}.jsonl", folder=desk).code == 0
    log = desk / "b.jsonl"
    text = log.read_text(encoding="utf-8")
    assert f',"earlier":["{run_id(desk / "a.jsonl")}"]' in text
    log.write_text(text.replace(f',"earlier":["{run_id(desk / "a.jsonl")}"]', ""), encoding="utf-8")
    said = milo("decide", "--policy", "policy.yaml", "--out", "b.json", "b.jsonl", folder=desk)
    assert said.code != 0
    assert "changed after it was sealed" in said.error


def test_a_target_of_another_name_and_the_same_model_is_no_fresh_start_and_another_suite_is(desk: Path) -> None:
    answer_right(desk)
    settings = (desk / "bench.yaml").read_text(encoding="utf-8")
    (desk / "bench.yaml").write_text(settings.replace("scripted:", "renamed:"), encoding="utf-8")
    assert milo("run", "--suite", "tiny", "--models", "renamed", "--out", "a.jsonl", folder=desk).code == 0
    (desk / "bench.yaml").write_text(settings, encoding="utf-8")
    (desk / "notes.jsonl").write_text("not a log\n", encoding="utf-8")
    assert milo(*RUN, "--out", "b.jsonl", folder=desk).code == 0
    assert earlier(desk / "b.jsonl") == [run_id(desk / "a.jsonl")]
    manifest = (desk / "tiny/suite.yaml").read_text(encoding="utf-8")
    (desk / "tiny/suite.yaml").write_text(manifest.replace("name: tiny", "name: small", 1), encoding="utf-8")
    assert milo(*RUN, "--out", "c.jsonl", folder=desk).code == 0
    assert earlier(desk / "c.jsonl") == []


def test_what_was_joined_into_the_decision_is_not_counted_as_left_out(desk: Path) -> None:
    answer_right(desk)
    (desk / "policy.yaml").write_text(POLICY, encoding="utf-8")
    fixtures = (desk / "tiny/fixtures.jsonl").read_text(encoding="utf-8").splitlines()
    marked = [{**json.loads(line), "tags": ["odd" if number % 2 else "even"]} for number, line in enumerate(fixtures)]
    (desk / "tiny/fixtures.jsonl").write_text("".join(json.dumps(one) + "\n" for one in marked), encoding="utf-8")
    for tag in ("odd", "even"):
        assert milo(*RUN, "--tag", tag, "--out", f"{tag}.jsonl", folder=desk).code == 0
    assert len(earlier(desk / "even.jsonl")) == 1
    assert not any("earlier run" in said for said in missing(desk, "odd.jsonl", "even.jsonl"))


def test_pipes_devices_and_links_beside_a_log_are_passed_over(desk: Path) -> None:
    answer_right(desk)
    runs = desk / "runs"
    runs.mkdir()
    os.mkfifo(runs / "pipe.jsonl")
    (runs / "folder.jsonl").mkdir()
    (runs / "device.jsonl").symlink_to("/dev/full")  # reading it never ends
    (runs / "nowhere.jsonl").symlink_to(desk / "gone.jsonl")
    (runs / "other.jsonl").write_bytes(b'{"type":"run"\xff\n')
    assert milo(*RUN, "--out", "runs/a.jsonl", folder=desk).code == 0
    assert milo(*RUN, "--out", "runs/b.jsonl", "--dry-run", folder=desk).code == 0
    assert milo(*RUN, "--out", "runs/b.jsonl", folder=desk).code == 0
    assert earlier(runs / "b.jsonl") == [run_id(runs / "a.jsonl")]
