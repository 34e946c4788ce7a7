"""A package of a run that kept hashes contains no text of fixtures or answers, in no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from milo_bench import api
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.verdicts import VerdictHeader, verdicts_path, write_verdicts


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


def _pieces(text: str) -> set[str]:
    """Runs of five words: long enough that no page has one by chance."""
    words = re.findall(r"\S+", text)
    return {" ".join(words[start : start + 5]) for start in range(0, max(0, len(words) - 4), 5)}


def test_a_package_of_a_hashed_run_contains_no_text(make_log: Callable[..., Path], tmp_path: Path) -> None:
    full, hashed = make_log(limit=30), make_log("hashed.jsonl", limit=30, store_text="hashes")
    log = read_run_log(full)
    write_verdicts(verdicts_path(hashed), VerdictHeader("", "0"), [row.graded for row in api.grade_logs([full])])
    secret: set[str] = set()
    for fixture in log.fixtures.values():
        for text in _texts(fixture.input):
            secret |= _pieces(text)
    for attempt in log.attempts:
        secret |= _pieces(attempt.output)
    # A prompt is the suite's own text, and the package shows it.
    shown = " ".join(" ".join(workload.prompt_source.split()) for workload in log.header.workloads)
    secret = {piece for piece in secret if piece not in shown}
    assert len(secret) > 500

    def found(of: Path, name: str) -> set[str]:
        decision = api.decide_logs(api.DecideOptions((of,)), created_at="2026-01-06T00:00:00Z")
        api.write_decision(tmp_path / name / "decision.json", decision)
        written = api.report_decision(tmp_path / name / "decision.json", tmp_path / name / "package")
        text = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in written)
        return {piece for piece in secret if piece in text}

    assert found(full, "full"), "the search would find texts where they are kept"
    assert found(hashed, "hashed") == set()
