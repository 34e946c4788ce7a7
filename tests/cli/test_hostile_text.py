"""Names and texts in logs, suites and settings cannot steer the terminal of who reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.commands import milo

LOGS = Path(__file__).parents[1] / "data/logs-0.1.0"
# Clears the screen, sets the window's title, turns the text around, writes over the line.
EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\x9b31m\r"
IN_JSON = "\\u001b[2J\\u001b]0;owned\\u0007\\u202e\\u009b31m\\r"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A log in which a target, a workload and every answer carry ``EVIL``."""
    text = (LOGS / "run.jsonl").read_text(encoding="utf-8")
    text = text.replace('"smollm2_q4_0"', f'"quant{IN_JSON}"').replace('"output":"', f'"output":"{IN_JSON}')
    text = text.replace('"title":"', f'"title":"{IN_JSON}')
    assert text.count(IN_JSON) > 40
    (tmp_path / "run.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("score", "run.jsonl"),
        ("grade", "run.jsonl", "--fixture", "extraction-002"),
        ("compare", "run.jsonl"),
        ("decide", "run.jsonl", "--out", "d.json"),
        ("run", "--suite", "nowhere\x1b[2J", "--models", "smollm2"),
        ("verify", "no\x1b[2J"),
    ],
    ids=lambda words: words[0],
)
def test_nothing_in_a_log_or_an_argument_reaches_the_terminal_raw(hostile: Path, words: tuple[str, ...]) -> None:
    said = milo(*words, folder=hostile)
    assert said.out or said.err
    assert "Traceback" not in said.err
    assert not ACTS.search(said.out + said.err)


def test_a_setting_is_named_without_what_it_hides(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text('targets: {"a\\e[2J": {api: "x\\u202e", modle: m}}\n', encoding="utf-8")
    said = milo("targets", folder=tmp_path)
    assert said.code == 2
    assert not ACTS.search(said.err)
    assert "⟦U+001B⟧[2J" in said.err


def test_a_suite_is_shown_without_what_it_hides(tmp_path: Path) -> None:
    suite = tmp_path / "s"
    suite.mkdir()
    (suite / "p.jinja").write_text("{{ input.text }}", encoding="utf-8")
    (suite / "f.jsonl").write_text(
        f'{{"id": "f-1", "workload": "q\\u001b[2J", "input": {{"text": "{IN_JSON}"}}, "tags": ["t\\u202e"]}}\n',
        encoding="utf-8",
    )
    (suite / "suite.yaml").write_text(
        'name: s\nversion: "1"\ntitle: "t\\e[2J"\nfixtures: [f.jsonl]\n'
        'workloads: {"q\\e[2J": {prompt: p.jinja, checks: [answer_present]}}\n',
        encoding="utf-8",
    )
    for words in (("show", "s"), ("show", "s", "f-1"), ("check", "s"), ("list", "--folder", ".")):
        said = milo("suite", *words, folder=tmp_path)
        assert "Traceback" not in said.err
        assert not ACTS.search(said.out + said.err), words
