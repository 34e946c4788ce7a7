"""Answers of a run log in, the same answers in promptfoo's database out, and what its viewer takes to show them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.board.viewer import NoFigures, Page, Seen, free_port, looked_at, started
from milo_bench.store.log.reader import read_run_log

_EVAL = "eval-benchmark"
_IMPORT_S = 900.0


def promptfoo_seen(log: Path, folder: Path) -> Seen:
    """Raises NoFigures with why there are none. The program is ``promptfoo`` on the PATH, or that of ``PROMPTFOO``."""
    program = os.environ.get("PROMPTFOO") or shutil.which("promptfoo")
    if not program:
        raise NoFigures("not installed (npm install promptfoo, then PROMPTFOO=node_modules/.bin/promptfoo)")
    program = str(Path(program).resolve())
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ,
        "PROMPTFOO_CONFIG_DIR": str(folder / "state"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
    }
    target = _write_export(log, folder / "export.json")
    done = subprocess.run(
        [program, "import", "export.json"], cwd=folder, env=env, capture_output=True, text=True, check=False,
        timeout=_IMPORT_S,
    )  # fmt: skip
    if done.returncode:
        raise NoFigures(f"its import failed: {(done.stderr or done.stdout).strip()[-160:]}")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with started([program, "view", "--port", str(port), "--no"], address, env, folder) as (pid, start_s):
        first = Page(f"/eval/{_EVAL}", target)
        return looked_at(pid, start_s, address, first, Page(f"/eval/{_EVAL}?filterMode=failures", target))


def _write_export(path: Path, place: Path) -> str:
    """An export of promptfoo with one row for each fixture and repeat, one column for each target; a target's name."""
    log = read_run_log(path)
    targets = list(log.header.plan.targets)
    rows: dict[tuple[str, int], int] = {}
    results: list[dict[str, Any]] = []
    for attempt in log.attempts:
        key = attempt.key
        passed = attempt.failure is None and str(log.fixtures[key.fixture].expect.get("label")) in attempt.output
        results.append(
            {
                "promptIdx": targets.index(key.target),
                "testIdx": rows.setdefault((key.fixture, key.repeat), len(rows)),
                "testCase": {"vars": {"note": str(log.fixtures[key.fixture].input)}, "assert": []},
                "promptId": key.target,
                "provider": {"id": key.target, "label": key.target},
                "prompt": {"raw": "{{note}}", "label": "note"},
                "vars": {"note": str(log.fixtures[key.fixture].input)},
                "response": {"output": attempt.output},
                "success": passed,
                "score": float(passed),
                "latencyMs": round(attempt.timings.latency_s * 1000),
                "failureReason": 0 if passed else 1,
                "gradingResult": {"pass": passed, "score": float(passed), "reason": "label", "componentResults": []},
                "namedScores": {},
                "cost": 0,
                "metadata": {},
            }
        )
    prompts = [
        {"raw": "{{note}}", "label": "note", "id": name, "provider": name, "metrics": _metrics(results, number)}
        for number, name in enumerate(targets)
    ]
    stats = {"successes": sum(one["success"] for one in results), "failures": 0, "errors": 0, "tokenUsage": {}}
    document = {
        "evalId": _EVAL,
        "results": {
            "version": 3, "timestamp": "2026-01-01T00:00:00.000Z", "prompts": prompts, "results": results,
            "stats": stats,
        },
        "config": {"description": "benchmark", "prompts": ["{{note}}"], "providers": targets, "tests": []},
        "shareableUrl": None,
        "metadata": {"evaluationCreatedAt": "2026-01-01T00:00:00.000Z"},
    }  # fmt: skip
    place.write_text(json.dumps(document))
    return targets[0]


def _metrics(results: list[dict[str, Any]], number: int) -> dict[str, Any]:
    mine = [one for one in results if one["promptIdx"] == number]
    passed = sum(one["success"] for one in mine)
    return {
        "score": passed, "testPassCount": passed, "testFailCount": len(mine) - passed, "testErrorCount": 0,
        "assertPassCount": passed, "assertFailCount": len(mine) - passed, "totalLatencyMs": 1, "cost": 0,
        "tokenUsage": {}, "namedScores": {}, "namedScoresCount": {},
    }  # fmt: skip
