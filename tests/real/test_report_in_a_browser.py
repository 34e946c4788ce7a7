"""The pages as a browser lays them out: offline, on paper, on a desk, on a phone, by day and by night."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pypdf
import pytest

from milo_bench.decide.records import Decision
from milo_bench.report.package import APPENDIX, write_package
from milo_bench.report.pages.page_one import WHOLE_ROWS
from tests.report.sample_decision import sample_decision

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = ("index.html", *(f"appendix/{name}.html" for name in APPENDIX))
A4_MM = (210, 297)


def wide(decision: Decision) -> Decision:
    """As many findings as page one takes, each with the longest sentences that decisions give."""
    one = decision.findings[0]
    sentence = (
        "About ",
        *one.would_change[0][:2],
        " more fixtures for the rate of policy violations, if it stays. ",
    ) * 2
    names = [f"extraction_{letter}" for letter in "abcdef"[: WHOLE_ROWS + 3]]
    rows = tuple(
        msgspec.structs.replace(one, id=f"W-{name}", workload=name, would_change=(sentence,)) for name in names
    )
    choices = tuple(
        msgspec.structs.replace(decision.choices[0], workload=row.workload, finding=row.id, replay="") for row in rows
    )
    titles = {**decision.workload_titles, **dict.fromkeys(names, "Field extraction from inbound documents")}
    verdict = (*decision.verdict, " ", *decision.verdict)
    return msgspec.structs.replace(
        decision,
        findings=rows,
        choices=choices,
        workload_titles=titles,
        verdict=verdict,
        missing=decision.missing * 4,
        replays=(),
    )


def of_long_names(decision: Decision) -> Decision:
    """The same with names of models and work as long as files and other languages have them."""
    text = msgspec.json.encode(decision).decode()
    for name, long in (
        ("local_27b", "qwen3.6_27b_instruct_q4_k_m_with_a_very_long_context_of_131072_tokens"),
        ("local_8b", "Meta-Llama-3.1-8B-Instruct-GGUF-Q4_K_M-imatrix-server-room-2"),
    ):
        text = text.replace(name, long)
    title = "Versicherungsscheinänderungsmitteilungsdatenextraktion der Rechtsschutzversicherungsgesellschaften"
    named = msgspec.json.decode(text, type=Decision)
    return msgspec.structs.replace(named, workload_titles=dict.fromkeys(named.workload_titles, title), title=title)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rendered")
    decision = sample_decision()
    write_package(decision, folder / "usual")
    write_package(wide(decision), folder / "wide")
    write_package(of_long_names(decision), folder / "long")
    return {name: folder / name for name in ("usual", "wide", "long")}


def opened(browser: Browser, folder: Path, name: str, *, width: int, dark: bool = False) -> tuple[Page, list[str]]:
    """The page with scripts switched off, and every request that left its folder."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", java_script_enabled=False
    )
    page = context.new_page()
    left: list[str] = []
    home = folder.as_uri() + "/"
    page.on("request", lambda request: None if request.url.startswith(home) else left.append(request.url))
    page.goto((folder / name).as_uri())
    return page, left


@pytest.mark.parametrize("which", ["usual", "wide", "long"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_ask_for_nothing_outside_their_folder_and_nothing_runs_off_the_side(
    browser: Browser, packages: dict[str, Path], which: str, width: int
) -> None:
    for name in PAGES:
        page, left = opened(browser, packages[which], name, width=width)
        assert left == [], name
        inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert inner[0] <= inner[1], (name, inner)
        page.context.close()


def test_words_can_be_read_by_day_and_by_night(browser: Browser, packages: dict[str, Path]) -> None:
    for dark in (False, True):
        page, _ = opened(browser, packages["usual"], "index.html", width=1280, dark=dark)
        poor = page.evaluate(
            """() => {
              const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
                .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b };
              const paper = light(getComputedStyle(document.body).backgroundColor);
              return [...document.querySelectorAll('main p, main td, main th, main li, main span, main a, main h2')]
                .filter(e => e.textContent.trim()).map(e => {
                  const ink = light(getComputedStyle(e).color);
                  return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), e.className, e.tagName]; })
                .filter(([contrast]) => contrast < 4.5);
            }"""
        )
        assert poor == [], dark
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(paper.split("(")[1].split(",")[0]) < 60) is dark
        page.context.close()


@pytest.mark.parametrize("which", ["usual", "wide", "long"])
def test_page_one_is_one_page_of_a4(browser: Browser, packages: dict[str, Path], which: str) -> None:
    page, _ = opened(browser, packages[which], "index.html", width=1280)
    pdf = pypdf.PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    page.context.close()
    box = pdf.pages[0].mediabox
    assert (round(float(box.width) * 25.4 / 72), round(float(box.height) * 25.4 / 72)) == A4_MM
    # A font may join "fi" into one sign.
    texts = (unicodedata.normalize("NFKC", pdf.pages[number].extract_text()) for number in (0, 1))
    first, second = (" ".join(text.split()) for text in texts)
    assert "Every figure leads to its record." in first  # its foot
    assert second.startswith("Decision table")


SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
BODY_MOST = 8


@pytest.mark.parametrize("name", ["claims", "case_ops"])
def test_a_sample_prints_as_page_one_and_at_most_eight_pages(browser: Browser, name: str) -> None:
    page, _ = opened(browser, SAMPLE / name, "index.html", width=1280)
    pdf = pypdf.PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    page.context.close()
    assert " ".join(pdf.pages[1].extract_text().split()).startswith("Decision table")
    assert len(pdf.pages) <= 1 + BODY_MOST


LEAST_PT = 7.4
_SMALL_TEXT = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const range = document.createRange(), inside = node.parentElement;
    range.selectNodeContents(node);
    if (!node.textContent.trim() || !range.getBoundingClientRect().width) continue;
    let size = parseFloat(getComputedStyle(inside).fontSize);
    const matrix = inside.closest('svg') && inside.getScreenCTM();
    if (matrix) size *= Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c));
    found.push([size * 0.75, node.textContent.trim().slice(0, 60)]);
  }
  return found;
}"""


@pytest.mark.parametrize("name", ["claims", "case_ops"])
def test_no_text_in_print_is_too_small_to_read(browser: Browser, name: str) -> None:
    context = browser.new_context(viewport={"width": 688, "height": 1000}, java_script_enabled=True)  # 182 mm
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto((SAMPLE / name / "index.html").as_uri())
    sizes = page.evaluate(_SMALL_TEXT)
    context.close()
    assert len(sizes) > 500
    assert [text for size, text in sizes if size < LEAST_PT - 0.05] == []


@pytest.mark.parametrize("name", ["claims", "case_ops"])
@pytest.mark.parametrize("media", ["print", "screen"])
def test_on_page_one_no_text_runs_into_the_one_beside_it(browser: Browser, name: str, media: str) -> None:
    context = browser.new_context(viewport={"width": 688 if media == "print" else 1280, "height": 1000})
    page = context.new_page()
    page.emulate_media(media="print" if media == "print" else "screen")
    page.goto((SAMPLE / name / "index.html").as_uri())
    places = page.evaluate(
        """() => [...document.querySelectorAll('.p1 .facts1')].map(facts => [...facts.children].map(cell => {
             const range = document.createRange(); range.selectNodeContents(cell);
             const rects = [...range.getClientRects()].filter(one => one.width);
             return [Math.min(...rects.map(one => one.left)), Math.max(...rects.map(one => one.right))] }))"""
    )
    labels = page.evaluate(
        """() => [...document.querySelectorAll('.p1 svg.lanes text.t')].map(label => [
             label.getBBox().x + label.getBBox().width, label.textContent])"""
    )
    context.close()
    assert places and labels
    for cells in places:
        assert all(left[1] <= right[0] for left, right in pairwise(cells)), cells
    assert [label for label in labels if label[0] > 253] == []  # where its outcome begins


@pytest.mark.parametrize("which", ["usual", "wide", "long"])
def test_nothing_is_wider_than_paper_so_that_no_browser_shrinks_the_text(
    browser: Browser, packages: dict[str, Path], which: str
) -> None:
    for name in PAGES:
        page, _ = opened(browser, packages[which], name, width=688)  # A4 within its margins
        page.emulate_media(media="print")
        inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        page.context.close()
        assert inner[0] <= inner[1], (name, inner)


def test_the_page_reads_without_a_script_and_in_the_order_of_its_headings(
    browser: Browser, packages: dict[str, Path]
) -> None:
    page, _ = opened(browser, packages["usual"], "index.html", width=1280)
    levels = page.evaluate("[...document.querySelectorAll('main h1,main h2,main h3')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert all(later <= earlier + 2 for earlier, later in pairwise(levels))
    hidden = page.evaluate(
        "[...document.querySelectorAll('main h2')].filter(e => !e.getClientRects().length).map(e => e.textContent)"
    )
    assert hidden == []
    page.context.close()
