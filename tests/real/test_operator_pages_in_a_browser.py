"""Pages on operator work as a browser lays them out: within the screen, by day and by night, asking for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.report.operator_samples import write_sample_board, write_sample_package

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    write_sample_board(folder)
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("both")
    write_sample_package(folder)
    return folder / "package"


@pytest.mark.parametrize("width", [1280, 390], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_board_fits_the_screen_asks_for_nothing_else_and_follows_the_colour_scheme(
    browser: Browser, board: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text))
    for name in ("index.html", "episodes/ep-00001.html"):
        asked.clear()
        page.goto((board / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 251, 249)"
        assert light == (scheme == "light")
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert problems == []
    page.context.close()


@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desk"])
@pytest.mark.parametrize("name", ["index.html", "appendix/operator.html"], ids=["page one", "operator page"])
def test_a_package_with_operator_work_fits_the_screen_and_asks_nothing_of_the_network(
    browser: Browser, package: Path, width: int, name: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((package / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith(package.as_uri())] == []
    page.close()
