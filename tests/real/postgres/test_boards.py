"""Two boards and more on one PostgreSQL: scores, disputes, answers sent to review and notes of people at once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from milo_bench.board.parts import BoardParts
from milo_bench.board.review.choosing import send_to_review
from milo_bench.board.review.export import review_of, standing_of
from milo_bench.board.server.app import WebBoard
from milo_bench.decide.review import ReviewItem, SampleKey
from milo_bench.store.state.notes import read_notes
from milo_bench.store.state.people import add_person, list_people
from milo_bench.store.state.review import item_ids, list_batches, read_records
from tests.board.conftest import BASE, DATA, TOKEN, BoardClient, wait_until_read
from tests.board.conftest import open_board as board_with_state
from tests.real.postgres.server import postgres_server

PEOPLE = ("ann", "bo", "carol")


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[dict[str, BoardClient]]:
    """A board of each person, each on a folder of its own with the same log, all on one server."""
    found = {}
    with ExitStack() as open_ones:
        url = open_ones.enter_context(postgres_server())
        for person in PEOPLE:
            folder = tmp_path / person
            folder.mkdir()
            shutil.copy(DATA / "run.jsonl", folder / "answers.jsonl")
            board = board_with_state(folder, url, person)
            http = open_ones.enter_context(TestClient(WebBoard(board).application(), base_url=BASE))
            wait_until_read(board)
            http.get("/", params={"token": TOKEN})
            found[person] = BoardClient(http, board)
        yield found
        for client in found.values():
            client.board.engine.dispose()


def score(client: BoardClient, batch: str, number: int, points: int) -> None:
    for question in client.data(f"/review/{batch}/{number}")["rubric"]:
        sent = client.send(
            f"/review/{batch}/{number}/act",
            act="score",
            question=question["key"],
            score=points,
        )
        assert sent.status_code == 200, sent.text
    assert client.send(f"/review/{batch}/{number}/act", act="save").status_code == 200


def test_a_dispute_of_two_boards_goes_to_a_third_one(boards: dict[str, BoardClient]) -> None:
    ann, bo, carol = (boards[person] for person in PEOPLE)
    run = ann.data("/runs")["runs"][0]["id"]
    drawn = ann.send("/review/new", run=run, count=3, each=2, reviewers="ann,bo,carol", title="Both")
    assert drawn.status_code == 303
    (batch,) = list_batches(bo.board.engine)
    standing = standing_of(bo.board.engine, batch.id)
    number = next(n for n, item in enumerate(standing.items, 1) if set(standing.assigned(item)) == {"ann", "bo"})
    score(ann, batch.id, number, 5)
    score(bo, batch.id, number, 1)
    item = standing.items[number - 1]
    assert item in standing_of(carol.board.engine, batch.id).needs_third()
    assert "5" not in carol.data(f"/review/{batch.id}/{number}")["verdict"].values()
    score(carol, batch.id, number, 4)
    settled = standing_of(ann.board.engine, batch.id).settled_scores()
    assert {points for (of, _, _), points in settled.items() if of == item} == {4}
    assert review_of(bo.board.engine, batch.id) == review_of(carol.board.engine, batch.id)


def test_what_boards_send_to_review_at_once_is_all_there(boards: dict[str, BoardClient]) -> None:
    def send(board: BoardParts, person: str, numbers: list[int]) -> None:
        log = board.catalog.logs()[0]
        for n in numbers:
            found = board.search.at(log, n)
            assert found is not None
            send_to_review(board.engine, board.opener.open(found), person)

    rows = [row["n"] for row in boards["ann"].data("/failures?outcome=fail")["rows"]][:12]
    at_once = [
        threading.Thread(target=send, args=(client.board, person, rows[place::3] + rows[:4]))
        for place, (person, client) in enumerate(boards.items())
    ]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join()
    (batch,) = list_batches(boards["bo"].board.engine)
    items = item_ids(boards["bo"].board.engine, batch.id)
    assert len(items) == len(set(items)) == len(rows)
    assert {one.id for one in sampled(batch.sample)} == set(items)


def sampled(sample: str) -> tuple[ReviewItem, ...]:
    return msgspec.json.decode(sample, type=SampleKey).items


def test_people_notes_and_undo_are_seen_by_every_board(boards: dict[str, BoardClient]) -> None:
    ann, bo = boards["ann"], boards["bo"]
    add_person(ann.board.engine, "dora", ("look",))
    assert [one.name for one in list_people(bo.board.engine)] == ["dora"]
    place = ann.data("/failures?outcome=fail")["rows"][0]["address"].partition("?")[0]
    assert ann.send(f"{place}/notes", text="größe 日本 is right").status_code == 303
    assert "größe 日本 is right" in bo.html(place)
    assert [note.person for note in read_notes(bo.board.engine, place)] == ["ann"]
    bo.send(f"{place}/review")
    (batch,) = list_batches(ann.board.engine)
    score(ann, batch.id, 1, 3)
    before = len(read_records(bo.board.engine, batch.id))
    assert ann.send(f"/review/{batch.id}/undo").status_code == 303
    assert len(read_records(bo.board.engine, batch.id)) == before + 1
