"""Live work with its texts redacted in, what is kept of each workload out: the newest, up to a bound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from milo_bench.store.state.engine import Engine, Row, insert_into

_JSON = ("tags", "input", "failed_checks")


class SampleLine(msgspec.Struct, frozen=True):
    """One request of live work without its texts. ``at`` is seconds since 1970."""

    request: str
    at: float
    workload: str
    target: str
    outcome: str
    failed_checks: tuple[str, ...]


class SampledWork(msgspec.Struct, frozen=True):
    """One request of live work and its answer, both redacted. ``at`` is seconds since 1970.

    ``outcome``, ``rule``, ``prompt`` and ``failed_checks`` are as in its line of the audit, ``routing`` that line's
    ``table``; ``redacted`` counts the places that were replaced in its texts.
    """

    request: str
    at: float
    workload: str
    use: str
    tags: tuple[str, ...]
    input: dict[str, Any]
    output: str
    target: str
    model: str
    model_digest: str
    prompt: str
    rule: str
    routing: str
    outcome: str
    failed_checks: tuple[str, ...]
    took_s: float
    redacted: int


def add_samples(engine: Engine, samples: tuple[SampledWork, ...], *, most: int) -> None:
    """Keep ``samples``, and of each of their workloads the newest ``most``."""
    with engine.writing() as connection:
        for one in samples:
            values = msgspec.structs.asdict(one)
            values |= {name: msgspec.json.encode(values[name]).decode() for name in _JSON}
            connection.change(insert_into("samples", values), **values)
        for workload in {one.workload for one in samples}:
            query = "SELECT count(*) AS samples FROM samples WHERE workload = :workload"
            count = connection.rows(query, workload=workload)[0]["samples"]
            if count > most:
                connection.change(_DROP_OLDEST, workload=workload, many=count - most)


_DROP_OLDEST = """
DELETE FROM samples
WHERE request IN (SELECT request FROM samples WHERE workload = :workload ORDER BY at LIMIT :many)
"""


def read_samples(engine: Engine, *, workloads: tuple[str, ...] = (), since: float = 0.0) -> tuple[SampledWork, ...]:
    """The oldest first."""
    every = "SELECT * FROM samples WHERE at >= :since ORDER BY at, request"
    of_some = "SELECT * FROM samples WHERE at >= :since AND workload IN :workloads ORDER BY at, request"
    with engine.reading() as connection:
        if workloads:
            rows = connection.rows(of_some, since=since, workloads=workloads)
        else:
            rows = connection.rows(every, since=since)
    return tuple(_sample(row) for row in rows)


def count_samples(engine: Engine) -> int:
    with engine.reading() as connection:
        return int(connection.rows("SELECT count(*) AS samples FROM samples")[0]["samples"])


def list_samples(engine: Engine) -> tuple[SampleLine, ...]:
    """Every sample without its texts, the newest first."""
    query = "SELECT request, at, workload, target, outcome, failed_checks FROM samples ORDER BY at DESC, request"
    with engine.reading() as connection:
        rows = connection.rows(query)
    return tuple(
        SampleLine(**row | {"failed_checks": msgspec.json.decode(row["failed_checks"], type=tuple[str, ...])})
        for row in rows
    )


def find_sample(engine: Engine, request: str) -> SampledWork | None:
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM samples WHERE request = :request", request=request)
    return _sample(rows[0]) if rows else None


def erase_samples(engine: Engine, matches: Callable[[str], bool], *, taken_before: float | None = None) -> int:
    """Remove samples whose texts ``matches``, and all that were taken so early. Returns how many."""
    doomed = [
        one.request
        for one in read_samples(engine)
        if (taken_before is not None and one.at < taken_before)
        or matches("\n".join((msgspec.json.encode(one.input).decode(), one.output)))
    ]
    with engine.writing() as connection:
        for request in doomed:
            connection.change("DELETE FROM samples WHERE request = :request", request=request)
    return len(doomed)


def sampled_fixture(one: SampledWork) -> dict[str, Any]:
    """The fields of a fixture, without an expected value: nobody has said yet what is right."""
    return {
        "id": f"live-{one.request.removeprefix('r_')}",
        "workload": one.workload,
        "input": one.input,
        "expect": {},
        "tags": list(dict.fromkeys((*one.tags, "live"))),
        "provenance": {
            "source": "sample of the gateway", "request": one.request,
            "at": datetime.fromtimestamp(one.at, UTC).isoformat(timespec="seconds"), "routing": one.routing,
            "rule": one.rule, "outcome": one.outcome, "target": one.target, "model_digest": one.model_digest,
            "failed_checks": list(one.failed_checks), "redacted": one.redacted,
        },
    }  # fmt: skip


def _sample(row: Row) -> SampledWork:
    return msgspec.convert(row | {name: msgspec.json.decode(row[name]) for name in _JSON}, SampledWork)
