"""A million recorded attempts in; what the board takes to start, page, filter and search, and its memory, out.

The log is synthetic: 1,000 notes of claims_v1, four made-up targets, answers of 30 to 60 drawn words. The board is the
program itself, asked over HTTP as a browser asks it. Each figure is the middle of several. Beside it, the viewers of
Inspect and promptfoo on 20,000 answers in a browser, where they are installed. The aims are printed beside what was
found. Exit code 1 where one is missed.

    python -m benchmarks.board [--attempts 1000000] [--keep FOLDER] [--without-peers] [--peers-alone]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec
import psutil

from benchmarks.board.inspect_viewer import inspect_seen
from benchmarks.board.promptfoo_viewer import promptfoo_seen
from benchmarks.board.viewer import NoFigures, Page, looked_at
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Plan,
    RunEnd,
    RunHeader,
    TargetRecord,
    Timings,
    Usage,
)
from milo_bench.suites import load_suite

TOKEN = "benchmark"
RUN = "benchmark-board"
ROUNDS = 5
START_S, PAGE_MS, FILTER_MS, SEARCH_MS, MEMORY_MIB = 3.0, 100.0, 300.0, 1000.0, 250.0
PEER_ATTEMPTS = 20_000
LABELS = ("routine", "watch", "escalate")
TARGETS = (("local_a", 0.91, 0.9), ("local_b", 0.93, 1.8), ("local_c", 0.88, 0.5), ("local_d", 0.94, 0.7))
FILTERS = (
    "workload=escalation", "target=local_b", "check=label", "cause=no_answer:total_timeout", "tag={tag}",
    "fixture={fixture}", "outcome=pass", "decoding=free", "repeat=3", "words_from=40&words_to=45",
)  # fmt: skip
WORDS = " ".join(
    (
        "the claimant reported damage to roof after storm and asked for an early visit since rain comes in kitchen",
        "ceiling adjuster noted photographs invoice repair policy number deductible neighbour tree",
        "amount paid letter dated received missing signature second notice urgent routine watch escalate because",
    )
).split()


@dataclass
class Found:
    """Figures with their aims, as they are printed: each with the processor time that the board took for it."""

    rows: list[tuple[str, str, str, str, bool]] = field(default_factory=list)

    def add(self, what: str, value: float, aim: float, unit: str, cpu_ms: float | None = None) -> None:
        shown = f"{value:,.0f} {unit}" if unit != "s" else f"{value:.2f} s"
        cpu = "" if cpu_ms is None else f"{cpu_ms:,.0f} ms"
        self.rows.append((what, shown, cpu, f"{aim:g} {unit}", value <= aim))

    def print(self) -> None:
        print(f"{'':<44} {'':>12} {'processor':>12}")
        for what, value, cpu, aim, held in self.rows:
            print(f"{what:<44} {value:>12} {cpu:>12}   at most {aim:<9} {'met' if held else 'MISSED'}")
        print(f"load of the machine in that minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def write_log(path: Path, attempts: int) -> int:
    """Write a log of about ``attempts`` attempts; how many. Seeded, so always the same."""
    suite = load_suite("claims_v1")
    notes = [fixture for fixture in suite.fixtures if fixture.workload == "escalation"]
    if attempts < len(notes) * len(TARGETS):
        notes = notes[: max(1, attempts // len(TARGETS))]
    repeats = max(1, attempts // (len(notes) * len(TARGETS)))
    encode = msgspec.json.Encoder().encode
    plan = Plan(tuple(note.id for note in notes), tuple(name for name, *_ in TARGETS), repeats=repeats)
    header = RunHeader(
        run_id=RUN, created_at="2026-01-01T00:00:00Z", tool_version="0", suite=suite.ref,
        workloads=(suite.workloads["escalation"],),
        targets=tuple(TargetRecord(name, "openai", name) for name, *_ in TARGETS), plan=plan,
    )  # fmt: skip
    draw = random.Random(1)
    count = failures = 0
    with path.open("wb") as file:
        for record in (header, *notes):
            file.write(encode(record) + b"\n")
        for repeat in range(repeats):
            for note in notes:
                for name, right, median_s in TARGETS:
                    attempt = _attempt(note, name, repeat, right, median_s, draw)
                    failures += attempt.failure is not None
                    count += 1
                    file.write(encode(attempt) + b"\n")
        file.write(encode(RunEnd("2026-01-02T00:00:00Z", count, failures, True)) + b"\n")
    return count


def _attempt(note: Fixture, target: str, repeat: int, right: float, median_s: float, draw: random.Random) -> Attempt:
    key = AttemptKey(note.id, target, repeat)
    start_s = float(repeat)
    if draw.random() < 0.01:
        failure = Failure("total_timeout", "no answer in time")
        return Attempt(key, "benchmark", Timings(start_s, start_s, start_s + 30), failure=failure)
    label = note.expect["label"] if draw.random() < right else draw.choice(LABELS)
    reason = " ".join(draw.choices(WORDS, k=draw.randint(30, 60))) + f" case {draw.randrange(10**9)}"
    latency_s = median_s * (0.5 + draw.random())
    timings = Timings(start_s, start_s, start_s + latency_s, first_content_s=start_s + latency_s / 3)
    output = json.dumps({"label": label, "reason": reason})
    return Attempt(key, "benchmark", timings, output=output, finish_reason="stop", usage=Usage(180, 60))


class AskedBoard:
    """A board of its own process, and what a browser would ask it."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    def ask(self, path: str) -> tuple[float, bytes]:
        """Milliseconds until the whole answer is here, and the answer."""
        request = urllib.request.Request(self.address + path, headers={"Authorization": f"Bearer {TOKEN}"})
        began = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            body: bytes = answer.read()
        return (time.perf_counter() - began) * 1000, body

    def middle_ms(self, *paths: str) -> tuple[float, float]:
        """Milliseconds of each of ``paths``, or of one ROUNDS times: wall and processor time, in the middle."""
        found = []
        for path in paths if len(paths) > 1 else paths * ROUNDS:
            before = self.cpu_s()
            found.append((self.ask(path)[0], 1000 * (self.cpu_s() - before)))
        return statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found)

    def cpu_s(self) -> float:
        """Processor time that all threads of the board have used, as the kernel's scheduler counts it."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((one / "schedstat").read_text().split()[0]) for one in tasks.iterdir()) / 1e9

    def memory_mib(self) -> float:
        """Of the board and the processes that it started, now."""
        here = psutil.Process(self.process.pid)
        return sum(one.memory_info().rss for one in (here, *here.children(recursive=True))) / 2**20


@contextmanager
def started_board(folder: Path) -> Iterator[tuple[AskedBoard, float]]:
    """The board, and seconds from its start until the list of runs has come."""
    program = [sys.executable, "-m", "milo_bench.cli.main", "board", str(folder), "--port", "0"]
    program += ["--state", str(folder / "state.db")]
    env = {**os.environ, "MILO_BENCH_BOARD_TOKEN": TOKEN}
    began = time.perf_counter()
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().partition("/?")[0]
            board = AskedBoard(process, address)
            board.ask("/runs")
            yield board, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def index_log(folder: Path) -> float:
    """Seconds until the board has read the log for the first time."""
    with started_board(folder) as (board, _):
        began = time.perf_counter()
        while b"being read" in board.ask("/runs.json")[1]:
            time.sleep(0.5)
        return time.perf_counter() - began


def measure(folder: Path, found: Found) -> None:
    """Start the board on a log that it has read before, and ask what people ask."""
    with started_board(folder) as (board, start_s):
        found.add("start until the list of runs", start_s, START_S, "s", 1000 * board.cpu_s())
        before = board.cpu_s()
        first_ms = board.ask(f"/failures?run={RUN}")[0]
        found.add("first page of failures, asked first", first_ms, PAGE_MS, "ms", 1000 * (board.cpu_s() - before))
        page = json.loads(board.ask(f"/failures.json?run={RUN}&outcome=all")[1])

        def middle(what: str, aim: float, *paths: str) -> None:
            wall, cpu = board.middle_ms(*paths)
            found.add(what, wall, aim, "ms", cpu)

        middle("first page of failures, again", PAGE_MS, f"/failures?run={RUN}")
        after = quote(page["links"]["next"].partition("after=")[2], safe="%")
        middle("next page", PAGE_MS, f"/failures?run={RUN}&outcome=all&after={after}")
        for one in FILTERS:
            narrowed = one.format(
                tag=quote(page["tags"][0]["value"]) if page["tags"] else "x", fixture=page["rows"][0]["fixture"]
            )
            middle(f"filter {one.partition('=')[0]}", FILTER_MS, f"/failures?run={RUN}&{narrowed}")
        for what, texts in searched(board, page["rows"]).items():
            # Another text each time: the board remembers what was searched last.
            paths = [f"/failures?run={RUN}&outcome=all&q={quote(text)}" for text in texts]
            middle(f"search for text that {what}", SEARCH_MS, *paths)
        middle("an attempt with its neighbours", FILTER_MS, page["rows"][9]["address"])
        found.add("memory after all of this", board.memory_mib(), MEMORY_MIB, "MiB")


def searched(board: AskedBoard, rows: list[dict[str, str]]) -> dict[str, list[str]]:
    """Texts that one answer has, that many have, that none has; ROUNDS of each."""
    rare = []
    for row in rows[:ROUNDS]:
        answer = json.loads(board.ask(row["address"] + ".json")[1])["answer"]
        rare.append("".join(piece["text"] for piece in answer).rpartition("case ")[2].strip('"} ') or "0")
    pairs = [f"{WORDS[n]} {WORDS[n + 7]}" for n in range(ROUNDS)]
    return {"one answer has": rare, "many have": pairs, "none has": [f"zebra {n}" for n in range(ROUNDS)]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--peers-alone", action="store_true")
    asked = parser.parse_args()
    found = Found()
    with tempfile.TemporaryDirectory() as scratch:
        if asked.peers_alone:
            peers(Path(scratch))
            return
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "million.jsonl"
        if not log.exists():
            count = write_log(log, asked.attempts)
            print(f"{count:,} attempts written, {log.stat().st_size / 2**20:,.0f} MiB", flush=True)
        print(f"read by the board for the first time in {index_log(folder):,.0f} s (it answers meanwhile)", flush=True)
        measure(folder, found)
        found.print()
        if not asked.without_peers:
            peers(Path(scratch))
    sys.exit(0 if all(held for *_, held in found.rows) else 1)


def peers(folder: Path) -> None:
    """This board and the viewers of Inspect and promptfoo, in a browser, on the same 20,000 answers."""
    mine = folder / "twenty"
    mine.mkdir()
    log = mine / "twenty.jsonl"
    count = write_log(log, PEER_ATTEMPTS)
    index_log(mine)
    print(f"\non {count:,} answers, until a page shows what was asked for", flush=True)
    with started_board(mine) as (board, start_s):
        first = json.loads(board.ask(f"/failures.json?run={RUN}&outcome=all")[1])["rows"][0]["fixture"]
        narrow = json.loads(board.ask(f"/failures.json?run={RUN}&target=local_b")[1])
        seen = looked_at(
            board.process.pid, start_s, board.address, Page(f"/failures?run={RUN}&outcome=all", first),
            Page(f"/failures?run={RUN}&target=local_b", f"{narrow['within_text']} failures"), before=f"/?token={TOKEN}",
        )  # fmt: skip
        print(seen.row("this board"), flush=True)
    for name, look in (("Inspect's viewer", inspect_seen), ("promptfoo's viewer", promptfoo_seen)):
        try:
            note = "   (it filters in the browser)" if name.startswith("Inspect") else ""
            print(look(log, folder / name.partition("'")[0].lower()).row(name, note), flush=True)
        except NoFigures as why:
            print(f"{name:<18} {why}", flush=True)


if __name__ == "__main__":
    main()
