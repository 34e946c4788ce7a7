"""Targets of the settings in, servers to forward to out: started, described, watched, closed where rules are void."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import ConfigError, MiloError, PrerequisiteError
from milo_bench.core.hiding import KeySearch
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.core.text import one_line
from milo_bench.gateway.upstream.health import TargetHealth
from milo_bench.gateway.upstream.kept_settings import client_of, refuse_lost
from milo_bench.gateway.upstream.pool import UpstreamPool, WholeReply
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.base import Fingerprinted, Target
from milo_bench.targets.http.echoed import find_keys
from milo_bench.targets.http.target import HttpTarget, first_tokens, headers_from
from milo_bench.targets.opening import open_target

_PROBE: Final = (Message("user", "Hello"),)
_PROBE_LIMITS: Final = Timeouts(connect_s=5.0, first_token_s=30.0, total_s=30.0)
_TOKENIZE_LIMITS: Final = Timeouts(connect_s=2.0, first_token_s=5.0, total_s=5.0)
PATHS: Final[Mapping[str, str]] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
}


class Upstream:
    """One target, started."""

    def __init__(
        self, config: TargetConfig, target: Target, client: OpenAiTarget, env: Mapping[str, str], interval_s: float
    ) -> None:
        self.name = config.name
        self.hosted = config.hosted
        self.price = config.price_record()
        self.record: TargetRecord = target.record
        self.runtime_version = ""  # as it was first known: the rules hold for no other
        self.health = TargetHealth(interval_s)
        self.client = client
        self.answers_as = ""  # the model that its answers name, as the first one said it
        self.holds_model = True
        self._target = target
        self._tells_tokens = True
        headers, secrets = headers_from(config, env)
        self.keys = KeySearch((*secrets, *find_keys(config.settings)))  # no reply may contain one
        self.has_keys = bool(self.keys)
        self._paths = {door: f"{client.address.path}{path}" for door, path in PATHS.items()}
        self.pool = UpstreamPool(client.address, headers, inside_only=config.inside_only, trust=client.trust)

    def path(self, door: str) -> str:
        return self._paths[door]

    def rendered(self, request: ChatRequest, *, stream: bool) -> bytes:
        """A measured request as this target is asked, streamed or whole."""
        body = self.client.payload(self.client.in_roles(request))
        body["stream"] = stream
        if not stream:
            body.pop("stream_options", None)
        return msgspec.json.encode(body)

    def forwarded(self, fields: Mapping[str, Any], *, stream: bool) -> bytes:
        """A client's own request under this target's model name."""
        return msgspec.json.encode(self.client.adapted(fields, stream=stream))

    async def probe(self) -> None:
        """Ask for one token as requests are sent; the health is told."""
        body = self.rendered(ChatRequest(_PROBE, max_tokens=first_tokens(hosted=self.hosted)), stream=False)
        reply = await self.pool.fetch(self.path("chat"), body, _PROBE_LIMITS)
        if reply.failure is not None:
            self.health.broke()
        self.health.probed(_probe_problem(reply, self), time.monotonic())

    def another_model(self, said: object) -> str:
        """What is wrong where an answer names another model than the first one did, "" where nothing is."""
        if not isinstance(said, str) or not said or said == self.answers_as or not self.holds_model:
            return ""
        if not self.answers_as:
            self.answers_as = said
            return ""
        return f"it answered as the model '{one_line(said)[:80]}', and before as '{one_line(self.answers_as)[:80]}'"

    async def count_tokens(self, text: str) -> int | None:
        """Tokens of ``text`` by this server's tokenizer (llama.cpp, vLLM: POST /tokenize); None where it does not tell.

        A server that does not know the path is asked no more.
        """
        if not self._tells_tokens:
            return None
        body = msgspec.json.encode({"content": text, "prompt": text, "model": self.record.model})
        path = f"{self.client.address.path.removesuffix('/v1')}/tokenize"
        reply = await self.pool.fetch(path, body, _TOKENIZE_LIMITS)
        if reply.failure is None and reply.status in (404, 405, 501):
            self._tells_tokens = False
        if reply.failure is not None or reply.status != 200:
            return None
        try:
            found = msgspec.json.decode(reply.body())
            tokens = found.get("tokens", found.get("count"))
        except (msgspec.DecodeError, AttributeError):
            return None
        count = len(tokens) if isinstance(tokens, list) else tokens
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    async def describe(self) -> TargetRecord:
        """What is served now. Raises TargetError where it cannot be reached."""
        if isinstance(self._target, HttpTarget):
            self.record = await self._target.describe()
        return self.record

    def take_renewed(self) -> bool:
        """Trust what its ``ca_file`` contains now; whether it changed. Raises ConfigError where it cannot be used."""
        own = self._target.trust if isinstance(self._target, HttpTarget) else None
        renewed = [trust.take_renewed() for trust in {own, self.client.trust} if trust is not None]
        return any(renewed)

    @property
    def sends_on(self) -> str:
        """The server outside the network that answers for a target that is not hosted, as its server says."""
        return self._target.forwards_to if isinstance(self._target, HttpTarget) and not self.record.hosted else ""

    async def behaviour(self) -> Behaviour:
        """Its answers to the fixed prompts; why there are none, where there are none."""
        if isinstance(self._target, Fingerprinted):
            return await self._target.behaviour()
        return Behaviour(problem="a target of this kind is not asked the fixed prompts")

    async def stop(self) -> None:
        self.pool.close()
        await self._target.stop()


def _probe_problem(reply: WholeReply, upstream: Upstream) -> str:
    if reply.failure is not None:
        return reply.message
    if reply.status != 200:
        return f"HTTP {reply.status}"
    try:
        document = msgspec.json.decode(reply.body())
        choices = document["choices"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return "its answer is not a completion"
    return upstream.another_model(document.get("model")) if choices else "its answer is empty"


async def open_upstreams(
    file: RoutingFile, configs: Mapping[str, TargetConfig], env: Mapping[str, str], interval_s: float
) -> dict[str, Upstream]:
    """Start every target of the table and check that it serves what was measured.

    A server that does not answer is taken all the same: its rules fall back until it does. Raises ConfigError
    for a target of another digest, and for settings that forwarding cannot keep.
    """
    opened: dict[str, Upstream] = {}
    try:
        for name in file.targets:
            opened[name] = await _open(configs[name], env, interval_s)
            hold_to(file, opened[name])
        check_digests(file, opened)
    except BaseException:
        for one in opened.values():
            await one.stop()
        raise
    return opened


def check_digests(file: RoutingFile, opened: Mapping[str, Upstream]) -> None:
    """Raises ConfigError where a target serves other weights than the rules were decided on."""
    digests = {name: one.record.model_digest for name, one in opened.items()}
    for name in file.changed_targets(digests):
        message = (
            f"The target '{name}' serves the model digest {digests[name]}, but the rules were decided on "
            f"{file.targets[name].model_digest}."
        )
        raise ConfigError(message, hint="serve the measured weights, or run the suite and decide again.")


async def _open(config: TargetConfig, env: Mapping[str, str], interval_s: float) -> Upstream:
    refuse_lost(config, env)
    target = open_target(config, env)
    problem = ""
    try:
        await target.start()
    except PrerequisiteError as error:
        # A server of our own that does not start will not come up later, and one that sends text on is never used.
        if not isinstance(target, HttpTarget) or target.forwards_to:
            await target.stop()
            raise
        problem = error.message
    except BaseException:
        await target.stop()
        raise
    try:
        client = client_of(target, config, env)
    except MiloError:
        await target.stop()
        raise
    upstream = Upstream(config, target, client, env, interval_s)
    if problem:
        upstream.health.probed(problem, time.monotonic())
    else:
        await upstream.probe()  # what was asked for above went another way than requests do
    return upstream


def hold_to(file: RoutingFile, one: Upstream) -> bool:
    """Close the routes of a target that serves other weights than ``file`` was decided on; whether it does."""
    one.holds_model = file.validity.void_when != "never"
    if one.sends_on:
        one.health.void_reason = f"its server sends text on to {one.sends_on}, which is outside your network"
        return True
    if not file.changed_targets({one.name: one.record.model_digest}):
        return False
    one.health.void_reason = f"it serves the model digest {one.record.model_digest}, which was not measured"
    return True


class TargetWatch:
    """Probes targets that had no token lately and looks whether they still serve what was measured."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._looks: dict[str, asyncio.Task[None]] = {}

    def start(self, current: Any) -> None:
        """``current()`` gives the routing file and the upstreams that are served now."""
        self._task = asyncio.get_running_loop().create_task(self._run(current))

    async def stop(self) -> None:
        for task in (self._task, *self._looks.values()):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _run(self, current: Any) -> None:
        """Each target for itself: one that hangs keeps nobody from looking at the others."""
        while True:
            await asyncio.sleep(self._interval_s / 2)
            file, upstreams = current()
            for name, one in upstreams.items():
                before = self._looks.get(name)
                if before is None or before.done():
                    self._looks[name] = asyncio.get_running_loop().create_task(self._look(file, one))

    async def _look(self, file: RoutingFile, one: Upstream) -> None:
        health, now_s = one.health, time.monotonic()
        if now_s < health.cool_until_s:
            return
        quiet = health.token_s is None or now_s - health.token_s > self._interval_s / 2
        if quiet or health.open_reason:
            was_down = bool(health.open_reason)
            await one.probe()
            if was_down and not health.open_reason:
                await self._same_model(file, one)  # what came back may be another model
                return
        await self._same_model(file, one)

    async def _same_model(self, file: RoutingFile, one: Upstream) -> None:
        with contextlib.suppress(MiloError):
            before = one.runtime_version = one.runtime_version or one.record.runtime_version
            record = await one.describe()
            if hold_to(file, one):
                return
            if before and record.runtime_version != before and file.validity.void_when != "never":
                one.health.void_reason = f"its runtime was {before} and is {record.runtime_version or 'unknown'}"
            else:
                one.health.void_reason = ""
                if record.model_digest and record.model_digest == file.targets[one.name].model_digest:
                    one.answers_as = ""  # the measured weights, whatever their server calls them now
