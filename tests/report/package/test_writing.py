"""A package is whole, the same every time, and shows untrusted text as text."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import msgspec
import pytest

from milo_bench.config.routing.file import read_routing
from milo_bench.core.errors import PrerequisiteError
from milo_bench.decide.records import Decision
from milo_bench.report.charts.style import converted
from milo_bench.report.package import render_files, write_package
from tests.report.sample_decision import sample_decision

FILES = {
    "index.html",
    "summary.md",
    "findings.md",
    "decision.json",
    "roi.json",
    "routing.yaml",
    "fixtures.csv",
    "commands.txt",
    *(f"appendix/{name}.html" for name in ("scorecards", "failures", "load", "probes", "inventory", "sources")),
}
RLO, BELL, ESCAPE = "\u202e", "\x07", "\x1b"
HOSTILE = (
    f"</style></script><script>alert('x')</script><img src=x onerror=alert(1)>{RLO}{BELL}{ESCAPE}[31m "
    "[click](javascript:alert(1)) javascript:alert(1) {{ 71 * 91 }} {% raw %} \"' | ` # <!-- --> ]]> "
)


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


@pytest.fixture(scope="module")
def rendered(decision: Decision) -> dict[str, bytes]:
    return render_files(decision)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if name in ("href", "src", "srcset", "xlink:href", "action", "data"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def read(page: bytes) -> _Page:
    parser = _Page()
    parser.feed(page.decode())
    return parser


def test_all_files_are_there_and_the_same_decision_gives_the_same_bytes(
    decision: Decision, rendered: dict[str, bytes]
) -> None:
    assert set(rendered) >= FILES
    again = msgspec.json.decode(rendered["decision.json"], type=Decision)
    assert again == decision
    converted.cache_clear()  # charts that are drawn once more
    assert render_files(again) == rendered


def test_each_link_leads_to_a_file_of_the_package_and_to_a_place_that_is_there(rendered: dict[str, bytes]) -> None:
    pages = {name: read(page) for name, page in rendered.items() if name.endswith(".html")}
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            path, fragment = urldefrag(link)
            parts = [part for part in [*name.split("/")[:-1], *path.split("/")] if part] if path else name.split("/")
            while ".." in parts:
                at = parts.index("..")
                del parts[at - 1 : at + 1]
            target = "/".join(parts)
            assert target in rendered, (name, link)
            if fragment:
                assert unquote(fragment) in pages[target].ids, (name, link)


def test_pages_need_no_script_and_name_nothing_on_another_machine(rendered: dict[str, bytes]) -> None:
    for name, page in rendered.items():
        if name.endswith(".html"):
            assert "script" not in read(page).tags, name
            assert not re.search(rb"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", page), name
            assert b"default-src 'none'" in page


def test_what_the_mission_asks_of_page_one_stands_on_it(rendered: dict[str, bytes], decision: Decision) -> None:
    page = rendered["index.html"].decode()
    first = page[page.index('id="decision"') : page.index('id="table"')]
    assert first.count('<li class="job">') == len(decision.choices)
    assert first.count('class="lanes"') == len(decision.choices)
    for said in (
        "Done with no person", "Undetected errors", "Worth", "Must be true first", "Not chosen:", "Money",
        "Next steps", "Risks", "What is not known", "$25,996 per month", "runs/claims.jsonl", "one-sided",
    ):  # fmt: skip
        assert said in first, said
    order = ["table", "findings", "failures", "runtime", "economics", "risk", "launch", "reproduce"]
    places = [page.index(f'id="{name}"') for name in order]
    assert places == sorted(places)
    assert "composite" not in page.lower()


def test_files_for_programs_are_what_their_readers_take(rendered: dict[str, bytes], decision: Decision) -> None:
    assert read_routing(rendered["routing.yaml"].decode()).rules[0].id == "keywords"
    rows = list(csv.DictReader(io.StringIO(rendered["fixtures.csv"].decode())))
    assert {row["fixture"]: row["sha256"] for row in rows} == decision.fixtures
    roi = json.loads(rendered["roi.json"])
    assert roi["headline"] == "quarter_net"
    assert rendered["commands.txt"].decode().splitlines() == list(decision.commands)


def test_a_decision_with_nothing_in_it_says_so_and_shows_no_number(decision: Decision) -> None:
    bare = msgspec.structs.replace(
        decision, verdict=("Nothing can be said.",), findings=(), replays=(), measures={}, errors=(), confusions=(),
        examples=(), load=(), probes=(), business=None, economics=None, backlog=(), missing=(), figures={}, routing={},
    )  # fmt: skip
    files = {name: data.decode() for name, data in render_files(bare).items()}
    page = files["index.html"]
    for said in ("Nothing can be said.", "Not costed", "No load was measured"):
        assert said in page
    parts = ("table", "findings", "failures", "launch")
    for empty in (*(f'id="{name}"' for name in parts), "Every safety gate", "No attempt failed"):
        assert empty not in page, "a part without content says nothing, or what was never judged"
    assert not [name for name in re.findall(r'href="#([\w-]+)"', page) if f'id="{name}"' not in page]
    assert "What would change it" not in files["summary.md"]


def _poisoned(value: Any, key: str = "") -> Any:
    """Every text that somebody else wrote, made hostile; what programs choose among stays."""
    if isinstance(value, dict):
        return {name: _poisoned(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_poisoned(inner, key) for inner in value]
    poison = ("model", "quantisation", "finding", "reason", "input", "output", "expected", "got", "runtime", "endpoint")
    return HOSTILE + value if isinstance(value, str) and key in poison else value


def hostile(decision: Decision) -> Decision:
    plain = msgspec.to_builtins(decision)
    for name in ("targets", "probes", "examples"):
        plain[name] = _poisoned(plain[name])
    plain["title"] = HOSTILE
    plain["logs"][0]["path"] = HOSTILE
    plain["logs"][0]["suite"]["name"] = HOSTILE * 3
    plain["policy"]["path"] = "<b>policy</b>"
    plain["commands"] = [HOSTILE]
    plain["fixtures"] = {"=cmd|' /C calc'!A0": "x", HOSTILE: "y", "+1": "z"}
    plain["workload_titles"] = {"escalation": HOSTILE, "handoff": "x" * 100_000}
    plain["inventories"] = {"e5" * 32: {HOSTILE: [HOSTILE, {"a": HOSTILE}]}}
    plain["examples"][0]["output"] = "x" * 2_000_000
    plain["business"]["assumptions"][0]["source"] = HOSTILE
    return msgspec.convert(plain, Decision)


def test_hostile_text_is_shown_as_text(decision: Decision) -> None:
    files = render_files(msgspec.structs.replace(hostile(decision), title=HOSTILE))
    for name, data in files.items():
        text = data.decode()
        if name.endswith((".html", ".md")):
            assert RLO not in text, name
            assert BELL not in text, name
            assert ESCAPE not in text, name
            assert "6461" not in text, name
        if name.endswith(".html"):
            page = read(data)
            assert {"script", "img", "iframe", "object"}.isdisjoint(page.tags), name
            assert not [link for link in page.links if link.strip().lower().startswith(("javascript", "data", "http"))]
            assert not [key for key, _ in page.attributes if key.startswith("on")], name
            assert len(data) < 2_000_000, name
        if name.endswith(".md"):
            assert "<script" not in text, name
            assert not re.search(r"(?<!\\)\]\(javascript", text), name
    rows = [row["fixture"] for row in csv.DictReader(io.StringIO(files["fixtures.csv"].decode()))]
    assert not [row for row in rows if row.startswith(("=", "+", "-", "@"))]


def test_a_decision_on_hashed_logs_gives_a_package_without_texts(decision: Decision) -> None:
    examples = tuple(
        msgspec.structs.replace(one, input="", output="", expected="", got="", spans=(), text="hashes")
        for one in decision.examples
    )
    files = render_files(msgspec.structs.replace(decision, examples=examples))
    assert b"hashes instead of texts" in files["appendix/failures.html"]
    for text in (b"solicitor will write", b"PR-88"):
        assert not [name for name, data in files.items() if text in data]


def test_a_folder_that_cannot_be_written_is_said_plainly(decision: Decision, tmp_path: Path) -> None:
    (tmp_path / "package").write_text("a file", encoding="utf-8")
    with pytest.raises(PrerequisiteError, match="Cannot write"):
        write_package(decision, tmp_path / "package")
