"""A small real model is asked to judge, and is rightly refused a licence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api

pytestmark = pytest.mark.timeout(3600)  # some forty answers of a model, on a machine that others share

_CAPITALS = [("France", "Paris"), ("Italy", "Rome"), ("Spain", "Madrid"), ("Japan", "Tokyo"), ("Egypt", "Cairo")]


@pytest.mark.model
def test_smollm2_gets_no_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "labels.jsonl").open("w") as file:
        for place, (country, capital) in enumerate(_CAPITALS):
            for said, label in ((capital, "yes"), (_CAPITALS[place - 1][1], "no")):
                row = {
                    "input": f"What is the capital of {country}?",
                    "output": f"The capital of {country} is {said}.",
                    "label": label,
                }
                file.write(json.dumps(row) + "\n")
    options = api.CalibrateOptions(
        "smollm2",
        "acceptable",
        tmp_path / "judge.json",
        labels=tmp_path / "labels.jsonl",
        calibration=api.CalibrationOptions(attacked=2),
    )
    found, figures = api.calibrate(options)
    assert len(found.rows) == 10 and all(row.again and row.swapped for row in found.rows)
    assert found.model_digest.startswith("sha256:")
    assert not figures.licence.granted and "specificity" in figures.licence.lacks
