"""Databases of the gateway and the board are extras: what needs one says how to get it, the main job needs none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.patience import WAIT_S

LOGS = Path(__file__).parents[1] / "data" / "logs-0.1.0"
_WITHOUT = """
import contextlib, io, json, sys
for name in ("sqlalchemy", "alembic", "duckdb"):
    sys.modules[name] = None
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
done = []
for words in json.load(sys.stdin):
    sys.argv = ["milo-bench", *words]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = run_command(milo_bench, "milo-bench")
    done.append([code, said.getvalue()])
json.dump(done, sys.__stdout__)
"""


def without(folder: Path, *commands: list[str]) -> list[tuple[int, str]]:
    """Exit code and standard error of each command, where no database package is installed."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        cwd=folder,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    return [(code, said) for code, said in json.loads(done.stdout)]


def test_what_needs_the_state_database_names_the_extra(tmp_path: Path) -> None:
    commands = (
        ["serve", "--routing", "routing.yaml"],
        ["keys", "list"],
        ["queue", "list"],
        ["incidents", "list"],
        ["people", "list"],
        ["board", "."],
    )
    for words, (code, said) in zip(commands, without(tmp_path, *map(list, commands)), strict=True):
        assert code == 3, (words, said)
        assert "milo-bench[gateway]" in said and "milo-bench[board]" in said and "Traceback" not in said, (words, said)


def test_measured_work_is_decided_shown_and_verified_without_a_database(tmp_path: Path) -> None:
    log = str(LOGS / "run-cut.jsonl")
    done = without(
        tmp_path,
        ["score", log],
        ["decide", log, "--out", "decision.json"],
        ["report", "decision.json", "--out", "package"],
        ["verify", "package"],
    )
    assert [code for code, _ in done] == [0, 0, 0, 0], done
    assert "<svg" in (tmp_path / "package" / "index.html").read_text(encoding="utf-8")
