"""Probes' names and a target's settings in, one result a probe out; no probe ends the session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import MiloError
from milo_bench.core.hiding import KeySearch
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import OpenFresh, ProbeContext, ProbeOptions
from milo_bench.targets.http.echoed import data_without_keys
from milo_bench.targets.http.target import headers_from, keys_of


def all_probes() -> tuple[Probe, ...]:
    """All probes, in the order in which they run."""
    return tuple(sorted((probe for _, probe in PROBES), key=lambda probe: (probe.order, probe.name)))


def choose_probes(names: Sequence[str]) -> tuple[Probe, ...]:
    """The probes called ``names`` (all, if none is named) in running order. Raises UsageError for a wrong name."""
    for name in names:
        PROBES.get(name)
    return tuple(probe for probe in all_probes() if not names or probe.name in names)


async def run_probes(
    config: TargetConfig,
    env: Mapping[str, str],
    probes: Sequence[Probe],
    *,
    options: ProbeOptions,
    open_fresh: OpenFresh,
) -> AsyncGenerator[ProbeResult, None]:
    """Run ``probes`` one after the other; each result as soon as it is there.

    A probe that meets a broken target, breaks itself or passes its limit is undecided and says
    so. A server of ours that a probe left dead is started again for the next one. Raises
    TargetError where not even the first start works and no probe could say anything.
    """
    ctx = ProbeContext.make(config, env, options, open_fresh)
    keys = _keys_of(config, env)
    try:
        for probe in probes:
            # A prompt that the last probe left at work would be judged as this one's.
            settled = await ctx.settle()
            began_s = time.monotonic()
            result = await _run_one(ctx, probe)
            took: dict[str, object] = {"took_s": round(time.monotonic() - began_s, 2)}
            if not settled:
                took["still_at_work_before"] = True
            yield msgspec.structs.replace(
                result,
                finding=keys.hidden(result.finding),
                evidence=data_without_keys({**result.evidence, **took}, keys),
            )
            if ctx.started and ctx.owned and not await ctx.answers():
                await ctx.renew()
    finally:
        await ctx.close()


def _keys_of(config: TargetConfig, env: Mapping[str, str]) -> KeySearch:
    """Probes read a server's words in ways of their own, so each result is looked through for the target's keys."""
    try:
        _, secrets = headers_from(config, env)
    except MiloError:
        secrets = ()
    return keys_of(config, secrets)


async def _run_one(ctx: ProbeContext, probe: Probe) -> ProbeResult:
    try:
        async with asyncio.timeout(probe.limit_s):
            return await probe.run(ctx)
    except TimeoutError:
        return probe.undecided(ctx, f"The probe did not end within {seconds(probe.limit_s)}.")
    except MiloError as error:
        return probe.undecided(ctx, error.message, {"hint": error.hint})
    except Exception as error:  # a broken probe says nothing about the target, and must not end the others
        return probe.undecided(ctx, f"The probe itself crashed: {type(error).__name__}: {error}.")
