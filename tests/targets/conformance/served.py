"""A target API's name and a script in, a started target on a server that follows the script out.

A new API needs one entry in ``BACKENDS``; the suite takes the names from the registry and fails
where an entry is missing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from milo_bench.config.settings import TargetConfig
from milo_bench.targets import TARGET_APIS, Target, open_target
from milo_bench.targets.apis.fake import FakeTarget
from milo_bench.targets.fake.server import FakeServer, start_fake

KEY = "sk-conformance-0123456789"
ENV = {"CONFORMANCE_KEY": KEY}
Script: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Served:
    """A started target; ``fake`` is the scripted server behind it, None behind a real model."""

    target: Target
    fake: FakeServer | None

    @property
    def server(self) -> FakeServer:
        assert self.fake is not None, "only scripted backends show their server"
        return self.fake


Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Served]]


@dataclass(frozen=True)
class Backend:
    """How the suite gets a server for one API, and what that API has no word for."""

    serve: Callable[[Path], Serve] | None  # None: a real model, see the fixture ``any_target``
    lacks: frozenset[str] = frozenset()


def _over(api: str, path: str) -> Callable[[Path], Serve]:
    def backend(folder: Path) -> Serve:
        @asynccontextmanager
        async def serve(script: Script, **config: Any) -> AsyncIterator[Served]:
            async with start_fake(script) as fake:
                given = TargetConfig(name="tested", api=api, model="fake-1", base_url=fake.address + path, **config)
                target = open_target(given, ENV)
                try:
                    yield Served(target, fake)
                finally:
                    await target.stop()

        return serve

    return backend


def _fake(folder: Path) -> Serve:
    @asynccontextmanager
    async def serve(script: Script, **config: Any) -> AsyncIterator[Served]:
        file = folder / "script.json"
        file.write_text(json.dumps(script))
        target = open_target(TargetConfig(name="tested", api="fake", script=str(file), **config), ENV)
        assert isinstance(target, FakeTarget)
        await target.start()
        try:
            yield Served(target, target.server)
        finally:
            await target.stop()

    return serve


BACKENDS: Mapping[str, Backend] = {
    "openai": Backend(_over("openai", "/v1")),
    # Ollama's lines carry no comments, no reasoning counts, and its end mark is its last line.
    "ollama": Backend(_over("ollama", ""), lacks=frozenset({"keep_alive", "cached_tokens", "separate_end_mark"})),
    "fake": Backend(_fake, lacks=frozenset({"base_url"})),
    "llamacpp": Backend(None),
}


def all_apis() -> tuple[str, ...]:
    """Every API that has a file, or has registered itself."""
    return TARGET_APIS.names()


SCRIPTED = tuple(api for api in all_apis() if api not in BACKENDS or BACKENDS[api].serve is not None)


def with_a_word_for(what: str) -> tuple[str, ...]:
    """The scripted APIs that can say ``what``."""
    return tuple(api for api in SCRIPTED if api not in BACKENDS or what not in BACKENDS[api].lacks)
