"""Names as teams give them: numbers, quotes, slashes and odd spaces, from a suite to a package that is verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import milo

IDS = ("1", "it's", r"b\s", '"q"', "4/24", "é", "50%", "$x", "-rf", "..")
TARGETS = ("70", "3.5")
WORKLOAD, TITLE = "1099", "24/7\u00a0orders\t1"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("odd")
    suite = {
        "name": "2024",
        "version": 1.10,
        "title": "3/4",
        "fixtures": ["fixtures.jsonl"],
        "workloads": {WORKLOAD: {"title": TITLE, "prompt": "p.jinja", "checks": [{"label": {"labels": ["1", "2"]}}]}},
    }
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
    (tmp_path / "suite" / "p.jinja").write_text("{{ input.text }}", encoding="utf-8")
    rows = [
        {"id": f"{id}{n}", "workload": WORKLOAD, "input": {"text": "x"}, "expect": {"label": "1"}, "tags": tags}
        for n in range(2)
        for id, tags in zip(IDS, [["2024"], ["priority=1"], ["1,2"], ["a b"], ["½"]] * 2, strict=True)
    ]
    (tmp_path / "suite" / "fixtures.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "s.yaml").write_text('reply: {texts: ["1", "2", "1"]}', encoding="utf-8")
    targets = {name: {"api": "fake", "script": "s.yaml"} for name in TARGETS}
    (tmp_path / "bench.yaml").write_text(json.dumps({"targets": targets}), encoding="utf-8")
    gates = [
        {"measure": "pass_rate", "at_least": 0.6},
        *(
            {"measure": "pass_rate", "at_least": 0.6, "slice": f"tag={tag}"}
            for tag in ("2024", "priority=1", "1,2", "½")
        ),
    ]
    findings = [{"name": "open 24/7", "when": [], "finding": "defer"}]
    policy = {"policy": 1, "workloads": {WORKLOAD: {"gates": gates}}, "findings": findings}
    (tmp_path / "policy.yaml").write_text(json.dumps(policy), encoding="utf-8")
    done = milo("run", "--suite", "suite", "--models", ",".join(TARGETS), "--out", "o.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    return tmp_path


def test_a_package_of_oddly_named_things_is_written_and_verified(log: Path) -> None:
    decided = milo("decide", "o.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=log)
    assert decided.code == 0, decided.err
    reported = milo("report", "d.json", "--out", "package", folder=log)
    assert reported.code == 0, reported.err
    verified = milo("verify", "package", folder=log)
    assert verified.code == 0, verified.err
    page = (log / "package" / "index.html").read_text(encoding="utf-8")
    assert "24/7" in page and "1099" in page


@pytest.mark.parametrize("id", IDS)
def test_one_attempt_is_shown_by_whatever_id_its_fixture_has(log: Path, id: str) -> None:
    shown = milo("grade", "o.jsonl", f"--fixture={id}0", folder=log)
    assert shown.code == 0, shown.err
    assert f"{id}0 on 70" in shown.out


def test_a_sample_for_review_contains_the_texts_of_oddly_named_fixtures(log: Path) -> None:
    sampled = milo("review", "sample", "o.jsonl", "--out", "sheet.csv", folder=log)
    assert sampled.code == 0, sampled.err
    assert (log / "sheet.csv").read_text(encoding="utf-8").count(f",{WORKLOAD},") == 2 * 2 * len(IDS)
