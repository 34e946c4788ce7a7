"""What is seen becomes what is tested: redacted, with the expected value of a person, its group and provenance."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from milo_bench.board.server.app import WebBoard
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.store.state.asked import write_asked
from milo_bench.store.state.queue import QueuedWork, add_work, new_id
from milo_bench.store.state.samples import SampledWork, add_samples
from milo_bench.suites.load import load_suite
from tests.board.conftest import BASE, TOKEN, BoardClient, wait_until_read

SUITE = """name: mine
version: "1"
title: Mine
fixtures: [fixtures.jsonl]
workloads:
  extraction: {prompt: p.jinja, max_tokens: 8, checks: [answer_present]}
  queue: {prompt: p.jinja, max_tokens: 8, checks: [answer_present]}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    (made / "suite.yaml").write_text(SUITE)
    (made / "p.jinja").write_text("{{ input }}")
    (made / "fixtures.jsonl").write_text('{"id": "a", "workload": "queue", "input": {"message": "x"}}')
    return made


@pytest.fixture
def with_suite(folder: Path, tmp_path: Path, suite: Path):  # type: ignore[no-untyped-def]
    board = make_board(BoardOptions(folder, str(tmp_path / "state.db"), "ann", suites=(suite,)), TOKEN)
    with TestClient(WebBoard(board).application(), base_url=BASE) as http:
        wait_until_read(board)
        http.get("/", params={"token": TOKEN})
        yield BoardClient(http, board)


def test_an_attempt_becomes_a_fixture_of_its_group(with_suite: BoardClient, suite: Path) -> None:
    row = with_suite.data("/failures?workload=extraction&outcome=all")["rows"][0]
    shown = with_suite.data(f"/fixtures/new?run={row['run']}&n={row['n']}")
    with_suite.html(f"/fixtures/new?run={row['run']}&n={row['n']}")
    expect = json.dumps({"fields": {"x": "1"}})
    fields = {"run": row["run"], "n": row["n"], "suite": suite, "id": shown["fixture"]["id"]}
    assert with_suite.send("/fixtures", **fields, expect="").status_code == 400
    assert with_suite.send("/fixtures", **fields, expect="[1]").status_code == 400
    assert with_suite.send("/fixtures", **fields, expect=expect).headers["location"] == row["address"]
    made = load_suite(str(suite)).fixtures[-1]
    assert made.expect == {"fields": {"x": "1"}}
    assert made.group == row["fixture"]
    assert made.provenance["board"]["added_by"] == "ann"
    assert made.provenance["board"]["fixture"] == row["fixture"]
    assert "redacted" in made.tags
    assert with_suite.data(row["address"])["notes"][0]["kind"] == "fixture"
    again = with_suite.send("/fixtures", **fields, expect=expect)
    assert "already has a fixture" in again.text


def test_queued_work_is_redacted_before_it_is_written(with_suite: BoardClient, suite: Path) -> None:
    text = "My name is Maria Lopez, my mail is maria.lopez@example.com. Where is my order?"
    request = write_asked("chat", {"messages": [{"role": "user", "content": text}]}, None)
    work = QueuedWork(new_id(), "waiting", "", time.time(), "queue", "", "r", "assist", "why", "k", request, "")
    add_work(with_suite.board.engine, work)
    sent = with_suite.send("/fixtures", work=work.id, suite=suite, expect='{"label": "delivery"}')
    assert sent.status_code == 303, sent.text
    made = load_suite(str(suite)).fixtures[-1]
    assert "maria" not in json.dumps(made.input).lower()
    assert "Where is my order?" in made.input["message"]
    assert made.provenance["board"]["work"] == work.id


@pytest.mark.parametrize(
    ("fields", "case", "wanted"),
    [
        ({"messages": []}, {"note": "The ring is in a drawer.", "day": "2026-03-01"}, {"note", "day"}),
        ({"messages": [{"role": "user", "content": "Where is it?"}]}, {"note": "The ring is there."}, {"note"}),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Where is it?"}]}]}, None, {"message"}),
        ({"prompt": "Where is it?"}, None, {"message"}),
    ],
)
def test_queued_work_becomes_a_fixture_however_it_was_asked(
    with_suite: BoardClient, suite: Path, fields: dict[str, Any], case: dict[str, Any] | None, wanted: set[str]
) -> None:
    request = write_asked("chat", {"model": "milo/queue", **fields}, case)
    work = QueuedWork(new_id(), "waiting", "", time.time(), "queue", "", "r", "assist", "why", "k", request, "")
    add_work(with_suite.board.engine, work)
    shown = with_suite.html(f"/gateway/queue/{work.id}")
    assert "Where is it?" in shown or "The ring is" in shown
    sent = with_suite.send("/fixtures", work=work.id, suite=suite, expect='{"label": "delivery"}')
    assert sent.status_code == 303, sent.text
    assert set(load_suite(str(suite)).fixtures[-1].input) == wanted


def test_work_whose_text_was_erased_is_no_fixture(with_suite: BoardClient, suite: Path) -> None:
    work = QueuedWork(new_id(), "waiting", "", time.time(), "queue", "", "r", "assist", "why", "k", "{}", "")
    add_work(with_suite.board.engine, work)
    assert with_suite.http.get(f"/gateway/queue/{work.id}").status_code == 200
    assert "was erased" in with_suite.http.get(f"/fixtures/new?work={work.id}").text


SAMPLE = SampledWork(
    request="r_0123456789abcdef", at=1_790_000_000.0, workload="queue", use="", tags=("en",), target="local_8b",
    input={"message": "I am [PERSON_1]. Write to maria.lopez@example.com <b>today</b>."}, output="We wrote to you.",
    model="m", model_digest="sha256:1", prompt="p", rule="queue.answer", routing="abc", outcome="answered",
    failed_checks=("answer_present",), took_s=1.5, redacted=1,
)  # fmt: skip


def test_a_sample_of_live_work_becomes_a_fixture(with_suite: BoardClient, suite: Path) -> None:
    assert with_suite.data("/gateway")["samples"] == 0
    with_suite.html("/gateway/samples")
    more = [
        msgspec.structs.replace(SAMPLE, request=f"r_{n:016x}", failed_checks=(), workload="other") for n in range(60)
    ]
    add_samples(with_suite.board.engine, (SAMPLE, *more), most=100)
    assert with_suite.data("/gateway")["samples"] == 61
    listed = with_suite.data("/gateway/samples")
    assert len(listed["samples"]) == 50
    assert len(with_suite.data(f"/gateway/samples{listed['links']['next']}")["samples"]) == 11
    (one,) = with_suite.data("/gateway/samples?checks=failed")["samples"]
    assert with_suite.data("/gateway/samples?workload=queue")["samples"] == [one]
    place = f"/gateway/samples/{one['request']}"
    page = with_suite.html(place)
    assert f'data-key="f" href="/fixtures/new?sample={one["request"]}"' in page
    assert "&lt;b&gt;today" in page
    shown = with_suite.data(f"/fixtures/new?sample={one['request']}")
    fields = {"sample": one["request"], "suite": suite, "id": shown["fixture"]["id"], "expect": '{"label": "delivery"}'}
    assert with_suite.send("/fixtures", **fields).headers["location"] == place
    made = load_suite(str(suite)).fixtures[-1]
    assert made.expect == {"label": "delivery"}
    assert made.group == shown["fixture"]["group"]
    assert "maria.lopez" not in made.input["message"]  # what the gateway's redaction left
    assert made.provenance["request"] == one["request"]
    assert made.provenance["target"] == "local_8b"
    assert made.provenance["board"]["added_by"] == "ann"
    assert {"live", "seen", "redacted"} <= set(made.tags)
    assert with_suite.data(place)["notes"][0]["kind"] == "fixture"
    assert with_suite.http.get("/gateway/samples/r_none").status_code == 404


def test_only_a_suite_that_was_named_takes_fixtures(with_suite: BoardClient, suite: Path, tmp_path: Path) -> None:
    row = with_suite.data("/failures?workload=extraction&outcome=all")["rows"][0]
    fields = {"run": row["run"], "n": row["n"], "expect": '{"a": 1}'}
    assert with_suite.send("/fixtures", **fields, suite=tmp_path).status_code == 400
    assert with_suite.send("/fixtures", **fields, suite="case_ops_v1").status_code == 400
    other = with_suite.data("/failures?workload=timeline&outcome=all")["rows"][0]
    refused = with_suite.send("/fixtures", run=other["run"], n=other["n"], expect='{"a": 1}', suite=suite)
    assert refused.status_code == 400
    assert len(load_suite(str(suite)).fixtures) == 1


def test_a_note_on_a_check_is_kept_with_its_author(with_suite: BoardClient) -> None:
    row = with_suite.data("/failures")["rows"][0]
    assert with_suite.send(f"{row['address']}/notes", text=" ").status_code == 400
    with_suite.send(f"{row['address']}/notes", text="The date is right: <b>12 May</b>.")
    assert with_suite.data(row["address"])["notes"][0]["person"] == "ann"
    assert "&lt;b&gt;12 May" in with_suite.html(row["address"])
