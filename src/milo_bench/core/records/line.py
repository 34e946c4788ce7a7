"""Every kind of line that a run log may hold."""

from __future__ import annotations

from typing import TypeAlias

from milo_bench.core.records.judgements import ModelJudgement
from milo_bench.core.records.licence import JudgeLicence
from milo_bench.core.records.load_row import LoadRequestRow
from milo_bench.core.records.log import (
    Attempt,
    Episode,
    Execution,
    Fixture,
    LoadWindow,
    ProbeResult,
    RunEnd,
    RunHeader,
    SchemaChange,
    Seal,
    WorkEnd,
)
from milo_bench.core.records.machine import Telemetry, Warmup

Record: TypeAlias = (
    RunHeader
    | Fixture
    | Attempt
    | LoadRequestRow
    | LoadWindow
    | ProbeResult
    | Telemetry
    | Episode
    | Execution
    | ModelJudgement
    | JudgeLicence
    | WorkEnd
    | Warmup
    | SchemaChange
    | Seal
    | RunEnd
)
