"""Live work with its texts redacted in, what is kept of each workload out: the newest, up to a bound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, delete, func, insert, select

from milo_bench.store.state.tables import SAMPLES

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
    with engine.begin() as connection:
        for one in samples:
            values = {name: getattr(one, name) for name in SampledWork.__struct_fields__}
            values |= {name: msgspec.json.encode(values[name]).decode() for name in _JSON}
            connection.execute(insert(SAMPLES).values(**values))
        for workload in {one.workload for one in samples}:
            of_it = SAMPLES.c.workload == workload
            count = connection.execute(select(func.count()).where(of_it)).scalar_one()
            if count > most:
                oldest = select(SAMPLES.c.request).where(of_it).order_by(SAMPLES.c.at).limit(count - most)
                connection.execute(delete(SAMPLES).where(SAMPLES.c.request.in_(oldest.scalar_subquery())))


def read_samples(engine: Engine, *, workloads: tuple[str, ...] = (), since: float = 0.0) -> tuple[SampledWork, ...]:
    """The oldest first."""
    query = select(SAMPLES).where(SAMPLES.c.at >= since).order_by(SAMPLES.c.at, SAMPLES.c.request)
    if workloads:
        query = query.where(SAMPLES.c.workload.in_(workloads))
    with engine.connect() as connection:
        return tuple(_sample(row) for row in connection.execute(query).all())


def count_samples(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(SAMPLES)).scalar_one())


def list_samples(engine: Engine) -> tuple[SampleLine, ...]:
    """Every sample without its texts, the newest first."""
    columns = [SAMPLES.c[name] for name in SampleLine.__struct_fields__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(SAMPLES.c.at.desc(), SAMPLES.c.request)).all()
    return tuple(
        SampleLine(row.request, row.at, row.workload, row.target, row.outcome,
                   msgspec.json.decode(row.failed_checks, type=tuple[str, ...]))
        for row in rows
    )  # fmt: skip


def find_sample(engine: Engine, request: str) -> SampledWork | None:
    with engine.connect() as connection:
        row = connection.execute(select(SAMPLES).where(SAMPLES.c.request == request)).first()
    return None if row is None else _sample(row)


def erase_samples(engine: Engine, matches: Callable[[str], bool], *, taken_before: float | None = None) -> int:
    """Remove samples whose texts ``matches``, and all that were taken so early. Returns how many."""
    doomed = [
        one.request
        for one in read_samples(engine)
        if (taken_before is not None and one.at < taken_before)
        or matches("\n".join((msgspec.json.encode(one.input).decode(), one.output)))
    ]
    with engine.begin() as connection:
        for request in doomed:
            connection.execute(delete(SAMPLES).where(SAMPLES.c.request == request))
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


def _sample(row: Row[tuple[object, ...]]) -> SampledWork:
    found = {name: row._mapping[name] for name in SampledWork.__struct_fields__}
    found |= {name: msgspec.json.decode(found[name]) for name in _JSON}
    return msgspec.convert(found, SampledWork)
