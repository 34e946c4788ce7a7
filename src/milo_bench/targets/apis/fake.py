"""A script in, a target out that answers from it: our own server on loopback, asked by the client of ``openai``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.config.target_settings import FakeSettings, typed_settings
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Failure, TargetRecord, Timeouts
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.base import TARGET_APIS, OnEnd
from milo_bench.targets.fake.process import FakeProcess, start_fake_process
from milo_bench.targets.fake.script import Script, load_script
from milo_bench.targets.fake.server import FakeServer
from milo_bench.targets.http.vectors import Vectors


class FakeTarget:
    """Scripted answers, served over real TCP.

    ``settings.process: true`` starts the server as a process of its own, which can really die
    (``server_died``) and whose memory can be watched; otherwise it runs in this process. ``start``
    asks nothing, so that the script's request numbers count from the first real request.
    """

    def __init__(self, config: TargetConfig, env: Mapping[str, str]) -> None:
        typed_settings(FakeSettings, config.name, config.settings)
        self._config = config
        self._env = env
        self._path = Path(config.script or "")
        self._script: Script = load_script(self._path)
        self._server: FakeServer | None = None
        self._process: FakeProcess | None = None
        self._client: OpenAiTarget | None = None
        self._record = TargetRecord(
            name=config.name,
            api=config.api,
            model=config.model or self._script.models[0],
            hosted=config.hosted,  # so that the rules for hosted targets can be tried without one
            quantisation=config.quantisation,
            family=config.family,
            runtime="fake",
            context_window=config.context_window or self._script.context_window,
            price=config.price_record(),
            settings=dict(config.settings),
        )

    @property
    def record(self) -> TargetRecord:
        return self._record

    @property
    def server(self) -> FakeServer | None:
        """The server with its request log, where it runs in this process."""
        return self._server

    @property
    def client(self) -> OpenAiTarget | None:
        """Who speaks to the server, once it was started."""
        return self._client

    async def start(self) -> TargetRecord:
        """Launch the server. Raises TargetError where its process does not come up."""
        if self._config.settings.get("process"):
            self._process = await start_fake_process(self._path)
            address = self._process.address
        else:
            self._server = FakeServer(self._script)
            await self._server.start()
            address = self._server.address
        inner = self._config.model_copy(
            update={"api": "openai", "base_url": f"{address}/v1", "model": self._record.model, "settings": {}}
        )
        self._client = OpenAiTarget(inner, self._env)
        return self._record

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        """See ``base.Target.ask``."""
        exchange = await self._started().ask(
            request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s, on_end=on_end
        )
        if exchange.failure is None or exchange.failure.kind not in ("reset", "connect_refused", "bad_stream"):
            return exchange
        if self._process is None or not await self._process.ended():
            return exchange
        died = Failure("server_died", f"the fake server ended with exit code {self._process.process.returncode}")
        return msgspec.structs.replace(exchange, failure=died)

    async def describe_embeddings(self) -> TargetRecord:
        """See ``base.Embeds``."""
        return await self.start()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Embeds``."""
        return await self._started().embed(texts)

    async def models(self) -> tuple[str, ...]:
        return await self._started().models()

    def server_pids(self) -> tuple[int, ...]:
        if self._process is not None:
            return (self._process.pid,)
        return (os.getpid(),) if self._server is not None else ()

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.stop()
        if self._server is not None:
            await self._server.stop()
        if self._process is not None:
            await self._process.stop()

    def _started(self) -> OpenAiTarget:
        if self._client is None:
            raise RuntimeError("start the target before sending requests")
        return self._client


TARGET_APIS.add("fake", FakeTarget)
