"""``milo-bench load --grade``: quality under load beside quality alone."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from milo_bench.api.loading import load_target
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import UsageError
from milo_bench.evidence.erasing import Forgotten, erase_from_log
from milo_bench.evidence.load_rows import checked_windows
from milo_bench.report.terminal.load import quality_text
from milo_bench.run.load.options import LoadOptions
from milo_bench.run.load.session import LoadReport
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites.starter_suite import starter_files


class _Answers(BaseHTTPRequestHandler):
    """Names the order in a message; beside another request it names none, where ``suffers`` is set."""

    protocol_version = "HTTP/1.1"
    suffers = True
    busy = 0
    lock = threading.Lock()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        kind = type(self)
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with kind.lock:
            kind.busy += 1
            beside = kind.busy > 1
        time.sleep(0.01)
        found = re.search(r"B-\d{5}", asked["messages"][-1]["content"])
        order = None if found is None or (beside and kind.suffers) else found[0]
        chunk = {"choices": [{"delta": {"content": json.dumps({"order": order})}, "finish_reason": "stop"}]}
        with kind.lock:
            kind.busy -= 1
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        with suppress(ConnectionError):  # the window's end cuts what is still on its way
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\ndata: [DONE]\n\n")


@pytest.fixture(params=[True, False], ids=["suffers", "does not suffer"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, bool]]:
    handler = type("Answers", (_Answers,), {"suffers": request.param, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}/v1", request.param
        served.shutdown()


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name, text in starter_files("shop", folder).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def graded(suite: Path, url: str, out: Path, config: str = "{}", **wanted: object) -> LoadReport:
    (out.parent / "bench.yaml").write_text(config)
    given: dict[str, object] = {
        "suite": str(suite),
        "model": "m",
        "duration_s": 1.0,
        "workloads": ("order_number",),
        "concurrency": (1, 4),
        "grade": True,
        "out": out,
        "config": out.parent / "bench.yaml",
        "targets": {"m": TargetConfig(name="m", api="openai", model="m", base_url=url)},
        **wanted,
    }
    return load_target(LoadOptions(**given), {})  # type: ignore[arg-type]


def test_answers_that_change_with_the_load_are_told_and_those_that_do_not_are_not(
    suite: Path, server: tuple[str, bool], tmp_path: Path
) -> None:
    url, suffers = server
    report = graded(suite, url, tmp_path / "l.jsonl")
    alone, one, four = report.windows
    assert (alone.mode, alone.figures.graded, alone.figures.passed) == ("single", 24, 24)
    assert one.figures.quality is not None and not one.figures.quality.beyond_chance
    quality = four.figures.quality
    assert quality is not None
    assert quality.beyond_chance == suffers
    assert ("Answers are worse under load" in quality_text(quality)) == suffers
    # What is read back from the log is worked out again, the comparison too.
    assert checked_windows(read_run_log(report.path)) == report.windows


def test_answers_are_in_the_log_and_can_be_erased_and_the_seals_hold(
    suite: Path, server: tuple[str, bool], tmp_path: Path
) -> None:
    report = graded(suite, server[0], tmp_path / "l.jsonl", concurrency=(1,))
    rows = [row for window in read_run_log(report.path).load_rows for row in window]
    assert all(row.output.startswith('{"order": "B-') for row in rows if not row.failure)
    chosen = rows[0].fixture
    done = erase_from_log(report.path, Forgotten(frozenset({chosen})), at="2026-01-01T00:00:00Z")
    assert done.lines == sum(row.fixture == chosen and not row.failure for row in rows) + 1  # its case is a line too
    log = read_run_log(report.path)
    assert log.has_erased
    for row in (row for window in log.load_rows for row in window):
        if not row.failure:
            assert (row.output == "", bool(row.erased)) == (row.fixture == chosen, row.fixture == chosen)
    assert checked_windows(log) == report.windows  # verdicts outlive the answers


def test_a_log_without_texts_has_verdicts_and_no_answer(suite: Path, server: tuple[str, bool], tmp_path: Path) -> None:
    report = graded(suite, server[0], tmp_path / "l.jsonl", "privacy: {store_text: hashes}\n", concurrency=(1,))
    rows = [row for window in read_run_log(report.path).load_rows for row in window]
    assert {row.output for row in rows} == {""}
    assert {row.outcome for row in rows if not row.failure} == {"passed"}


def test_checks_of_the_suites_own_are_refused_before_anything_is_sent(suite: Path, tmp_path: Path) -> None:
    text = (suite / "suite.yaml").read_text()
    text = text.replace("# own_checks: checks.py", "own_checks: checks.py").replace("# - not_rude", "- not_rude")
    (suite / "suite.yaml").write_text(text)
    with pytest.raises(UsageError, match="own checks"):
        graded(suite, "http://127.0.0.1:9/v1", tmp_path / "l.jsonl", workloads=("queue",))
    assert not (tmp_path / "l.jsonl").exists()
