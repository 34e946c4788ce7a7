"""A chat request in, one HTTP exchange and its record out; what every target over HTTP shares."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import TargetError
from milo_bench.core.hiding import KeySearch, hidden_keys
from milo_bench.core.records import Behaviour, Failure, TargetRecord, Timeouts
from milo_bench.core.suggest import closest
from milo_bench.core.units import seconds
from milo_bench.core.weights.cache import cache_directory
from milo_bench.core.weights.digests import DigestBook
from milo_bench.targets.base import OnEnd
from milo_bench.targets.fingerprint import read_behaviour
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.answer import StreamedAnswer, decode_json
from milo_bench.targets.http.echoed import data_without_keys, find_keys, opening_without_keys, without_keys
from milo_bench.targets.http.failures import refusal
from milo_bench.targets.http.next_hop import forwarded_to, public_sign
from milo_bench.targets.http.plain import open_plain
from milo_bench.targets.http.reply import HttpReply, Wire
from milo_bench.targets.http.roles import merge_system
from milo_bench.targets.http.thinking import judge_cut
from milo_bench.targets.listening import listening_pids, serving_pids

if TYPE_CHECKING:
    from milo_bench.targets.http.tls import Trust

_ENCODER = msgspec.json.Encoder()
# Read between two turns of the loop, one answer at a time, so that other streams' stamps do not wait for our JSON.
_EVENTS_AT_ONCE = 32
_SHORT_ANSWER = Timeouts(connect_s=5.0, first_token_s=60.0, total_s=60.0)
_LOOKUP = Timeouts(connect_s=5.0, first_token_s=10.0, total_s=10.0)
EMBEDDING = Timeouts(connect_s=10.0, first_token_s=120.0, total_s=300.0)
START_TIMEOUT_S = 300.0  # a server may have to load tens of gigabytes before its first token
_LOADING_PAUSE_S = 0.5


class HttpTarget(ABC):
    """A model behind an HTTP API. A subclass says how its API words a request and an answer."""

    runtime = ""

    def __init__(self, config: TargetConfig, env: Mapping[str, str], address: Address) -> None:
        self._config = config
        self._env = env
        self._address = address
        headers, secrets = headers_from(config, env)
        self._secrets = keys_of(config, secrets)
        self._wire = open_wire(address, headers, config, env)
        self._reading = asyncio.Lock()
        self._pids: tuple[int, ...] = ()
        self.forwards_to = ""  # outside the team's own network, as the server itself says
        self._record = TargetRecord(
            name=config.name,
            api=config.api,
            model=config.model,
            hosted=config.hosted,
            endpoint=address.shown,
            quantisation=config.quantisation,
            family=config.family,
            runtime=self.runtime,
            context_window=config.context_window,
            price=config.price_record(),
            settings=_settings(config),
        )

    # ------------------------------------------------------------ what an API says for itself

    @abstractmethod
    def chat_path(self) -> str: ...

    @abstractmethod
    def payload(self, request: ChatRequest) -> dict[str, Any]: ...

    @abstractmethod
    def read(self, reply: HttpReply, answer: StreamedAnswer) -> Iterator[None]: ...

    @abstractmethod
    async def models(self) -> tuple[str, ...]: ...

    @abstractmethod
    async def describe(self) -> TargetRecord:
        """The record with what the runtime tells, once a token came."""
        ...

    # ------------------------------------------------------------ the target

    @property
    def record(self) -> TargetRecord:
        return self._record

    @property
    def address(self) -> Address:
        return self._address

    @property
    def trust(self) -> Trust | None:
        """Whom it trusts besides the system's authorities; None where ``ca_file`` names nobody."""
        trust: Trust | None = getattr(self._wire, "trust", None)  # only the client for TLS has one
        return trust

    def in_roles(self, request: ChatRequest) -> ChatRequest:
        """``request`` in the roles that the target's template takes."""
        return merge_system(request) if self._config.system == "merge" else request

    async def start(self) -> TargetRecord:
        """See ``base.Target.start``."""
        exchange = await self._first_token()
        if exchange.failure is not None and exchange.failure.kind != "cut_while_thinking":  # it thought: it is there
            raise await self._cannot_start(exchange.failure)
        if self._address.is_loopback:
            self._pids = await asyncio.to_thread(listening_pids, self._address.port)
        self._record = await self.describe()
        self._require_kept_inside()
        self._pids = await asyncio.to_thread(serving_pids, self._pids, self._record.runtime)
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
        request = self.in_roles(request)
        reply = await self._wire.fetch(
            "POST",
            self.chat_path(),
            _ENCODER.encode(self.payload(request)),
            timeouts=timeouts,
            shows_content=self._shows_content,
        )
        failure = self._failed_by_head(reply)
        is_read = failure is None and reply.status == 200
        if is_read and on_end is not None and reply.broken is None:
            # Whatever it set going goes first: reading can wait, and a server waits for nobody.
            if (later := on_end(reply.memory())) is None:
                await asyncio.sleep(0)
            else:
                reply.pack()
                await later
                reply.unpack()
        answer = StreamedAnswer()
        answer.failure = failure
        if is_read:
            async with self._reading:
                for number, _ in enumerate(self.read(reply, answer), start=1):
                    if number % _EVENTS_AT_ONCE == 0:
                        await asyncio.sleep(0)
        if answer.failure is None and not answer.complete:
            if reply.broken is not None:
                answer.failure = Failure(reply.broken, reply.broken_message, reply.status or None)
            else:
                answer.failure = self.unfinished(answer, reply)
        exchange = without_keys(answer.exchange(reply, zero_s=zero_s, intended_s=intended_s), self._secrets)
        return judge_cut(exchange, self._config.name)

    def _failed_by_head(self, reply: HttpReply) -> Failure | None:
        """The failure that a reply's head says; None where its body has the answer."""
        if not self._config.hosted and (place := forwarded_to(reply.headers)):
            self.forwards_to = place
            return Failure("outside_network", f"the server sends it on to {place}", reply.status)
        if self._config.inside_only and (sign := public_sign(reply.headers)):
            return Failure("outside_network", f"its answer has a header of {sign}", reply.status)
        if reply.status >= 300 or (reply.status != 200 and reply.broken is None):
            return refusal(reply, secrets=self._secrets)
        return None

    def server_pids(self) -> tuple[int, ...]:
        return self._pids

    async def stop(self) -> None:
        await self._wire.close()

    # ------------------------------------------------------------ for subclasses

    async def get_json(self, path: str, *, needed: bool = False) -> Any:
        """A GET's JSON, None where the server has no such page. Raises TargetError where it cannot be reached, and
        with ``needed`` for a server's own error (5xx).
        """
        return await self.call_json("GET", path, needed=needed)

    async def call_json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        limits: Timeouts = _LOOKUP,
        needed: bool = False,
    ) -> Any:
        data = _ENCODER.encode(body) if body is not None else b""
        reply = await self._wire.fetch(method, path, data, timeouts=limits)
        if reply.broken is not None:
            raise await self._cannot_start(Failure(reply.broken, reply.broken_message))
        if reply.status in (401, 403):
            raise await self._cannot_start(refusal(reply, secrets=self._secrets))
        if needed and (problem := self._no_page(path, reply)) is not None:
            raise problem
        if reply.status != 200:
            return None
        try:
            return data_without_keys(decode_json(reply.body()), self._secrets)
        except ValueError:
            return None

    def _require_kept_inside(self) -> None:
        """Raises TargetError where the server says that another one outside the network answers for it."""
        if self.forwards_to and not self._config.hosted:
            raise self._leaves(f"the server sends '{self._config.model}' on to {self.forwards_to}")

    def _leaves(self, why: str) -> TargetError:
        name = self._config.name
        message = f"Target '{name}' would send text outside your network: {why}."
        hint = f"write 'hosted: true' under '{name}' in bench.yaml"
        own = "" if self.forwards_to else ", or 'hosted: false' if that address is yours"
        return TargetError(message, hint=f"{hint}{own}.")

    def _no_page(self, path: str, reply: HttpReply) -> TargetError | None:
        """Why a page that a model server has is not there; None where it is, or where a server may do without it."""
        name = f"Target '{self._config.name}' at {self._address.shown}"
        if reply.status >= 500:
            server = "transformers serve does so until its folder of models exists (HF_HOME/hub)"
            hint = "read the log of the server, or of the proxy before it."
            if reply.status == 500 and path.endswith("/models"):
                hint = f"the list of models ({path}) fails, but the server may answer. {server}."
            return TargetError(f"{name} answers with HTTP {reply.status}.", hint=hint)
        if 300 <= reply.status < 400:
            message = f"{name} {refusal(reply).message}."
            return TargetError(message, hint="set base_url to the address that it leads to.")
        if reply.status == 200 and reply.start(64).lstrip().startswith(b"<"):
            return TargetError(
                f"{name} answers with a web page.", hint=f"check base_url: no model server is at {path}."
            )
        return None

    def _open_book(self) -> DigestBook:
        """Digests of files of weights, remembered beside our other caches; a file of any size is hashed, once."""
        return DigestBook(cache_directory(self._env) / "digests.json", budget_s=None, largest_bytes=None)

    async def behaviour(self) -> Behaviour:
        """See ``base.Fingerprinted``."""
        found = await read_behaviour(self._whole_answer)
        openings = tuple(tuple(opening_without_keys(one, self._secrets) for one in asked) for asked in found.openings)
        return msgspec.structs.replace(found, openings=openings)

    async def _whole_answer(self, request: ChatRequest) -> Any:
        body = self.payload(self.in_roles(request))
        body.pop("stream_options", None)
        return await self.call_json(
            "POST", self.chat_path(), {**body, "stream": False, "logprobs": True}, limits=_SHORT_ANSWER
        )

    def unfinished(self, answer: StreamedAnswer, reply: HttpReply) -> Failure:
        """Why a whole HTTP answer has no end of its own."""
        return Failure("bad_stream", "the stream ended without a finish reason", reply.status)

    def _shows_content(self, reply: HttpReply) -> bool:
        if reply.status != 200:
            return False
        answer = StreamedAnswer()
        for _ in self.read(reply, answer):
            if answer.stamps_ns:
                return True
        return bool(answer.stamps_ns) or answer.complete or answer.failure is not None

    async def _first_token(self) -> Exchange:
        """One real token, waiting while the server says that it is still loading."""
        request = ChatRequest((Message("user", "Hello"),), max_tokens=first_tokens(hosted=self._config.hosted))
        began_s = time.monotonic()
        while True:
            limits = Timeouts(connect_s=10.0, first_token_s=START_TIMEOUT_S, total_s=START_TIMEOUT_S)
            exchange = await self.ask(request, timeouts=limits, zero_s=began_s, intended_s=0.0)
            loading = exchange.failure is not None and exchange.failure.http_status == 503
            if not loading or time.monotonic() - began_s > START_TIMEOUT_S or not self.may_be_loading(exchange.failure):
                return exchange
            await asyncio.sleep(_LOADING_PAUSE_S)

    def may_be_loading(self, failure: Failure | None) -> bool:
        return failure is not None and "loading" in failure.message.lower()

    async def _cannot_start(self, failure: Failure) -> TargetError:
        name, place = self._config.name, self._address.shown
        match failure.kind:
            case "auth":
                message = f"Target '{name}' at {place} refuses the key: {failure.message.rstrip('.')}."
                return TargetError(message, hint=self._key_hint())
            case "connect_refused" | "connect_timeout":
                message = f"Cannot reach target '{name}' at {place}: {failure.message}."
                return TargetError(message, hint="start the server, or correct base_url in bench.yaml.")
            case "outside_network":
                return self._leaves(failure.message)
            case "not_found" | "rejected":
                return await self._refused(failure)
            case _:
                message = f"Target '{name}' at {place} returned no token: {failure.kind}, {failure.message}."
                return TargetError(message, hint=_first_token_hint(failure))

    async def _refused(self, failure: Failure) -> TargetError:
        name, place, model = self._config.name, self._address.shown, self._config.model
        try:
            served = await self.models()
        except TargetError:
            served = ()
        if served and not {model, f"{model}:latest", model.removesuffix(":latest")} & set(served):
            message = f"Target '{name}' at {place} does not serve the model '{model}'."
            guess = closest(model, served)
            listed = f"It serves: {', '.join(served[:20])}."
            return TargetError(message, hint=f"Did you mean '{guess}'? {listed}" if guess else listed)
        message = f"Target '{name}' at {place} refuses a one-token request: {failure.message}."
        status = f" (HTTP {failure.http_status})" if failure.http_status else ""
        return TargetError(message, hint=f"check base_url, model and settings of '{name}'{status}.")

    def _key_hint(self) -> str:
        if self._config.api_key_env:
            return f"put a valid key into the environment variable {self._config.api_key_env}."
        return f"set api_key_env under target '{self._config.name}' to the environment variable that contains the key."


def first_tokens(*, hosted: bool) -> int:
    """How many tokens to ask for to see that a model answers: hosted reasoning models refuse to stop after one."""
    return 16 if hosted else 1


def _first_token_hint(failure: Failure) -> str:
    if failure.kind == "wrong_content_type":
        return "check base_url: an 'openai' target's ends in /v1 with most servers."
    if failure.http_status is not None and 300 <= failure.http_status < 400:
        return "set base_url to the address that it leads to."
    if failure.kind == "rate_limited":
        pause = "" if failure.retry_after_s is None else f" of {seconds(failure.retry_after_s)}"
        return f"the server asks for a pause{pause}: run again after it."
    return "send it a request by hand and read the server's log."


def _settings(config: TargetConfig) -> dict[str, Any]:
    """What a record keeps of a target's settings: all that changes a request, and no key that goes along with it."""
    asked = {} if config.thinking is None else {"thinking": config.thinking}
    return {**hidden_keys(config.settings), **asked, **({"system": "merge"} if config.system == "merge" else {})}


def headers_from(config: TargetConfig, env: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Request headers with keys from the environment, and the secrets among them.

    Raises ConfigError naming the variable that is missing or cannot be sent.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "milo-bench"}
    wanted = dict(config.headers_env)
    secrets: list[str] = []
    if config.api_key_env:
        key = _from_env(config, config.api_key_env, env)
        headers["Authorization"] = f"Bearer {key}"
        secrets.append(key)
    for header, variable in wanted.items():
        headers[header] = _from_env(config, variable, env)
        secrets.append(headers[header])
    return headers, tuple(secrets)


def keys_of(config: TargetConfig, secrets: Iterable[str]) -> KeySearch:
    """What finds the keys of a target in a server's words: those from the environment, and those in its settings."""
    return KeySearch((*secrets, *find_keys(config.settings)))


def _from_env(config: TargetConfig, variable: str, env: Mapping[str, str]) -> str:
    value = env.get(variable, "").strip()
    if not value:
        message = f"Target '{config.name}' needs the environment variable {variable}, which is not set."
        raise TargetError(message, hint=f"export {variable}=…")
    if not value.isascii() or not value.isprintable():
        message = f"The environment variable {variable} contains characters that are invalid in an HTTP header."
        raise TargetError(message, hint=f"set {variable} without line breaks or quotation marks.")
    return value


def open_wire(address: Address, headers: Mapping[str, str], config: TargetConfig, env: Mapping[str, str]) -> Wire:
    """Our own client for plain TCP; aiohttp, imported late, for TLS and proxies.

    A target that nobody called hosted is only reached inside the team's network, wherever its name
    leads when it is resolved. ``hosted: false`` in bench.yaml says that a public address is the
    team's own; a proxy of a target that is not hosted has to be inside all the same.
    """
    proxy = proxy_of(address, config, env)
    if not address.tls and not proxy:
        return open_plain(address, headers, inside_only=config.inside_only)
    from milo_bench.targets.http.tls import TlsWire

    return TlsWire(
        address,
        headers,
        proxy=proxy,
        inside_only=config.inside_only or bool(proxy and not config.hosted),
        ca_file=config.ca_file,
    )


def proxy_of(address: Address, config: TargetConfig, env: Mapping[str, str]) -> str | None:
    """The proxy before ``address``: the target's own, else, for https, the environment's. Raises ConfigError."""
    if config.proxy or not address.tls:
        return config.proxy
    from milo_bench.targets.http.tls import proxy_for

    return proxy_for(address, env)
