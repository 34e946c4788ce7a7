"""A real embedded server: SmolLM2-135M, one thread, two slots, one for each worker."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import settings

from milo_bench.config.settings import TargetConfig
from milo_bench.targets import Target, open_target
from milo_bench.targets.llamacpp.weights import find_smollm2

# Nothing is judged by the clock: the first text of a script loads the model that recognises its language.
settings.register_profile("milo", deadline=None)
settings.load_profile("milo")


@pytest.fixture(scope="session")
def smollm2_config() -> TargetConfig:
    """A target on the packaged weights."""
    assert find_smollm2() is not None, "the weights are not installed. hint: make install"
    return TargetConfig(
        name="smollm2",
        api="llamacpp",
        model="SmolLM2-135M-Instruct",
        weights="builtin:smollm2",
        context_window=2048,
        threads=1,
        parallel=2,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def smollm2_target(smollm2_config: TargetConfig) -> AsyncIterator[Target]:
    """Started once. Tests that ask it run on the session's loop: ``@pytest.mark.asyncio(loop_scope="session")``."""
    target = open_target(smollm2_config, os.environ)
    await target.start()
    try:
        yield target
    finally:
        await target.stop()
