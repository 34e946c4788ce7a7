"""An answer that no check could judge says so on its page, with what a person must read marked, in its own language."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from milo_bench import api
from milo_bench.board.server.app import WebBoard
from milo_bench.config.settings import TargetConfig
from tests.board.conftest import BASE, TOKEN, BoardClient, open_board, wait_until_read

ANSWERS = {
    "possible": "Vielen Dank. Das Hotel geht auf uns, solange die Wohnung leer steht.",
    "arabic": "شكرا لرسالتك. سندفع لك 500 دولار يوم الجمعة.",
    "japanese": "返金は金曜日までにお客様の口座に振り込まれます。",
}


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoardClient]:
    folder = tmp_path_factory.mktemp("letters")
    (folder / "suite" / "prompts").mkdir(parents=True)
    (folder / "suite" / "prompts" / "p.jinja").write_text("{{ input.document }} <{{ input.n }}>\n", encoding="utf-8")
    rows = [
        {"id": name, "workload": "reply", "input": {"n": name, "document": f"{text} (CO-7)"}, "expect": {}}
        for name, text in ANSWERS.items()
    ]
    rows[0]["provenance"] = {
        "positions": [[0, "page", "2"]],
        "ocr": {
            "by": "reader 3",
            "lines": 2,
            "mean_confidence": 0.9,
            "lowest_confidence": 0.62,
            "low_lines": [[0, 12, 0.62]],
        },
    }
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "suite" / "f.jsonl").write_text(lines, encoding="utf-8")
    workload = {"prompt": "prompts/p.jinja", "max_tokens": 90, "checks": ["answer_present", "banned_commitments"]}
    suite = {"name": "letters", "version": "1", "fixtures": ["f.jsonl"], "workloads": {"reply": workload}}
    (folder / "suite" / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
    rules = [{"when": {"contains": f"<{name}>"}, "reply": {"text": text}} for name, text in ANSWERS.items()]
    (folder / "script.json").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    (folder / "runs").mkdir()
    target = TargetConfig(name="f", api="fake", model="f", script=str(folder / "script.json"))
    out = folder / "runs" / "log.jsonl"
    api.run_suite(api.RunOptions(suite=str(folder / "suite"), models=("f",), targets={"f": target}, out=out), {})
    board = open_board(folder / "runs", folder / "state.db")
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        yield BoardClient(http, board)


def address(client: BoardClient, fixture: str) -> str:
    rows = client.data("/failures?outcome=all")["rows"]
    return str(next(row["address"] for row in rows if row["fixture"] == fixture))


def test_a_possible_promise_is_marked_and_not_called_passed(answered: BoardClient) -> None:
    page = answered.html(address(answered, "possible"))
    assert "Passes every check" not in page
    assert "○ Not judged: Possible promise" in page
    assert '<mark class="m">Das Hotel geht auf uns</mark>' in page
    assert 'class="s" dir="auto" lang="de"' in page


@pytest.mark.parametrize(("fixture", "name", "code"), [("arabic", "Arabic", "ar"), ("japanese", "Japanese", "ja")])
def test_a_text_that_no_rule_reads_says_so_in_its_own_direction(
    answered: BoardClient, fixture: str, name: str, code: str
) -> None:
    page = answered.html(address(answered, fixture))
    assert f"the answer is in {name}, which this check does not read" in page
    assert f'dir="auto" lang="{code}"' in page


def test_an_answer_without_spaces_is_as_long_as_its_characters(answered: BoardClient) -> None:
    assert f"{len(ANSWERS['japanese'])} characters" in answered.html(address(answered, "japanese"))


def test_a_document_that_was_read_from_a_picture_says_how_surely_and_lists_its_lines_in_doubt(
    answered: BoardClient,
) -> None:
    place = address(answered, "possible")
    data = answered.data(place)
    assert data["read_by"] == "OCR (reader 3), 2 lines, confidence 0.9 on average, 0.62 at the lowest"
    assert data["in_doubt"] == [{"text": "Vielen Dank.", "confidence": "0.62", "where": "page 2, paragraph 1"}]
    assert "1 line read with low confidence" in answered.html(place)
    assert "Read by" not in answered.html(address(answered, "japanese"))
