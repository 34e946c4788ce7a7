"""A target's settings in; what every probe needs of it out: questions, raw requests, processes, fresh canaries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import TargetError
from milo_bench.core.records import Frozen, Timeouts
from milo_bench.probes.canary import CanarySource
from milo_bench.probes.processes import own_address
from milo_bench.targets.base import Shared, Target
from milo_bench.targets.http.address import Address, parse_address
from milo_bench.targets.http.reply import HttpReply, Wire
from milo_bench.targets.http.target import headers_from, open_wire

OpenFresh: TypeAlias = Callable[[TargetConfig], Target]

# APIs whose servers the bench starts and ends itself.
OWNED_APIS = frozenset({"llamacpp", "fake"})
_CONNECT_S = 5.0
_SETTLED_WITHIN_S, _LOOK_S = 30.0, 0.1


class ProbeOptions(Frozen, frozen=True):
    """What the person asked for. ``logs`` are files, folders or ``journal:UNIT``; ``probes`` names, () for all.

    ``passing_log`` is the one among them that ends with the session: the log of our own server.
    """

    quick: bool = False
    probes: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    passing_log: str = ""
    restart_command: tuple[str, ...] = ()
    ask_limit_s: float = 60.0  # of a single request


@dataclass
class ProbeContext:
    """One session with one target. ``address`` is known at once for a server that runs already."""

    config: TargetConfig
    env: Mapping[str, str]
    options: ProbeOptions
    open_fresh: OpenFresh
    target: Target
    began_at_s: float = field(default_factory=time.time)
    canaries: CanarySource = field(default_factory=CanarySource)
    address: Address | None = None
    started: bool = False
    first_start: dict[str, Any] | None = None  # what a watched start gave, for the probe that asks after it
    owned: bool = False
    _wires: dict[str, Wire] = field(default_factory=dict)

    @classmethod
    def make(
        cls, config: TargetConfig, env: Mapping[str, str], options: ProbeOptions, open_fresh: OpenFresh
    ) -> ProbeContext:
        ctx = cls(config, env, options, open_fresh, open_fresh(config), owned=config.api in OWNED_APIS)
        if config.base_url:
            ctx.address = parse_address(config.base_url)
        return ctx

    @property
    def quick(self) -> bool:
        return self.options.quick

    # ------------------------------------------------------------ life of the target

    async def start(self) -> None:
        """Have the target started and one token generated. Does nothing where that is so already."""
        if self.started:
            return
        record = await self.target.start()
        self.started = True
        if record.endpoint:
            self.address = parse_address(record.endpoint)
        elif self.owned:
            self.address = await asyncio.to_thread(own_address, self.target.server_pids())

    async def renew(self) -> None:
        """A fresh target in place of one that ended; not started."""
        await self.close()
        self.target = self.open_fresh(self.config)

    async def close(self) -> None:
        for wire in self._wires.values():
            await wire.close()
        self._wires.clear()
        self.started = False
        await self.target.stop()

    async def settle(self) -> bool:
        """Wait until the server has ended what a probe left it with; False where it does not within half a minute.

        At once for a server that does not say what it works on.
        """
        if not self.started or not isinstance(self.target, Shared):
            return True
        end_s = time.monotonic() + _SETTLED_WITHIN_S
        while (count := await self.target.requests_at_work()) is not None and count > 0:
            if time.monotonic() > end_s:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    # ------------------------------------------------------------ questions

    async def ask(
        self,
        text: str,
        *,
        max_tokens: int = 16,
        system: str = "",
        request: ChatRequest | None = None,
        canary: bool = True,
        limit_s: float | None = None,
        target: Target | None = None,
    ) -> Exchange:
        """One question through the target, a fresh canary in front of it; times count from now.

        ``request`` gives the rest of what is asked (stop, seed, schema, tools); its messages come
        after the canary's. The answer is a failure, never an exception.
        """
        marked = f"Ref {self.canaries.fresh()}\n{text}" if canary else text
        first = (Message("system", system),) if system else ()
        base = request or ChatRequest((), max_tokens=max_tokens)
        whole = msgspec.structs.replace(base, messages=(*first, Message("user", marked), *base.messages))
        return await self.send(whole, limit_s=limit_s, target=target)

    def as_client(self) -> Target | None:
        """The same model as most clients call it, where the bench adds something that protects itself alone.

        That is Ollama's own API, where we send ``truncate: false`` and ``shift: false``. To be stopped by the caller.
        """
        settings = self.config.settings
        if self.config.api != "ollama" or settings.get("as_client"):
            return None
        rest = {name: value for name, value in settings.items() if name not in ("truncate", "shift")}
        return self.open_fresh(self.config.model_copy(update={"settings": {**rest, "as_client": True}}))

    async def send(
        self, request: ChatRequest, *, limit_s: float | None = None, target: Target | None = None
    ) -> Exchange:
        limit = limit_s or self.options.ask_limit_s
        zero_s = time.monotonic()
        limits = Timeouts(connect_s=_CONNECT_S, first_token_s=limit, total_s=limit)
        return await (target or self.target).ask(request, timeouts=limits, zero_s=zero_s, intended_s=0.0)

    # ------------------------------------------------------------ raw requests

    @property
    def place(self) -> Address:
        """Where the server listens. Raises TargetError before it is known."""
        if self.address is None:
            message = f"The address of target '{self.config.name}' is unknown before it starts."
            raise TargetError(message, hint="set base_url in bench.yaml.")
        return self.address

    @property
    def model(self) -> str:
        return self.config.model or self.target.record.model or self.config.name

    @property
    def api_path(self) -> str:
        """Path of the OpenAI-style API. Ollama has one beside its own."""
        base = parse_address(self.config.base_url).path if self.config.base_url else ""
        return base or "/v1"

    @property
    def chat_path(self) -> str:
        return f"{self.api_path}/chat/completions"

    def wire(self, *, key: bool = True) -> Wire:
        """The measured client, apart from the target's own connections; without the key where asked."""
        name = f"{self.place.shown} {key}"
        if name not in self._wires:
            headers = headers_from(self.config, self.env)[0] if key else {"Content-Type": "application/json"}
            self._wires[name] = open_wire(self.place, headers, self.config, self.env)
        return self._wires[name]

    def request_headers(self) -> dict[str, str]:
        """With the key: never to be kept as evidence."""
        return headers_from(self.config, self.env)[0]

    def body(self, text: str, *, max_tokens: int = 8, stream: bool = False) -> dict[str, Any]:
        """A raw OpenAI chat request as plain data, with a fresh canary."""
        marked = f"Ref {self.canaries.fresh()}\n{text}"
        extra = self.config.settings.get("extra_body", {})
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": marked}],
            "max_tokens": max_tokens,
            "temperature": 0.0,
            "stream": stream,
            **(extra if isinstance(extra, Mapping) else {}),
        }

    async def post(self, body: bytes | Mapping[str, Any], *, limit_s: float = 15.0, key: bool = True) -> HttpReply:
        """POST to the chat path, whatever ``body`` says."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        limits = Timeouts(connect_s=_CONNECT_S, first_token_s=limit_s, total_s=limit_s)
        return await self.wire(key=key).fetch("POST", self.chat_path, data, timeouts=limits)

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        limit_s: float = 5.0,
        key: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        limits = Timeouts(connect_s=min(_CONNECT_S, limit_s), first_token_s=limit_s, total_s=limit_s)
        return await self.wire(key=key).fetch(method, path, timeouts=limits, headers=headers)

    async def answers(self, limit_s: float = 15.0) -> bool:
        """Whether one token comes now."""
        exchange = await self.ask("ping", max_tokens=1, limit_s=limit_s)
        return exchange.failure is None
