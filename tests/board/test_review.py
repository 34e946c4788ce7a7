"""Scores of people: blind, appended, taken back, disputed, settled, and exported as `decide --review` reads them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from milo_bench.api.boarding import export_review
from milo_bench.api.sealing.erasing import EraseOptions, erase_texts
from milo_bench.board.review.drawing import draw_batch
from milo_bench.board.review.export import review_of
from milo_bench.board.review.standing import BatchStanding
from milo_bench.core.errors import DataError
from milo_bench.decide.review import RUBRIC
from milo_bench.evidence.reviewing import draw_from_logs, import_review, read_review
from milo_bench.store.state.people import add_person
from milo_bench.store.state.review import (
    BatchSettings,
    ReviewBatch,
    ReviewRecord,
    item_ids,
    known_batch,
    list_batches,
    read_items,
    read_records,
)
from tests.board.conftest import BoardClient, wait_until_read

QUESTIONS = tuple(RUBRIC)


def batch(**settings: object) -> ReviewBatch:
    made = msgspec.convert({"each": 2, **settings}, BatchSettings)
    return ReviewBatch("b-1", "A batch", 0.0, "ann", "{}", dict(RUBRIC), made, 3)


class Records:
    """Records as they are appended."""

    def __init__(self) -> None:
        self.rows: list[ReviewRecord] = []

    def add(self, person: str, item: str, act: str, question: str = "", score: int | None = None) -> Records:
        row = {"number": len(self.rows) + 1, "item": item, "person": person, "act": act, "question": question,
               "score": score, "comment": "", "created_at": float(len(self.rows))}  # fmt: skip
        self.rows.append(msgspec.convert(row, ReviewRecord))
        return self

    def saved(self, person: str, item: str, *scores: int) -> Records:
        for question, score in zip(QUESTIONS, scores, strict=True):
            self.add(person, item, "score", question, score)
        return self.add(person, item, "save")

    def standing(self, **settings: object) -> BatchStanding:
        return BatchStanding(batch(**settings), ("i1", "i2", "i3"), self.rows)


def test_two_scores_end_an_answer_and_one_point_apart_is_no_dispute() -> None:
    seen = Records().saved("ann", "i1", 5, 4, 3, 4).saved("bo", "i1", 4, 4, 3, 4).standing()
    assert seen.disputes() == []
    assert seen.queue("carol") == ["i2", "i3"]
    assert seen.queue("ann") == ["i2", "i3"]


def test_two_points_apart_go_to_a_third_and_the_middle_counts() -> None:
    records = Records().saved("ann", "i1", 5, 4, 3, 4).saved("bo", "i1", 2, 4, 3, 4)
    seen = records.standing()
    (dispute,) = seen.disputes()
    assert (dispute.question, dispute.settled) == (QUESTIONS[0], None)
    assert "i1" in seen.queue("carol")
    assert "i1" not in seen.queue("ann")
    settled = records.saved("carol", "i1", 3, 1, 1, 1).standing()
    assert settled.disputes()[0].settled == 3
    assert {settled.settled_scores()["i1", who, QUESTIONS[0]] for who in ("ann", "bo", "carol")} == {3}
    assert settled.scores()["i1", "ann", QUESTIONS[0]] == 5
    assert settled.needs_third() == set()


def test_undo_takes_back_one_act_at_a_time_across_answers() -> None:
    records = Records().saved("ann", "i1", 5, 4, 3, 4).add("ann", "i2", "score", QUESTIONS[0], 2)
    assert records.add("ann", "", "undo").standing().verdicts["i1", "ann"].state == "saved"
    assert ("i2", "ann") not in records.standing().verdicts
    assert records.add("ann", "", "undo").standing().verdicts["i1", "ann"].state == "open"
    seen = records.add("ann", "", "undo").standing()
    assert seen.verdicts["i1", "ann"].scores == {QUESTIONS[0]: 5, QUESTIONS[1]: 4, QUESTIONS[2]: 3}
    assert records.add("bo", "", "undo").standing().verdicts["i1", "ann"].scores[QUESTIONS[0]] == 5


def test_answers_are_shared_out_among_the_people_named() -> None:
    seen = Records().standing(reviewers=["ann", "bo", "carol"])
    assert all(len(set(seen.assigned(item))) == 2 for item in seen.items)
    assert sum(len(seen.queue(name)) for name in ("ann", "bo", "carol")) == 6
    assert seen.queue("dan") == []


def test_what_is_put_off_comes_last() -> None:
    assert Records().add("ann", "i1", "later").standing().queue("ann") == ["i2", "i3", "i1"]


# ------------------------------------------------------------ pages


@pytest.fixture
def drawn(client: BoardClient) -> str:
    run = client.data("/runs")["runs"][0]["id"]
    answer = client.send("/review/new", run=run, title="A batch", count=3, each=2, seed=7)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).split("/")[2]


def test_a_page_of_the_review_is_blind(client: BoardClient, drawn: str) -> None:
    targets = client.data("/runs")["runs"][0]["targets"]
    log = client.board.catalog.logs()[0]
    assert log.index is not None
    names = {*targets, *log.index.models.values()}
    for path in (f"/review/{drawn}/1", f"/review/{drawn}", "/review"):
        for text in (client.html(path), client.http.get(f"{path}.json").text):
            assert not [name for name in names if name in text]
    assert "checked" not in client.html(f"/review/{drawn}/1").partition("<fieldset")[2].partition("</form>")[0]


def test_each_score_is_kept_at_once_and_twice_is_once(client: BoardClient, drawn: str) -> None:
    token = client.form_token()
    for _ in range(2):
        answer = client.http.post(
            f"/review/{drawn}/1/act",
            data={"act": "score", "question": QUESTIONS[0], "score": "4", "sent": "a", "form_token": token},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200
    records = read_records(client.board.engine, drawn)
    assert [(row.person, row.act, row.score) for row in records] == [("ann", "score", 4)]
    assert client.data(f"/review/{drawn}/1")["rubric"][0]["score"] == 4
    saved = client.send(f"/review/{drawn}/1/act", act="save")
    assert saved.status_code == 400
    assert "no score yet" in saved.text


@pytest.mark.parametrize("form", [{"act": "score", "question": "x", "score": "4"}, {"act": "fly"}, {},
                                  {"act": "score", "question": QUESTIONS[0], "score": "6"}])  # fmt: skip
def test_what_is_no_score_is_refused(client: BoardClient, drawn: str, form: dict[str, str]) -> None:
    assert client.send(f"/review/{drawn}/1/act", **form).status_code == 400
    assert read_records(client.board.engine, drawn) == ()


def test_a_form_of_another_page_changes_nothing(client: BoardClient, drawn: str) -> None:
    form = {"act": "score", "question": QUESTIONS[0], "score": "4"}
    assert client.http.post(f"/review/{drawn}/1/act", data=form).status_code == 403
    assert client.http.post(f"/review/{drawn}/1/act", data={**form, "form_token": "x"}).status_code == 403
    assert read_records(client.board.engine, drawn) == ()


def test_who_may_only_look_does_not_score(client: BoardClient, drawn: str) -> None:
    token, _ = add_person(client.board.engine, "dan", [])
    client.http.cookies.clear()
    client.http.get("/", params={"token": token})
    assert client.http.get(f"/review/{drawn}").status_code == 200
    assert client.http.get(f"/review/{drawn}/1").status_code == 403
    assert client.send(f"/review/{drawn}/1/act", act="later").status_code == 403


def test_the_export_is_what_importing_the_sheet_gives(client: BoardClient, drawn: str, tmp_path: Path) -> None:
    state = str(tmp_path / "state.db")
    with pytest.raises(DataError, match="No item has a score"):
        export_review(state, drawn)
    count = client.data(f"/review/{drawn}")["batch"]["answers"]
    for number in range(1, count + 1):
        scores = {f"score-{question}": 1 + (number + n) % 5 for n, question in enumerate(QUESTIONS)}
        answer = client.send(f"/review/{drawn}/{number}/save", ending="save", comment=f"note {number}", **scores)
        assert answer.status_code == 303, answer.text
    assert client.data(f"/review/{drawn}")["open_for_me"] == 0
    exported = export_review(state, drawn, out=tmp_path / "review.json", sheet=tmp_path / "sheet.csv")
    assert read_review(tmp_path / "review.json") == exported
    assert exported.scored == exported.sampled == count
    imported = import_review([tmp_path / "sheet.csv"], tmp_path / "sheet.key.json")
    assert imported.measures == exported.measures


def test_erased_texts_leave_the_review_too(client: BoardClient, drawn: str, folder: Path, tmp_path: Path) -> None:
    sample = msgspec.json.decode(known_batch(client.board.engine, drawn).sample)
    item = sample["items"][0]
    number = item_ids(client.board.engine, drawn).index(item["id"]) + 1
    client.send(f"/review/{drawn}/{number}/act", act="comment", comment="quotes the case")
    done = erase_texts(EraseOptions(paths=[folder], fixtures=[item["fixture"]], state=str(tmp_path / "state.db")))
    assert done.reviewed >= 1
    (kept,) = read_items(client.board.engine, drawn, [number])
    assert (kept.input, kept.output) == ("", "")
    assert all(not row.comment for row in read_records(client.board.engine, drawn) if row.item == item["id"])


def test_a_batch_drawn_at_random_can_settle_a_safety_gate(client: BoardClient) -> None:
    run = client.data("/runs")["runs"][0]["id"]
    location = str(client.send("/review/new", run=run, count=3, each=1, drawn="random").headers["location"])
    scores = {f"score-{question}": 4 for question in QUESTIONS}
    client.send(f"/review/{location.split('/')[2]}/1/save", ending="save", **scores)
    review = review_of(client.board.engine, location.split("/")[2])
    assert review.random
    for of, answers in review.random.items():
        assert sum(one.candidate.text == of for one in review.items) == min(3, answers)
    assert sum(bool(one.scores) for one in review.items) == 1, "answers that were drawn and not scored are named too"


def test_v_sends_an_answer_to_review_once_and_without_its_model(client: BoardClient) -> None:
    rows = client.data("/failures?outcome=fail")["rows"][:3]
    for row in (*rows, rows[0]):
        assert client.send(f"{row['address'].partition('?')[0]}/review").status_code == 303
    (batch,) = list_batches(client.board.engine)
    assert batch.items == 3
    assert client.data(rows[0]["address"])["in_review"]
    page = client.html(f"/review/{batch.id}/1")
    assert rows[0]["target"] not in page
    assert rows[0]["fixture"] not in page


def test_scores_of_chosen_answers_calibrate_and_measure_nothing(client: BoardClient) -> None:
    row = client.data("/failures?outcome=fail")["rows"][0]
    client.send(f"{row['address'].partition('?')[0]}/review")
    (batch,) = list_batches(client.board.engine)
    for question in batch.rubric:
        client.send(f"/review/{batch.id}/1/act", act="score", question=question, score=2)
    assert client.send(f"/review/{batch.id}/1/act", act="save").status_code == 200
    review = review_of(client.board.engine, batch.id)
    assert review.measures == ()
    assert [one.scores["usefulness"] for one in review.items] == [2]


def test_an_answer_that_never_came_cannot_be_sent_to_review(client: BoardClient, folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_bytes().splitlines()]
    attempt = next(line for line in lines if line["type"] == "attempt")
    attempt["output"] = ""
    attempt["failure"] = {"kind": "total_timeout", "message": "no answer in time"}
    kept = [line for line in lines if line["type"] not in ("seal", "end")]
    (folder / "late.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
    client.board.catalog.look()
    wait_until_read(client.board)
    (row,) = client.data("/failures?outcome=no_answer")["rows"]
    answer = client.send(f"{row['address'].partition('?')[0]}/review")
    assert answer.status_code == 400
    assert list_batches(client.board.engine) == ()


def test_the_questions_are_those_of_the_suite(folder: Path, client: BoardClient) -> None:
    log = folder / "answers.jsonl"
    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    for workload in lines[0]["workloads"]:
        workload["review"] = {"tone": "Kind and plain.", "next_step": "Says what to do. Leave empty if nothing."}
    kept = [line for line in lines if line["type"] != "seal"]
    own = folder / "own.jsonl"
    own.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
    key = draw_from_logs([own], count=4)
    assert tuple(key.questions) == ("tone", "next_step")
    with pytest.raises(DataError, match="other questions"):
        draw_from_logs([log, own], count=4)
    id = draw_batch(client.board.engine, [own], "Own", "ann", BatchSettings(each=1), count=4)
    page = client.data(f"/review/{id}/1")
    assert [(one["key"], one["optional"]) for one in page["rubric"]] == [("tone", False), ("next_step", True)]
    client.send(f"/review/{id}/1/act", act="score", question="tone", score=5)
    assert client.send(f"/review/{id}/1/act", act="save").status_code == 200
    review = review_of(client.board.engine, id)
    assert [one.question for one in review.agreements] == ["tone", "next_step"]
    assert {measure.name for _, measure in review.measures} == {"review_tone"}
