"""Pictures of inputs on pages: inside the package, by digest, bounded; on the board from the suite's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.office.documents import PICTURE_FORMATS, Page
from milo_bench import api
from milo_bench.board.server.app import WebBoard
from milo_bench.config.settings import TargetConfig
from milo_bench.core.hashing import sha256_bytes
from milo_bench.evidence import pictures
from milo_bench.report.package import write_package
from milo_bench.suites.importing.importer import ImportRequest
from tests.board.conftest import BASE, TOKEN, open_board, wait_until_read

PNG = PICTURE_FORMATS["png"](Page("Claim 17", ("Amount: 1,234.50 €",)))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A run over eight pictures that the target gets wrong."""
    folder = tmp_path / "share"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.png").write_bytes(PNG + bytes([number]))
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"{number}.png,motor\n" for number in range(8)))
    api.import_suite(ImportRequest(folder, forms=("picture",)), out=tmp_path / "own")
    api.write_policy(str(tmp_path / "own"), None)
    (tmp_path / "script.yaml").write_text('{"reply": {"text": "water"}}')
    target = TargetConfig(api="fake", script=str(tmp_path / "script.yaml"), sees=True)
    path = tmp_path / "r.jsonl"
    api.run_suite(api.RunOptions(suite=str(tmp_path / "own"), models=["t"], targets={"t": target}, out=path), {})
    return path


def test_a_package_contains_the_pictures_of_its_failures_and_refers_to_nothing(log: Path, tmp_path: Path) -> None:
    decision = api.decide_logs(api.DecideOptions([log]))
    write_package(decision, tmp_path / "package")
    page = (tmp_path / "package/appendix/failures.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == len(decision.examples) > 0
    assert "img-src data:" in page and 'src="http' not in page
    assert "data:image" not in (tmp_path / "package/index.html").read_text()
    assert api.verify_package(tmp_path / "package").differences == ()


def test_a_package_is_verified_where_the_suite_is_not_and_another_picture_is_found(log: Path, tmp_path: Path) -> None:
    decision = api.decide_logs(api.DecideOptions([log]))
    write_package(decision, tmp_path / "package")
    shutil.rmtree(tmp_path / "own")
    assert api.verify_package(tmp_path / "package").differences == ()
    example = decision.examples[0]
    digest = example.pictures[0].digest
    text = (tmp_path / "package/decision.json").read_text()
    (tmp_path / "package/decision.json").write_text(text.replace(digest, sha256_bytes(b"another")))
    assert api.verify_package(tmp_path / "package").differences


def test_a_report_has_room_for_so_many_bytes_of_pictures(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_OF_ONE", len(PNG) - 1)
    (first, *_) = api.decide_logs(api.DecideOptions([log])).examples
    assert first.pictures[0].data == "" and "too many for this report" in first.pictures[0].why_not


def test_only_a_picture_that_is_named_by_its_digest_is_shown(log: Path, tmp_path: Path) -> None:
    text = log.read_text()
    name = f"pictures/{sha256_bytes(PNG + bytes([0]))}.png"
    (tmp_path / "own/pictures/holiday.png").write_bytes(PNG)
    forged = tmp_path / "forged.jsonl"
    forged.write_text(text.replace(name, "pictures/holiday.png"))
    room = pictures.PictureRoom()
    shown = room._one(str(tmp_path / "own"), "pictures/holiday.png")
    assert shown.data == "" and shown.why_not
    assert room._one("", name).data == "" and room._one(str(tmp_path / "own"), name).data


def test_the_board_shows_the_pictures_of_an_attempt(log: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    shutil.move(log, runs / "r.jsonl")
    board = open_board(runs, tmp_path / "state.db")
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        http.get("/", params={"token": TOKEN})
        wait_until_read(board)
        run = http.get("/runs.json").json()["runs"][0]["id"]
        page = http.get(f"/runs/{run}/attempts/0")
        assert page.status_code == 200 and f'src="/runs/{run}/attempts/0/pictures/1"' in page.text
        picture = http.get(f"/runs/{run}/attempts/0/pictures/1")
        assert picture.headers["content-type"] == "image/png" and picture.content.startswith(PNG)
        assert http.get(f"/runs/{run}/attempts/0/pictures/2").status_code == 404
        shutil.rmtree(tmp_path / "own")
        assert "is not shown" in http.get(f"/runs/{run}/attempts/0").text
        assert http.get(f"/runs/{run}/attempts/0/pictures/1").status_code == 404
