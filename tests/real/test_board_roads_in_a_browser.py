"""Roads over the board: three keys to a fixture, pages on a phone and on paper, texts that attack the page."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milo_bench.store.state.asked import write_asked
from milo_bench.store.state.database import open_state
from milo_bench.store.state.queue import QueuedWork, add_work, new_id
from milo_bench.store.state.samples import add_samples
from milo_bench.suites.load import load_suite
from tests.board.conftest import folder  # noqa: F401  a fixture
from tests.board.hostile import every_address, hostile_folder, hostile_incident, hostile_queue, hostile_samples
from tests.board.test_fixtures import SAMPLE, suite  # noqa: F401  fixtures
from tests.real.test_board_in_a_browser import draw, running, signed_in, twin, wait_until_read

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Twins:
    """The JSON twins of a board in a browser, for ``every_address``."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def data(self, path: str) -> dict[str, Any]:
        return twin(self._page, path)


def test_an_attempt_a_live_sample_and_queued_work_become_fixtures_in_three_keys(
    browser: Browser,
    folder: Path,  # noqa: F811
    suite: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    state = tmp_path / "state.db"
    request = write_asked("chat", {"messages": [{"role": "user", "content": "I am Maria Lopez. Where is it?"}]}, None)
    work = QueuedWork(new_id(), "waiting", "", time.time(), "queue", "", "r", "assist", "why", "k", request, "")
    add_work(open_state(str(state)), work)
    add_samples(open_state(str(state)), (SAMPLE,), most=10)
    with running(folder, state, "--suite", str(suite)) as base, signed_in(browser, base) as (page, wrong):
        wait_until_read(page)
        attempt = twin(page, "/failures?workload=extraction&outcome=all")["rows"][0]["address"]
        for place in (attempt, f"/gateway/samples/{SAMPLE.request}", f"/gateway/queue/{work.id}"):
            page.goto(base + place)
            page.keyboard.press("f")
            page.wait_for_selector("#expect")
            page.keyboard.press("e")
            page.keyboard.insert_text(json.dumps({"label": place}))
            page.keyboard.press("Control+Enter")
            page.wait_for_url(base + place)
            assert "made it the fixture" in page.inner_text("main") or place.startswith("/gateway/queue")
        assert wrong == []
    made = load_suite(str(suite)).fixtures[1:]
    assert [one.expect["label"] for one in made] == [
        attempt,
        f"/gateway/samples/{SAMPLE.request}",
        f"/gateway/queue/{work.id}",
    ]
    assert all("redacted" in one.tags and one.group and one.provenance["board"]["added_by"] == "ann" for one in made)
    assert "Maria" not in json.dumps([one.input for one in made])


def test_no_text_runs_on_any_page_or_breaks_it_on_a_phone_and_on_paper(browser: Browser, tmp_path: Path) -> None:
    runs, state = tmp_path / "runs", tmp_path / "state.db"
    runs.mkdir()
    hostile_folder(runs)
    for fill in (hostile_queue, hostile_samples, hostile_incident):
        fill(state)
    with running(runs, state) as base:
        with signed_in(browser, base) as (page, _):
            wait_until_read(page)
            draw(page, base, 2)
            routes = [(route, path) for route, path in every_address(Twins(page)) if not route.changes]
        files = ("/page", "/appendix/{name}", "/{name}", "/pictures/{k:place}", "/events")
        pages = [path for route, path in routes if not route.path.endswith(files)]
        with signed_in(browser, base, width=390) as (page, wrong):
            page.on("dialog", lambda dialog: wrong.append(dialog.message))
            for path in [*pages, "/compare?run=none", "/failures?q=none&outcome=all", "/nowhere", "/login"]:
                answer = page.goto(base + path)
                assert answer is not None and answer.status < 500, path
                assert page.locator("h1").count() == 1, path
                assert page.locator("xss-probe, [xss-attr]").count() == 0, path
                wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                assert wide[0] <= wide[1], (path, wide)
                page.emulate_media(media="print")
                shown = page.evaluate(
                    "[...document.querySelectorAll('main button, .keys')].some(e => e.checkVisibility())"
                )
                assert not shown, path
                hidden = page.evaluate("[...document.querySelectorAll('.finding p')].some(e => !e.checkVisibility())")
                assert not hidden, path
                page.emulate_media(media="screen")
            assert [one for one in wrong if "404" not in one and "40" not in one] == []
