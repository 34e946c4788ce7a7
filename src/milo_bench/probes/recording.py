"""A target and a run log in; the log that probe results are added to, and where a server writes its own, out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Plan, ProbeResult, RunHeader, SuiteRef, TargetRecord
from milo_bench.core.version import __version__
from milo_bench.probes.context import ProbeOptions
from milo_bench.store.log.earlier import earlier_logs
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter

_GRAVE = ("major", "critical")


def open_probe_log(path: Path, config: TargetConfig) -> RunLogWriter:
    if path.exists():
        log = read_run_log(path)
        return RunLogWriter.resume(path, log.header, tuple(log.fixtures.values())).writer
    now = datetime.now(UTC).isoformat(timespec="seconds")
    target = TargetRecord(
        name=config.name,
        api=config.api,
        model=config.model,
        hosted=config.hosted,
        quantisation=config.quantisation,
        family=config.family,
        context_window=config.context_window,
    )
    header = RunHeader(
        run_id=uuid.uuid4().hex[:12],
        created_at=now,
        tool_version=__version__,
        suite=SuiteRef("probes", __version__, sha256_data([])),
        workloads=(),
        targets=(target,),
        plan=Plan(fixtures=(), targets=(config.name,)),
    )
    header = msgspec.structs.replace(header, earlier=earlier_logs(path, header, "probe") or msgspec.UNSET)
    return RunLogWriter.create(path, header, (), resumes=False)


def watch_server_log(config: TargetConfig, options: ProbeOptions, folder: Path) -> tuple[TargetConfig, ProbeOptions]:
    """A server of ours writes its log where the search for canaries looks."""
    if config.api != "llamacpp":
        return config, options
    kept = config.settings.get("log")
    log = str(kept or folder / "server.log")
    watched = config.model_copy(update={"settings": {**config.settings, "log": log}})
    return watched, msgspec.structs.replace(options, logs=(*options.logs, log), passing_log="" if kept else log)


def has_grave_failure(results: Sequence[ProbeResult]) -> bool:
    """Whether a probe of severity major or critical failed: what exit code 1 stands for."""
    return any(result.outcome == "fail" and result.severity in _GRAVE for result in results)
