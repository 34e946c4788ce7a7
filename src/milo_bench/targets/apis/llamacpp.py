"""GGUF weights in, answers out: a llama.cpp server of our own, started, watched and stopped with the run."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.config.target_settings import LlamaCppSettings, typed_settings
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.errors import PrerequisiteError, TargetError
from milo_bench.core.records import Behaviour, Failure, TargetRecord, Timeouts
from milo_bench.core.weights.cache import cache_directory
from milo_bench.core.weights.digests import DigestBook
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.base import TARGET_APIS, OnEnd, Target
from milo_bench.targets.http.failures import show_server_text
from milo_bench.targets.llamacpp.gguf import GgufFacts, read_gguf
from milo_bench.targets.llamacpp.process import ServerProcess
from milo_bench.targets.llamacpp.replicas import ReplicatedTarget
from milo_bench.targets.llamacpp.weights import find_weights

_BROKEN = ("reset", "connect_refused", "bad_stream")
_DEATH_GRACE_S = 2.0
_DEFAULT_CONTEXT = 4096


def _version() -> str:
    """Of the server inside. Raises PrerequisiteError where it is not installed."""
    try:
        return importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError:
        message = "A 'llamacpp' target needs the embedded server, which is not installed."
        raise PrerequisiteError(message, hint="pip install 'milo-bench[embedded]'") from None


class LlamaCppTarget:
    """A model file served by xllamacpp on a free port of the loopback.

    ``context_window`` is what one slot holds; the server gets that times ``parallel``.
    ``settings``: ``seed``, ``cache_prompt``, ``start_timeout_s``, ``extra_body``, ``log`` (a file
    for the server's log), ``servers``. ``cache_prompt`` is false unless set: a slot that still holds an
    equal or similar prompt would answer a repeat sooner than the first time, and runs would not compare.
    ``servers`` above 1 starts as many equal servers, each with its own ``threads`` and slots; a request
    goes to the least busy one. Without a GPU, two servers with one thread each do more than one with two,
    because the threads of one server wait for each other at every layer.
    """

    def __init__(self, config: TargetConfig, env: Mapping[str, str]) -> None:
        self._settings = typed_settings(LlamaCppSettings, config.name, config.settings)
        self._config = config
        self._env = env
        self._alias = config.model or config.name
        self._process = self._new_process()
        self._client: OpenAiTarget | None = None
        self._dead: Failure | None = None
        self._record = TargetRecord(
            name=config.name,
            api=config.api,
            model=self._alias,
            quantisation=config.quantisation,
            family=config.family,
            runtime="llama.cpp (xllamacpp)",
            runtime_version=_version(),
            context_window=config.context_window,
            price=config.price_record(),
        )

    @property
    def record(self) -> TargetRecord:
        return self._record

    @property
    def client(self) -> OpenAiTarget | None:
        """Who speaks to the server, once it was started."""
        return self._client

    async def start(self) -> TargetRecord:
        """See ``base.Target.start``. The weights are found (or quantised) and hashed first."""
        path, facts, digest = await asyncio.to_thread(self._find)
        wanted = self._parameters(path, facts)
        limit_s = self._settings.start_timeout_s
        self._process, self._dead = self._new_process(), None
        address = await self._process.start(wanted, limit_s)
        extra = {
            "cache_prompt": wanted["cache_prompt"],
            "timings_per_token": True,  # how many tokens a chunk holds
            **self._settings.extra_body,
        }
        inner = self._config.model_copy(
            update={"base_url": f"{address}/v1", "model": self._alias, "settings": {"extra_body": extra}}
        )
        self._client = OpenAiTarget(inner, self._env)
        try:
            told = await self._client.start()
        except TargetError:
            died, said = await self._process.has_died(), self._process.last_words()
            await self.stop()
            if died:
                message = f"The server of target '{self._config.name}' ended before its first token: {said}"
                raise TargetError(message, hint="check the weights and the free memory.") from None
            raise
        except BaseException:
            await self.stop()
            raise
        shown = {key: value for key, value in wanted.items() if key not in ("model", "alias", "port", "context")}
        self._record = msgspec.structs.replace(
            self._record,
            endpoint=address,
            model_digest=f"sha256:{digest}",
            quantisation=facts.quantisation or self._config.quantisation,
            family=self._config.family or facts.architecture,
            context_window=wanted["context"],
            cache="" if wanted["cache_prompt"] else "off",
            settings={
                **shown,
                "n_ctx_per_slot": wanted["context"],
                "architecture": facts.architecture,
                "parameters": facts.parameters,
                "context_length_trained": facts.context_length,
                # Without one the server falls back to a general template that the model never saw.
                "chat_template": "from the model file" if facts.has_chat_template else "none",
                "weights_file": path.name,
            },
            # Its arguments are our own, in settings; the cache has llama.cpp's default type.
            identity=msgspec.structs.replace(
                told.identity, weights_from="file that this server was given", flags={}, cache="k=f16, v=f16"
            ),
        )
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
        """See ``base.Target.ask``. Where the server process ended, the failure is ``server_died`` with its last log."""
        if self._client is None:
            message = f"Target '{self._config.name}' was not started."
            raise TargetError(message, hint="call start() first.")
        exchange = await self._client.ask(
            request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s, on_end=on_end
        )
        failure = exchange.failure
        if failure is None or failure.kind not in _BROKEN:
            return exchange
        if self._dead is None and await self._process.has_died(_DEATH_GRACE_S):
            said = show_server_text(self._process.last_words())
            self._dead = Failure("server_died", f"the server process ended: {said}")
        return exchange if self._dead is None else msgspec.structs.replace(exchange, failure=self._dead)

    async def behaviour(self) -> Behaviour:
        """See ``base.Fingerprinted``."""
        return Behaviour(problem="it was not started") if self._client is None else await self._client.behaviour()

    async def models(self) -> tuple[str, ...]:
        return () if self._client is None else await self._client.models()

    def server_pids(self) -> tuple[int, ...]:
        return () if self._process.pid is None else (self._process.pid,)

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.stop()
        await self._process.stop()

    def _new_process(self) -> ServerProcess:
        log = self._settings.log
        return ServerProcess(self._config.name, self._env, Path(log) if log else None)

    def _find(self) -> tuple[Path, GgufFacts, str]:
        path = find_weights(self._config.weights or "", self._env)
        book = DigestBook(cache_directory(self._env) / "digests.json", budget_s=None, largest_bytes=None)
        digest, why = book.digest(path)
        if not digest:
            raise PrerequisiteError(f"Cannot hash the weights {path}: {why}.", hint="check the file's permissions.")
        book.save()
        return path, read_gguf(path), digest

    def _parameters(self, path: Path, facts: GgufFacts) -> dict[str, Any]:
        config = self._config
        context = config.context_window or min(facts.context_length or _DEFAULT_CONTEXT, _DEFAULT_CONTEXT)
        return {
            "model": str(path),
            "alias": self._alias,
            "port": 0,
            "context": context,
            "parallel": config.parallel or 1,
            "threads": config.threads or max(1, (os.cpu_count() or 2) // 2),
            "gpu_layers": config.gpu_layers if config.gpu_layers is not None else -1,
            "seed": self._settings.seed,
            "cache_prompt": self._settings.cache_prompt,
        }


def open_servers(config: TargetConfig, env: Mapping[str, str]) -> Target:
    """One server, or as many as ``settings`` names. Raises ConfigError for settings that are wrong."""
    count = typed_settings(LlamaCppSettings, config.name, config.settings).servers
    members = [LlamaCppTarget(config, env) for _ in range(count)]
    return members[0] if count == 1 else ReplicatedTarget(members)


TARGET_APIS.add("llamacpp", open_servers)
