"""docs/sample is what its script makes of planted models: the same logs each time, a package that verifies."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.planted.record import record_run
from benchmarks.planted.sample import SAMPLES, Sample, make_sample
from benchmarks.planted.truth import truth_rows
from milo_bench import api
from milo_bench.config.routing.file import load_routing
from milo_bench.config.routing.flags import load_flags
from milo_bench.config.settings import load_settings
from milo_bench.targets.base import TARGET_APIS

CLAIMS = next(sample for sample in SAMPLES if sample.name == "claims")
CASE_OPS = next(sample for sample in SAMPLES if sample.name == "case_ops")


def test_a_package_of_planted_models_verifies_and_its_files_fit_each_other(tmp_path: Path) -> None:
    decision = make_sample(CASE_OPS, tmp_path)
    assert {finding.shown_kind for finding in decision.findings} == {"keep", "undecided", "reject"}
    assert [choice.target for choice in decision.choices if choice.workload.startswith("timeline:")] == [
        "local_8b",
        "local_14b",
    ], "previews by the small model, cited summaries by the large one"
    found = api.verify_package(tmp_path)
    assert (found.differences, found.missing_logs, found.unknown_files) == ((), (), ())
    table = load_routing(tmp_path / "routing.yaml")
    settings = load_settings(tmp_path / "bench.yaml", {}, apis=TARGET_APIS.names())
    assert set(table.targets) <= set(settings.targets)
    assert load_flags(tmp_path / table.flags_file, known=table.flags).on == frozenset()
    flags = tmp_path / table.flags_file
    flags.write_text(flags.read_text().replace("extraction: off", "extraction: on"))
    assert api.verify_package(tmp_path).differences == (), "a flag is the team's to turn on"
    flags.write_text(flags.read_text().replace("extraction: on", "extract: on"))
    assert {one.file for one in api.verify_package(tmp_path).differences} == {"flags.yaml"}
    rows = list(truth_rows(CASE_OPS, decision))
    for row in rows:
        if "routed to" in row.what or "served at once" in row.what or row.what.startswith("extraction"):
            assert row.agrees, row


def test_the_samples_show_every_kind_of_decision_and_the_rule_that_lets_a_model_downgrade_nothing() -> None:
    said = {sample.name: (sample.folder / "findings.md").read_text(encoding="utf-8") for sample in SAMPLES}
    kinds = {kind for text in said.values() for kind in re.findall(r"^#+ .*: (keep|fix|defer|reject)", text, re.M)}
    assert kinds == {"keep", "fix", "defer", "reject"}
    rules = {rule.id: rule for rule in load_routing(CLAIMS.folder / "routing.yaml").rules}
    assert rules["escalation.keywords"].route == "human_review"
    assert rules["escalation.downgrade-nothing"].when.local_label == ("escalate", "watch")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_recording_again_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    first, again = (record_run(sample.suite, sample.models, tmp_path / f"{name}.jsonl") for name in ("a", "b"))
    assert sha256(first.read_bytes()).hexdigest() == sha256(again.read_bytes()).hexdigest()
