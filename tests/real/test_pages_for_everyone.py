"""Pages by axe-core in a real browser: nothing serious for who uses a keyboard, a screen reader or low contrast."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from milo_bench.report.package import APPENDIX, write_package
from tests.report.operator_samples import write_sample_board, write_sample_package
from tests.report.sample_decision import sample_decision

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SERIOUS = ("serious", "critical")
AXE = "axe.run(document, {resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("axe")
    write_package(sample_decision(), folder / "usual")
    (folder / "operator").mkdir()
    write_sample_package(folder / "operator")
    write_sample_board(folder / "board")
    found = [folder / "usual" / "index.html", folder / "operator" / "package" / "index.html"]
    found += [folder / "usual" / "appendix" / f"{name}.html" for name in APPENDIX]
    found += [folder / "board" / "index.html", folder / "board" / "episodes" / "ep-00001.html"]
    return {str(path.relative_to(folder)): path for path in found}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, pages: dict[str, Path], width: int, scheme: Literal["light", "dark"]
) -> None:
    # Pages forbid scripts. This one comes from the test and not from the page.
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    problems = []
    for name, path in pages.items():
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate(axe)
        for one in page.evaluate(AXE)["violations"]:
            if one["impact"] in SERIOUS:
                problems.append(f"{name}: {one['id']} on {len(one['nodes'])}, e.g. {one['nodes'][0]['html'][:120]}")
        page.close()
    context.close()
    assert not problems, "\n".join(problems)
