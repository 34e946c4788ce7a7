"""What a run log says of answers that another tool recorded: the files they came from, and where in them."""

from __future__ import annotations

from typing import Any

from milo_bench.core.records.frozen import Frozen


class ImportedFile(Frozen, frozen=True):
    """A file of another tool that the attempts of a log were imported from, and how it was read.

    ``columns`` maps what an answer has to columns of the file, ``target`` is the model that was named for it.
    """

    name: str
    sha256: str
    format: str
    tool: str = ""
    version: str = ""
    columns: dict[str, str] = {}
    target: str = ""


class AnswerSource(Frozen, frozen=True):
    """Where an imported attempt was recorded: ``line`` of ``file`` (its number in an archive or array), by ``tool``.

    ``id`` is the case in the tool's own words. ``times_s`` are what that tool's client measured: kept, and never
    judged as ours; empty for an answer out of a cache, which has none. ``verdicts`` are what that tool said of the
    answer, ``cost_usd`` what it booked.
    """

    tool: str
    version: str
    file: str
    sha256: str
    line: int
    id: str = ""
    cached: bool = False
    times_s: dict[str, float] = {}
    verdicts: dict[str, Any] = {}
    cost_usd: float | None = None
