"""The board as people use it: every page in a browser, twenty reviews by keys, a live run, a board that is killed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from milo_bench.core.records import Attempt, RunEnd
from milo_bench.report.package import write_package
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.store.state.database import open_state
from milo_bench.store.state.queue import QueuedWork, add_work, new_id
from milo_bench.store.state.review import list_batches, read_records
from tests.patience import WAIT_S
from tests.report.sample_decision import sample_decision

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DATA = Path(__file__).parents[1] / "data" / "logs-0.1.0"
TOKEN = "the-token-of-the-test"
QUESTIONS = 4
REVIEWS = 20


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(folder: Path, state: Path, port: int, *more: str) -> subprocess.Popen[str]:
    """A board in a process of its own, once it listens."""
    command = [sys.executable, "-m", "milo_bench.cli.main", "board", str(folder), "--port", str(port), *more]
    env = {**os.environ, "MILO_BENCH_BOARD_TOKEN": TOKEN}
    process = subprocess.Popen(
        [*command, "--state", str(state), "--as", "ann"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=env,
    )  # fmt: skip
    assert process.stdout is not None
    assert TOKEN in process.stdout.readline()
    return process


@contextmanager
def running(folder: Path, state: Path, *more: str) -> Iterator[str]:
    port = free_port()
    process = start(folder, state, port, *more)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def signed_in(
    browser: Browser, base: str, *, width: int = 1280, dark: bool = False
) -> Iterator[tuple[Page, list[str]]]:
    """A page with a session, and what it asked elsewhere or complained of."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda request: None if request.url.startswith((base, "data:")) else wrong.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{base}/?token={TOKEN}")
    try:
        yield page, wrong
    finally:
        context.close()


def twin(page: Page, path: str) -> dict[str, Any]:
    at, _, query = path.partition("?")
    base = "/".join(page.url.split("/")[:3])
    found: dict[str, Any] = page.request.get(f"{base}{at}.json?{query}").json()
    return found


def wait_until_read(page: Page) -> None:
    end = time.monotonic() + WAIT_S
    while any(run["state"] == "being read" for run in twin(page, "/runs")["runs"]):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("board") / "runs"
    made.mkdir()
    for name in ("run.jsonl", "operator.jsonl", "load.jsonl"):
        shutil.copy(DATA / name, made / name)
    write_package(sample_decision(), made / "package")
    return made


def draw(page: Page, base: str, count: int) -> str:
    """A new batch by the form; its id."""
    page.goto(f"{base}/review")
    page.fill("input[name=title]", "A batch")
    page.fill("input[name=count]", str(count))
    page.click("text=Draw the sample")
    page.wait_for_selector("#judge .q.at")  # its script listens for keys
    return page.url.split("/")[4]


def every_page(page: Page, base: str, folder: Path) -> list[str]:
    runs = {run["name"]: run["id"] for run in twin(page, "/runs")["runs"]}
    rows = twin(page, f"/failures?run={runs['run.jsonl']}&outcome=all")["rows"]
    work = twin(page, "/gateway")["work"][0]["id"]
    package = twin(page, "/decisions")["packages"][0]["id"]
    batch = twin(page, "/review")["batches"][0]["id"]
    return [
        "/runs", f"/runs/{runs['run.jsonl']}", f"/runs/{runs['operator.jsonl']}", f"/runs/{runs['load.jsonl']}",
        f"/runs/{runs['operator.jsonl']}/episodes/0", "/failures", f"/failures?run={runs['run.jsonl']}&q=zzz",
        rows[0]["address"], rows[-1]["address"], f"/compare?run={runs['run.jsonl']}", "/review", f"/review/{batch}",
        f"/review/{batch}/next", "/decisions", f"/decisions/{package}", "/gateway", f"/gateway/queue/{work}",
        f"/fixtures/new?run={rows[0]['run']}&n={rows[0]['n']}",
    ]  # fmt: skip


def test_every_page_reads_at_both_widths_by_day_and_night_and_to_a_screen_reader(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state.db"
    request = '{"door":"chat","body":{"messages":[{"role":"user","content":"<b>Where</b> is it?"}]}}'
    work = QueuedWork(
        new_id(), "waiting", "", time.time(), "drafting", "", "r", "assist", "a person accepts every draft", "k",
        request, "A draft.",
    )  # fmt: skip
    add_work(open_state(str(state)), work)
    with running(folder, state) as base:
        with signed_in(browser, base) as (page, _):
            wait_until_read(page)
            draw(page, base, 2)
        for width, dark in ((1280, False), (390, True)):
            with signed_in(browser, base, width=width, dark=dark) as (page, wrong):
                for path in every_page(page, base, folder):
                    page.goto(base + path)
                    inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                    assert inner[0] <= inner[1], (path, inner)
                    found = Axe().run(page).response["violations"]
                    grave = [
                        (one["id"], node["html"][:200])
                        for one in found
                        if one["impact"] in ("serious", "critical")
                        for node in one["nodes"]
                    ]
                    assert grave == [], (path, width)
                    assert page.locator("h1").count() == 1, path
                assert wrong == [], width


def test_rows_open_by_keys_and_the_sheet_names_them(browser: Browser, folder: Path, tmp_path: Path) -> None:
    with running(folder, tmp_path / "state.db") as base, signed_in(browser, base) as (page, wrong):
        wait_until_read(page)
        page.goto(f"{base}/failures?outcome=all")
        page.keyboard.press("j")
        page.keyboard.press("j")
        focused = page.evaluate("document.activeElement.textContent")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-answer]")
        assert focused in page.inner_text("h1")
        first = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url: url != first)
        page.keyboard.press("?")
        assert page.locator("#sheet").is_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press("v")
        page.wait_for_url("**/review")
        assert wrong == []


def test_twenty_answers_are_scored_by_keys_alone(browser: Browser, folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with running(folder, state) as base, signed_in(browser, base) as (page, wrong):
        wait_until_read(page)
        batch = draw(page, base, 30)
        assert twin(page, f"/review/{batch}")["batch"]["answers"] >= REVIEWS
        began = time.monotonic()
        for done in range(REVIEWS):
            for question in range(QUESTIONS):
                page.keyboard.press(str(1 + (done + question) % 5))
            page.keyboard.press("Enter")
            page.wait_for_function("n => document.getElementById('judge')?.dataset.number !== String(n)", arg=done + 1)
            page.wait_for_selector("#judge .q.at")
        print(f"{REVIEWS * QUESTIONS} verdicts in {time.monotonic() - began:.1f} s")
        page.wait_for_function(f"() => !JSON.parse(localStorage.getItem('unsent-{batch}') || '[]').length")
        assert twin(page, f"/review/{batch}")["progress"]["done"] == REVIEWS
        number = page.get_attribute("#judge", "data-number")
        page.keyboard.press("u")
        page.wait_for_function("n => document.getElementById('judge')?.dataset.number !== n", arg=number)
        page.wait_for_selector("#judge .q.at")
        assert twin(page, f"/review/{batch}")["progress"]["done"] == REVIEWS - 1
        assert wrong == []
    records = read_records(open_state(str(state)), batch)
    assert [row.act for row in records].count("score") == REVIEWS * QUESTIONS
    assert [row.act for row in records].count("save") == REVIEWS
    assert records[-1].act == "undo"


def test_answers_ahead_that_come_late_do_not_bring_an_answer_back(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    def score(number: int) -> None:
        for key in ("5", "4", "3", "2", "Enter"):
            page.keyboard.press(key)
        page.wait_for_function(f"() => document.getElementById('judge').dataset.number === '{number + 1}'")

    with running(folder, tmp_path / "state.db") as base, signed_in(browser, base) as (page, wrong):
        wait_until_read(page)
        batch = draw(page, base, 30)
        page.evaluate(
            """() => {
                const read = Response.prototype.text;
                window.late = new Promise((done) => { window.release = done; });
                Response.prototype.text = async function () {
                    Response.prototype.text = read;
                    const text = await read.call(this);
                    window.held = true;
                    await window.late;
                    return text;
                };
            }"""
        )
        score(1)
        page.wait_for_function("() => window.held")
        score(2)  # the answers after 2 are still on their way
        page.evaluate("() => window.release()")
        score(3)
        page.wait_for_function(f"() => !JSON.parse(localStorage.getItem('unsent-{batch}') || '[]').length")
        assert twin(page, f"/review/{batch}")["progress"]["done"] == 3
        assert wrong == []


def test_a_run_is_watched_while_it_goes_on(browser: Browser, tmp_path: Path) -> None:
    old = read_run_log(DATA / "run.jsonl")
    attempts: list[Attempt] = list(old.attempts)
    folder = tmp_path / "runs"
    folder.mkdir()
    writer = RunLogWriter.create(folder / "live.jsonl", old.header, list(old.fixtures.values()))

    def append(some: list[Attempt]) -> None:
        for attempt in some:
            writer.append(attempt)
        writer.flush()

    append(attempts[:5])
    with running(folder, tmp_path / "state.db") as base, signed_in(browser, base) as (page, wrong):
        wait_until_read(page)
        page.goto(f"{base}/runs/{old.header.run_id}")
        assert "Live" in page.inner_text("#live")
        assert "5 answered" in page.inner_text("#progress")
        append(attempts[5:12])
        page.wait_for_function("() => document.getElementById('progress').innerText.includes('12 answered')")
        page.keyboard.press("p")
        append(attempts[12:])
        end = RunEnd("2026-11-28T16:00:00+00:00", len(attempts), sum(one.failure is not None for one in attempts), True)
        writer.close(end)
        page.wait_for_function("() => !document.getElementById('live')")
        assert "12 answered" in page.inner_text("#progress")  # it was held still
        page.reload()
        assert f"{len(attempts)} answered" in page.inner_text("#progress")
        assert wrong == []


def test_the_list_of_runs_shows_a_run_that_begins_and_grows_without_a_reload(browser: Browser, tmp_path: Path) -> None:
    old = read_run_log(DATA / "run.jsonl")
    folder = tmp_path / "runs"
    folder.mkdir()
    with running(folder, tmp_path / "state.db") as base, signed_in(browser, base) as (page, wrong):
        page.goto(f"{base}/runs")
        assert "No runs yet" in page.inner_text("#main")
        writer = RunLogWriter.create(folder / "live.jsonl", old.header, list(old.fixtures.values()))
        for attempt in list(old.attempts)[:5]:
            writer.append(attempt)
        writer.flush()
        page.wait_for_selector("#list")
        page.wait_for_function("() => document.querySelector('#list [data-row]').innerText.includes('live')")
        page.keyboard.press("j")
        page.check("#list input[type=checkbox]")
        page.focus("#list a")
        for attempt in list(old.attempts)[5:12]:
            writer.append(attempt)
        writer.flush()
        page.wait_for_function("() => /\\b12\\b/.test(document.querySelector('#list [data-row]').innerText)")
        assert page.is_checked("#list input[type=checkbox]")
        assert page.evaluate("() => document.activeElement.closest('[data-row]') !== null")
        writer.close(RunEnd("2026-11-28T16:00:00+00:00", 12, 0, False))
        page.wait_for_function("() => !document.querySelector('[data-again]')")
        assert wrong == []


def test_a_board_that_is_killed_in_a_review_loses_nothing(browser: Browser, folder: Path, tmp_path: Path) -> None:
    state, port = tmp_path / "state.db", free_port()
    base = f"http://127.0.0.1:{port}"
    board = start(folder, state, port)
    try:
        with signed_in(browser, base) as (page, _):
            wait_until_read(page)
            batch = draw(page, base, 30)
            for key in ("5", "4", "3", "2", "Enter"):
                page.keyboard.press(key)
            page.wait_for_function(f"() => !JSON.parse(localStorage.getItem('unsent-{batch}') || '[]').length")
            page.keyboard.press("1")
            board.kill()
            board.wait()
            for key in ("2", "3", "4", "Enter"):  # the next answer lies in the page already
                page.keyboard.press(key)
            page.wait_for_function("() => document.querySelector('[data-told]').textContent.includes('not sent yet')")
            board = start(folder, state, port)
            page.wait_for_function(f"() => !JSON.parse(localStorage.getItem('unsent-{batch}') || '[]').length")
            assert "Everything is saved" in page.inner_text("[data-told]")
            assert twin(page, f"/review/{batch}")["progress"]["done"] == 2
    finally:
        board.kill()
        board.wait()
    engine = open_state(str(state))
    (drawn,) = list_batches(engine)
    scores = [row.score for row in read_records(engine, drawn.id) if row.act == "score"]
    assert scores == [5, 4, 3, 2, 1, 2, 3, 4]
