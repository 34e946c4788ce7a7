"""What a run needs of its log once it is open; ``store.log.writer.Resumed`` gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from milo_bench.core.records import AttemptKey, FailureKind, RunHeader
from milo_bench.store.log.writer import RunLogWriter


class OpenedLog(Protocol):
    """A log ready for attempts; ``store.log.writer.Resumed`` is one."""

    @property
    def writer(self) -> RunLogWriter: ...

    @property
    def done(self) -> Mapping[AttemptKey, FailureKind | None]: ...

    @property
    def last_s(self) -> float: ...

    @property
    def fixtures(self) -> frozenset[str]: ...

    @property
    def messages(self) -> tuple[str, ...]: ...


OpenRunLog = Callable[[RunHeader], OpenedLog]
