"""Retries wait: longer each time, at least as long as the server asks, and the log shows both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from milo_bench.core.records import AttemptKey, Failure
from milo_bench.run.events import RetryWaits, RunEvent
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest
from milo_bench.run.serving.backoff import MOST_ASKED_S, pause_s
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.http.retry_after import retry_after_s
from tests.run.run_parts import TestTarget, make_fixtures, make_spec, opening, record_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_each_retry_waits_about_twice_as_long_as_the_one_before_up_to_half_a_minute() -> None:
    pauses = [pause_s(AttemptKey("f", "t", retry=retry), None) for retry in range(1, 12)]
    for retry, pause in enumerate(pauses, start=1):
        whole = min(30.0, 0.5 * 2 ** (retry - 1))
        assert whole / 2 <= pause <= whole
    assert pauses == [pause_s(AttemptKey("f", "t", retry=retry), None) for retry in range(1, 12)]
    assert len({pause_s(AttemptKey(f"f{n}", "t", retry=1), None) for n in range(20)}) > 15, "not all at once"


def test_what_the_server_asks_for_is_waited_and_no_more_than_ten_minutes_of_it() -> None:
    key = AttemptKey("f", "t", retry=1)
    assert pause_s(key, 3.0) == 3.0
    assert pause_s(key, 1e9) == MOST_ASKED_S
    assert pause_s(key, 0.001) >= 0.25


def http_date(after_s: float) -> str:
    return format_datetime(NOW + timedelta(seconds=after_s), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0.0),
        ({"retry-after": http_date(3690), "date": http_date(3600)}, 90.0),  # the server's clock is an hour ahead
        ({"retry-after": http_date(-3510), "date": http_date(-3600)}, 90.0),  # or behind
        ({"retry-after": http_date(90), "date": "yesterday"}, 90.0),
        ({"retry-after": "3", "date": http_date(-3600)}, 3.0),
        ({"retry-after": "999999999"}, 3600.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


async def test_a_retry_waits_as_asked_and_the_log_says_so(tmp_path: Path) -> None:
    answers = iter([Failure("rate_limited", "slow down", 429, 0.4), "ok"])
    target = TestTarget(record_of("t"), lambda _: next(answers))
    spec = make_spec(PlanRequest(retries=1), make_fixtures(1), [target.record])
    events: list[RunEvent] = []
    await execute(
        spec, targets={"t": target}, open_log=opening(tmp_path / "log.jsonl", spec), listeners=[events.append]
    )
    first, second = read_run_log(tmp_path / "log.jsonl").attempts
    assert first.failure is not None and first.failure.retry_after_s == 0.4 and first.waited_s == 0
    assert second.failure is None and second.waited_s >= 0.4
    assert second.timings.intended_s - first.timings.ended_s >= 0.4, "the pause is no part of the answer's latency"
    assert next(event.seconds for event in events if isinstance(event, RetryWaits)) == pytest.approx(0.4, abs=0.1)
