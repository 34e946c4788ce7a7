"""A target and probes' names in; results as they come out, and into a run log where one is named."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import UsageError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Plan, ProbeResult, RunHeader, SuiteRef, TargetRecord
from milo_bench.core.version import __version__
from milo_bench.probes.base import Probe
from milo_bench.probes.context import ProbeOptions
from milo_bench.probes.session import chosen, run_probes
from milo_bench.run.event_loop import run_to_end
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.targets import open_target

_GRAVE = ("major", "critical")


def probe_target(
    config: TargetConfig,
    env: Mapping[str, str],
    *,
    names: Sequence[str] = (),
    options: ProbeOptions | None = None,
    out: Path | None = None,
    allow_hosted: bool = False,
    listen: Callable[[ProbeResult], None] | None = None,
) -> tuple[ProbeResult, ...]:
    """Run the probes called ``names`` (all, where none is) on one target; every result is told to ``listen`` at once.

    ``out`` is a run log: a new one is made, an existing one gets the results added. Raises
    UsageError for an unknown probe, or a hosted target without ``allow_hosted``; DataError for
    an ``out`` that is no run log.
    """
    if config.hosted and not allow_hosted:
        message = f"'{config.name}' is a hosted target: probes would send it hundreds of paid requests."
        raise UsageError(message, hint="add --allow-hosted to allow that.")
    probes = chosen(names)
    writer = None if out is None else _open_log(out, config)
    results: list[ProbeResult] = []

    def keep(result: ProbeResult) -> None:
        results.append(result)
        if writer is not None:
            writer.append(result)
            writer.flush()
        if listen is not None:
            listen(result)

    try:
        with tempfile.TemporaryDirectory(prefix="milo-bench-probe-") as folder:
            watched, wanted = _with_log(config, options or ProbeOptions(), Path(folder))
            run_to_end(_run(watched, env, probes, wanted, keep))
    finally:
        if writer is not None:
            writer.close()
    return tuple(results)


def has_grave_failure(results: Sequence[ProbeResult]) -> bool:
    """Whether a probe of severity major or critical failed: what exit code 1 stands for."""
    return any(result.outcome == "fail" and result.severity in _GRAVE for result in results)


async def _run(
    config: TargetConfig,
    env: Mapping[str, str],
    probes: Sequence[Probe],
    options: ProbeOptions,
    keep: Callable[[ProbeResult], None],
) -> None:
    running = run_probes(config, env, probes, options=options, open_fresh=lambda wanted: open_target(wanted, env))
    try:
        async for result in running:
            keep(result)
    finally:
        await running.aclose()


def _with_log(config: TargetConfig, options: ProbeOptions, folder: Path) -> tuple[TargetConfig, ProbeOptions]:
    """A server of ours writes its log where the search for canaries looks."""
    if config.api != "llamacpp":
        return config, options
    kept = config.settings.get("log")
    log = str(kept or folder / "server.log")
    watched = config.model_copy(update={"settings": {**config.settings, "log": log}})
    return watched, msgspec.structs.replace(options, logs=(*options.logs, log), passing_log="" if kept else log)


def _open_log(path: Path, config: TargetConfig) -> RunLogWriter:
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
    return RunLogWriter.create(path, header, ())


__all__ = ["ProbeOptions", "has_grave_failure", "probe_target"]
