"""A permit, a target as it is served now, and a day in; the reasons why the permit is void out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Protocol

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import TargetRecord
from milo_bench.operator.permit.records import PERMIT_SCHEMA, OperatorPermit, PermitFile
from milo_bench.operator.worlds.session import BENCH_VERSION

# What a permission is about: where one of them is another, it is another operator.
PINNED: Final = ("model", "model_digest", "quantisation", "runtime", "runtime_version", "configuration")


class Terms(Protocol):
    """What a permission is about: a permit, or what a routing table keeps of one."""

    @property
    def target(self) -> str: ...
    @property
    def bench_version(self) -> int: ...
    @property
    def issued(self) -> str: ...
    @property
    def expires(self) -> str: ...


def list_void_conditions(
    target: TargetRecord, expires: date, seeds: Sequence[int] = (), *, bench_version: int = BENCH_VERSION
) -> tuple[str, ...]:
    """The sentences that end a permission."""
    known = [field for field in PINNED if getattr(target, field)]
    unknown = [field.replace("_", " ") for field in PINNED if field not in known]
    return (
        *[f"the {field.replace('_', ' ')} is no longer {getattr(target, field)}" for field in known],
        *[f"a {name} is reported (it was unknown, so a change would go unnoticed)" for name in unknown],
        f"the operator bench is no longer version {bench_version}",
        *([f"the seeds are no longer {_ranges(seeds)}"] if seeds else []),
        f"the date is after {expires.isoformat()}",
    )


def _ranges(seeds: Sequence[int]) -> str:
    """``0 to 11, 40``."""
    runs: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def why_void(permit: Terms, target: TargetRecord, today: date) -> tuple[str, ...]:
    """Why ``permit`` is void for ``target`` as it is served now; empty where it holds.

    ``permit`` also has every field of ``PINNED``.
    """
    reasons = []
    if permit.target != target.name:
        reasons.append(f"the permission is for '{permit.target}', not for '{target.name}'")
    for field in PINNED:
        then, now = getattr(permit, field), getattr(target, field)
        if then != now:
            words = field.replace("_", " ")
            reasons.append(f"the {words} was '{then or 'unknown'}' and is '{now or 'unknown'}'")
    if permit.bench_version != BENCH_VERSION:
        reasons.append(f"the operator bench was version {permit.bench_version} and is {BENCH_VERSION}")
    if today > day_of(permit.expires):
        reasons.append(f"it expired on {permit.expires}")
    if today < day_of(permit.issued):
        reasons.append(f"it was issued on {permit.issued}, which is later than today")
    return tuple(reasons)


def read_permits(data: bytes) -> tuple[OperatorPermit, ...]:
    """The permits of a permit file's bytes. Raises DataError for what is none, or of another schema version."""
    try:
        file = msgspec.json.decode(data, type=PermitFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(
            f"This is not a permit file ({error}).", hint="'milo-bench operator permit --out' writes one."
        ) from None
    if file.schema_version != PERMIT_SCHEMA:
        message = f"The permit file has schema version {file.schema_version}, but this version reads {PERMIT_SCHEMA}."
        raise DataError(message, hint="use the Milo Bench version that wrote it, or ask for a new permit.")
    return file.permits


def day_of(text: str) -> date:
    """The day of an ISO 8601 date or time. Raises DataError."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        message = f"'{text[:40]}' is not a date."
        raise DataError(message, hint="the file was changed after it was written.") from None
