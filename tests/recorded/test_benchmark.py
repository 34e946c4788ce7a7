"""The benchmark of recorded answers reads sets of these kinds, whatever their size and classes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.recorded.__main__ import main
from milo_bench import api


def pack(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Small sets of the kinds that are read: three classes, two documents."""
    folder, random = tmp_path / "data", np.random.default_rng(3)
    folder.mkdir()
    gold = [("a", "b", "c")[n % 3] for n in range(240)]
    pack(folder / "mails_texts.jsonl.gz", [{"id": f"m{n}", "text": f"mail {n}", "gold": g} for n, g in enumerate(gold)])
    models = {"good": 0.97, "fair": 0.7, "poor": 0.4}
    answers = [
        {"model": model, "answers": [g if random.random() < rate else "a" for g in gold]}
        for model, rate in models.items()
    ]
    pack(folder / "mails_answers.jsonl.gz", [*answers, {"model": "broken", "answers": ["?"] * 240}])
    rows = [{"unit": str(n), "make": "Volvo", "miles": n * 10.5} for n in range(20)]
    documents = [{"id": f"d{n}", "document": "word " * 100 * (n + 1), "gold": rows} for n in range(2)]
    pack(folder / "longlist_documents.jsonl.gz", documents)
    given = [
        {"id": f"d{n}", "model": model, "answer": rows[: 20 - 5 * n]}
        for n in range(2)
        for model in ("x-run1", "x-run2")
    ]
    pack(folder / "longlist_answers.jsonl.gz", given)
    return folder


def test_sets_are_imported_graded_and_decided(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["--data", str(data), "--write", str(out), "--samples", "200", "--orders", "5"]
    assert main(words) in (0, 1)
    printed = capsys.readouterr().out
    assert "mails: 4 models on 240 texts" in printed
    assert "broken: no answer could be read as a label" in printed
    assert "longlist: 1 systems on 2 documents" in printed
    assert "run 2: 35 rows found, 35 exact" in printed
    decision = api.decide_logs(
        api.DecideOptions(logs=out / "mails" / "imported.jsonl", policy=out / "mails" / "policy.yaml")
    )
    kinds = {finding.target: finding.kind for finding in decision.findings}
    assert (kinds["good"], kinds["poor"]) == ("keep", "reject")
    assert next(one for one in decision.findings if one.target == "broken").undecided


def test_a_folder_without_sets_is_a_missing_prerequisite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 3
    assert main(["--data", str(tmp_path / "nowhere")]) == 3
    assert "hint:" in capsys.readouterr().err
