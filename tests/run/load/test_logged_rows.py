"""A load window keeps a line for each request, and every figure is worked out again from those lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.core.errors import DataError
from milo_bench.evidence.load_rows import checked_windows
from milo_bench.stats.load.derived import derived_figures
from milo_bench.store.log.reader import read_run_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One real load run on a scripted server, with failures in it."""
    folder = tmp_path_factory.mktemp("load")
    script = {
        "reply": {"text": "one two three", "first_token_s": 0.01, "gap_s": 0.003},
        "rules": [{"when": {"every": 7}, "fault": {"kind": "status", "status": 500}}],
    }
    (folder / "script.json").write_text(json.dumps(script))
    (folder / "bench.yaml").write_text(f"targets: {{local: {{api: fake, script: {folder / 'script.json'}}}}}\n")
    options = api.LoadOptions(
        "demo_v1", "local", 1.0, concurrency=(4,), out=folder / "load.jsonl", config=folder / "bench.yaml",
        service_level=api.ServiceLevel(ttft_s=0.5),
    )  # fmt: skip
    return api.load_target(options, {}).path


def test_figures_follow_from_the_rows_of_the_log(log: Path) -> None:
    read = read_run_log(log)
    [window], [rows] = read.load_windows, read.load_rows
    assert window.rows is not None
    assert window.rows.count == len(rows) > 20
    assert derived_figures(window, rows) == window.figures
    assert {row.failure for row in rows} >= {"", "server_error"}
    assert checked_windows(read) == (window,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: {**line, "figures": {**line["figures"], "requests_per_s": 999.0}}, "'requests_per_s'"),
        (lambda line: {**line, "figures": {**line["figures"], "answered": 1}}, "'answered'"),
    ],
)
def test_a_figure_that_its_rows_do_not_give_is_named(log: Path, tmp_path: Path, change: Any, said: str) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    changed = [change(line) if line["type"] == "load" else line for line in lines if line["type"] != "seal"]
    copy = tmp_path / "changed.jsonl"
    copy.write_text("".join(json.dumps(line) + "\n" for line in changed))
    with pytest.raises(DataError, match=said):
        checked_windows(read_run_log(copy, check_seals=False))


def test_a_row_that_is_missing_is_an_error(log: Path, tmp_path: Path) -> None:
    lines = [line for line in log.read_text().splitlines() if '"type":"seal"' not in line]
    place = next(n for n, line in enumerate(lines) if '"type":"load_row"' in line)
    copy = tmp_path / "cut.jsonl"
    copy.write_text("\n".join(lines[:place] + lines[place + 1 :]) + "\n")
    with pytest.raises(DataError, match="rows come before it"):
        read_run_log(copy, check_seals=False)
