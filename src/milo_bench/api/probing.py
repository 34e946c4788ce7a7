"""A target and probes' names in; results as they come out, and into a run log where one is named."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import UsageError
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import Probe
from milo_bench.probes.context import ProbeOptions
from milo_bench.probes.recording import open_probe_log, watch_server_log
from milo_bench.probes.session import choose_probes, run_probes
from milo_bench.run.event_loop import run_to_end
from milo_bench.targets.opening import open_target


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
    probes = choose_probes(names)
    asked = msgspec.structs.replace(options or ProbeOptions(), probes=tuple(names))
    writer = None if out is None else open_probe_log(out, config)
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
            watched, wanted = watch_server_log(config, asked, Path(folder))
            run_to_end(_run(watched, env, probes, wanted, keep))
    finally:
        if writer is not None:
            writer.close()
    return tuple(results)


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
