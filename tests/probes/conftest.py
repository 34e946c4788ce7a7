"""One probe run against one address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.records import ProbeResult
from milo_bench.probes.context import ProbeContext, ProbeOptions
from milo_bench.probes.session import choose_probes
from milo_bench.targets import open_target

RunProbe = Callable[..., Awaitable[ProbeResult]]


@pytest.fixture
def run_probe() -> RunProbe:
    """``await run_probe(name, base_url)``: the result, from a target of its own."""

    async def run(
        name: str, base_url: str, options: ProbeOptions | None = None, config: dict[str, Any] | None = None
    ) -> ProbeResult:
        given = {"name": "t", "api": "openai", "model": "fake-1", "base_url": base_url or None, **(config or {})}
        settings = TargetConfig.model_validate(given)
        ctx = ProbeContext.make(settings, {}, options or ProbeOptions(quick=True), lambda c: open_target(c, {}))
        try:
            (probe,) = choose_probes([name])
            return await probe.run(ctx)
        finally:
            await ctx.close()

    return run
