"""Episodes in a log: what a policy lets stand of them, and rows that must agree with the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from milo_bench.core.errors import DataError
from milo_bench.core.records import (
    AttemptKey,
    Episode,
    Failure,
    Fixture,
    Plan,
    RunEnd,
    RunHeader,
    Timings,
    ToolCall,
    Turn,
)
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.store.stored_text import TextPolicy
from tests.store.log_parts import make_header, without_seals

TIMES = Timings(intended_s=1.0, started_s=1.0, ended_s=2.0)
SECRET = "Anna Berg"
FIXTURE = Fixture(id="reply_lost.trap", workload="operator", input={"task": "reply_lost"}, hash="h")


def episode(**changes: Any) -> Episode:
    turn = Turn(
        n=1,
        timings=TIMES,
        output=SECRET,
        reasoning=SECRET,
        tool_calls=(ToolCall("c", SECRET, SECRET),),
        failure=Failure("reset", SECRET),
        protocol_error=f"unknown_key: {SECRET}",
    )
    whole = Episode(
        key=AttemptKey("reply_lost.trap", "a"),
        task="reply_lost",
        form="trap",
        seed=0,
        protocol="tools",
        ending="runtime_failure",
        points=0,
        minefields=(SECRET, SECRET),
        why=(SECRET,),
        turns=(turn,),
        log=({"type": "called", "n": 1, "arguments": {"note": SECRET}},),
        ended_s=9.0,
    )
    return msgspec.structs.replace(whole, **changes)


def header() -> RunHeader:
    return make_header(plan=Plan(fixtures=(FIXTURE.id,), targets=("a",), repeats=2))


def test_hashes_keep_no_text_of_an_episode_and_every_count() -> None:
    stored = TextPolicy("hashes").stored(episode())
    assert SECRET.encode() not in msgspec.json.encode(stored)
    assert isinstance(stored, Episode)
    assert (len(stored.minefields), len(stored.turns), stored.ending) == (2, 1, "runtime_failure")
    assert stored.turns[0].protocol_error == "unknown_key" and stored.turns[0].failure == Failure("reset", "")


def test_redacted_passes_every_text_of_an_episode_through_the_redactor() -> None:
    stored = TextPolicy("redacted", lambda text: text.replace(SECRET, "[PERSON_1]")).stored(episode())
    assert SECRET.encode() not in msgspec.json.encode(stored)
    assert msgspec.json.encode(stored).count(b"[PERSON_1]") == msgspec.json.encode(episode()).count(SECRET.encode())


def test_an_end_line_counts_episodes_and_a_resume_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    writer = RunLogWriter.create(path, header(), (FIXTURE,))
    writer.append(episode())
    with pytest.raises(DataError, match="already"):
        writer.append(episode())
    writer.close(RunEnd("2026-01-01", attempts=1, failures=1, complete=False, reason="interrupted"))
    resumed = RunLogWriter.resume(path, header(), (FIXTURE,))
    assert resumed.done == {episode().key: "reset"}
    assert (resumed.episodes, resumed.last_s) == ((episode(),), 9.0)
    resumed.writer.append(episode(key=AttemptKey(FIXTURE.id, "a", repeat=1)))
    resumed.writer.close(RunEnd("2026-01-01", attempts=2, failures=2, complete=True))
    assert len(read_run_log(path).episodes) == 2
    without_seals(path)
    path.write_text(path.read_text().replace('"attempts":2', '"attempts":3'))
    with pytest.raises(DataError, match="counts 3 episodes, but it contains 2"):
        read_run_log(path)


@pytest.mark.parametrize(
    "key", [AttemptKey(FIXTURE.id, "b"), AttemptKey(FIXTURE.id, "a", repeat=2), AttemptKey("other.trap", "a")]
)
def test_an_episode_that_its_plan_does_not_know_is_told_with_its_line(tmp_path: Path, key: AttemptKey) -> None:
    path = tmp_path / "log.jsonl"
    writer = RunLogWriter.create(path, header(), (FIXTURE,))
    writer.append(episode(key=key))
    writer.close()
    with pytest.raises(DataError, match="line 4"):
        read_run_log(path)
