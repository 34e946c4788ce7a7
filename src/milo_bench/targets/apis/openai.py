"""Any server that speaks OpenAI's chat completions: llama-server, vLLM, LM Studio, SGLang, hosted ones."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, ClassVar, Final

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.config.target_settings import OpenAiSettings, typed_settings
from milo_bench.core.chat import ChatRequest, Message, Picture
from milo_bench.core.errors import TargetError
from milo_bench.core.records import Identity, PromptCache, TargetRecord, Timeouts
from milo_bench.targets.base import TARGET_APIS
from milo_bench.targets.http.address import Address, parse_address
from milo_bench.targets.http.answer import StreamedAnswer, count, decode_json
from milo_bench.targets.http.busy import busy_slots, requests_in_metrics
from milo_bench.targets.http.events.chunk_template import TemplateBook
from milo_bench.targets.http.next_hop import outside
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.roles import merge_system_fields
from milo_bench.targets.http.stream import read_completion
from milo_bench.targets.http.target import EMBEDDING, HttpTarget
from milo_bench.targets.http.thinking import openai_fields, thinking_tokens, with_extra
from milo_bench.targets.http.vectors import Vectors, read_vectors

_MOST_KEPT: Final = 32_768  # characters of messages whose form is kept
_CONTENT, _PICTURES, _CALLS = attrgetter("content"), attrgetter("pictures"), attrgetter("tool_calls")
_GLANCE = Timeouts(connect_s=1.0, first_token_s=1.5, total_s=1.5)
_RUNTIMES = {"llamacpp": "llama.cpp", "vllm": "vLLM", "sglang": "SGLang", "organization_owner": "LM Studio"}


class OpenAiTarget(HttpTarget):
    """``settings`` are those of ``settings_model``; an API like this one may have more."""

    settings_model: ClassVar[type[OpenAiSettings]] = OpenAiSettings

    def __init__(self, config: TargetConfig, env: Mapping[str, str], address: Address | None = None) -> None:
        settings = typed_settings(self.settings_model, config.name, config.settings)
        super().__init__(config, env, address or parse_address(config.base_url or ""))
        self._max_tokens = settings.max_tokens_field
        self._extra = dict(settings.extra_body)
        self._omitted = frozenset(settings.omit)
        self._model = config.model
        self._has_settings = config.thinking is not None or bool(self._extra)
        self._stream_usage = settings.stream_usage
        self._merges = config.system == "merge"
        self._thinks = thinking_tokens(config.thinking)
        self._cold = False
        self._book = TemplateBook()

    def send_cold(self) -> None:
        """See ``base.SendsCold``: llama.cpp can be told, and vLLM keeps prompts of another salt apart."""
        self._cold = True

    def _against_cache(self) -> dict[str, Any]:
        """What goes into the body so that the server takes nothing of the prompt from its cache."""
        if self._record.cache == "off":
            return {"cache_prompt": False}
        return {"cache_salt": secrets.token_hex(16)} if self._record.cache == "salted" else {}

    def _cache_of(self, runtime: str) -> PromptCache:
        if not self._cold or {"cache_prompt", "cache_salt"} & self._extra.keys():
            return ""  # who sets it in bench.yaml means it
        return "off" if runtime == "llama.cpp" else "salted" if runtime == "vLLM" else ""

    def chat_path(self) -> str:
        return f"{self._address.path}/chat/completions"

    def payload(self, request: ChatRequest) -> dict[str, Any]:
        """The request as a chat completion; a schema becomes ``response_format``."""
        body: dict[str, Any] = {
            "model": self._config.model,
            "messages": [*_first_messages(request.messages[:-1]), *map(_message, request.messages[-1:])],
            self._max_tokens: request.max_tokens + self._thinks,
            "temperature": request.temperature,
            "stream": True,
        }
        if self._stream_usage:
            body["stream_options"] = {"include_usage": True}
        if request.seed is not None:
            body["seed"] = request.seed
        if request.stop:
            body["stop"] = list(request.stop)
        if request.json_schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": request.json_schema},
            }
        if request.tools:
            body["tools"] = list(request.tools)
        if self._record.runtime == "llama.cpp":
            body["timings_per_token"] = True  # how many tokens a chunk holds, and so how many went into thinking
        return self._with_settings(body)

    def adapted(self, fields: Mapping[str, Any], *, stream: bool) -> dict[str, Any]:
        """A client's own request in OpenAI's words as this target takes it: its model, its settings.

        A stream is asked what it used, whether or not the client wants to know.
        """
        body = {**fields, "model": self._model, "stream": stream}
        if (messages := body.get("messages")) is not None:
            if self._merges:
                body["messages"] = merge_system_fields(messages)
            if self._thinks and isinstance(most := body.get("max_tokens"), int):
                body["max_tokens"] = most + self._thinks
        if self._max_tokens != "max_tokens" and "max_tokens" in body:
            body.setdefault(self._max_tokens, body.pop("max_tokens"))
        if not (stream and self._stream_usage):
            body.pop("stream_options", None)
        elif self._stream_usage:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        return self._with_settings(body)

    def _with_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` with the target's own fields, and without those that its server refuses."""
        if self._record.cache:
            body |= self._against_cache()
        if self._has_settings:
            thinking = openai_fields(self._config.thinking, hosted=self._config.hosted, runtime=self._record.runtime)
            body = with_extra(body, with_extra(thinking, self._extra))
        for name in self._omitted:
            body.pop(name, None)
        return body

    def read(self, reply: HttpReply, answer: StreamedAnswer) -> Iterator[None]:
        return read_completion(reply, answer, self._secrets, self._book)

    async def models(self) -> tuple[str, ...]:
        return tuple(entry["id"] for entry in await self._listed(needed=True))

    async def describe_embeddings(self) -> TargetRecord:
        """See ``base.Embeds``."""
        await self._listed(needed=True)
        self._record = await self.describe()
        self._require_kept_inside()
        return self._record

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Embeds``."""
        body = {"model": self._config.model, "input": list(texts), "encoding_format": "float"}
        data = await self.call_json("POST", f"{self._address.path}/embeddings", body, limits=EMBEDDING, needed=True)
        return read_vectors(data, len(texts), target=self._config.name)

    async def is_loaded(self) -> bool | None:
        """See ``base.Loading``; llama-server's router says it in its list."""
        try:
            mine = next((entry for entry in await self._listed() if entry["id"] == self._config.model), {})
        except TargetError:
            return None
        status = mine.get("status")
        value = status.get("value") if isinstance(status, Mapping) else None
        return value == "loaded" if isinstance(value, str) else None

    async def requests_at_work(self) -> int | None:
        """See ``base.Shared``: /metrics of llama-server and vLLM, else the slots of llama-server."""
        if self._record.runtime not in ("llama.cpp", "vLLM") or self._record.settings.get("router"):
            return None
        reply = await self._wire.fetch("GET", "/metrics", timeouts=_GLANCE)
        if reply.broken is None and reply.status == 200:
            return requests_in_metrics(reply.body())
        if self._record.runtime != "llama.cpp":
            return None
        reply = await self._wire.fetch("GET", "/slots", timeouts=_GLANCE)
        if reply.broken is not None or reply.status != 200:
            return None
        try:
            return busy_slots(decode_json(reply.body()))
        except ValueError:
            return None

    async def _listed(self, *, needed: bool = False) -> list[dict[str, Any]]:
        data = await self.get_json(f"{self._address.path}/models", needed=needed)
        entries = data.get("data") if isinstance(data, Mapping) else None
        if not isinstance(entries, list):
            return []
        return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]

    async def describe(self) -> TargetRecord:
        """Runtime and context window as far as ``/models`` and, for a llama.cpp server, ``/props`` tell."""
        listed = await self._listed()
        mine = next((entry for entry in listed if entry["id"] == self._config.model), None)
        if mine is None and len(listed) == 1:
            mine = listed[0]  # a server with one model answers under any name
        mine = mine or {}
        owner = str(mine.get("owned_by", "")).lower()
        runtime = _RUNTIMES.get(owner, "")
        meta = mine.get("meta")
        trained = count(meta.get("n_ctx_train")) if isinstance(meta, Mapping) else None
        record = msgspec.structs.replace(
            self._record,
            runtime=runtime,
            cache=self._cache_of(runtime),
            context_window=self._record.context_window
            or count(mine.get("max_model_len"))
            or count(mine.get("max_context_length"))
            or None,  # 0 is how a server says that it does not know
            settings={**self._record.settings, **({} if trained is None else {"n_ctx_train": trained})},
        )
        if runtime == "llama.cpp":
            return await self._llama_server(record)
        if owner == "library":  # Ollama's, whose models may be another machine's
            root = self._address.path.removesuffix("/v1")
            shown = await self.call_json("POST", f"{root}/api/show", {"model": mine["id"]})
            self.forwards_to = outside(shown.get("remote_host")) if isinstance(shown, Mapping) else ""
        if runtime == "vLLM":
            return await self._vllm(record, mine)
        parts = ("weights", "adapters", "chat template", "cache", "flags", "licence")
        said = "a hosted API does not say" if self._config.hosted else "the server does not say"
        return msgspec.structs.replace(record, identity=Identity(unknown=dict.fromkeys(parts, said)))

    async def _llama_server(self, record: TargetRecord) -> TargetRecord:
        from milo_bench.targets.identity.llama_server import identify_llama_server

        found = await identify_llama_server(self.get_json, self._config.model, self._pids, self._open_book)
        settings = {**record.settings, "router": True} if found.is_router else record.settings
        return msgspec.structs.replace(
            record,
            runtime_version=found.build,
            context_window=self._record.context_window or found.window,
            model_digest=found.model_digest,
            quantisation=self._record.quantisation or found.quantisation,
            family=self._record.family or found.family,
            identity=found.identity,
            settings=settings,
        )

    async def _vllm(self, record: TargetRecord, listed: Mapping[str, Any]) -> TargetRecord:
        from milo_bench.targets.identity.processes import read_processes
        from milo_bench.targets.identity.vllm import identify_snapshot

        said = await self.get_json("/version")
        root = listed.get("root")
        processes = await asyncio.to_thread(read_processes, self._pids)
        snapshot = await asyncio.to_thread(
            identify_snapshot, root if isinstance(root, str) else "", processes, self._open_book(), programs=("vllm",)
        )
        return msgspec.structs.replace(
            record,
            runtime_version=str(said.get("version", "")) if isinstance(said, Mapping) else "",
            model_digest=snapshot.digest,
            identity=snapshot.identity,
        )


def _data_address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode('ascii')}"


def _first_messages(messages: tuple[Message, ...]) -> Sequence[dict[str, Any]]:
    """Messages before the last: a prompt's examples, which are the same in each of its requests."""
    if (
        any(map(_PICTURES, messages))
        or any(map(_CALLS, messages))
        or sum(map(len, map(_CONTENT, messages))) > _MOST_KEPT
    ):
        return [_message(message) for message in messages]
    return _kept_messages(messages)


@lru_cache(maxsize=64)
def _kept_messages(messages: tuple[Message, ...]) -> tuple[dict[str, Any], ...]:
    """Nobody changes what it gives."""
    return tuple(map(_message, messages))


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        body["content"] = [
            *([{"type": "text", "text": message.content}] if message.content else []),
            *({"type": "image_url", "image_url": {"url": _data_address(picture)}} for picture in message.pictures),
        ]
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        body["tool_call_id"] = message.tool_call_id
    return body


TARGET_APIS.add("openai", OpenAiTarget)
