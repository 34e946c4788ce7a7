"""One parameter for each registered API; a registered one without a backend fails by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.targets.conformance.served import BACKENDS, SCRIPTED, Backend, Serve, Served, all_apis


def _backend(api: str) -> Backend:
    if api not in BACKENDS:
        pytest.fail(f"the target api '{api}' has no entry in tests/targets/conformance/served.py")
    return BACKENDS[api]


@pytest.fixture(params=SCRIPTED)
def api(request: pytest.FixtureRequest) -> str:
    """An API whose server can be scripted."""
    return str(request.param)


@pytest.fixture
def lacks(api: str) -> frozenset[str]:
    return _backend(api).lacks


@pytest.fixture
def serve(api: str, tmp_path: Path) -> Serve:
    """``async with serve(script, **config) as served``."""
    start = _backend(api).serve
    assert start is not None
    return start(tmp_path)


@pytest.fixture(params=[api if api in SCRIPTED else pytest.param(api, marks=pytest.mark.model) for api in all_apis()])
def any_serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """Like ``serve``, over every API: one with a real model follows no script."""
    backend = _backend(str(request.param))
    if backend.serve is not None:
        return backend.serve(tmp_path)
    target = request.getfixturevalue("smollm2_target")

    @asynccontextmanager
    async def real(script: Any, **config: Any) -> AsyncIterator[Served]:
        yield Served(target, None)

    return real
