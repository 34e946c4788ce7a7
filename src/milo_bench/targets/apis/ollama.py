"""Ollama's native API: JSON lines, with load, prompt and eval durations and the context size that it really uses."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.config.target_settings import OllamaSettings, typed_settings
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import TargetError
from milo_bench.core.records import Failure, TargetRecord, Usage
from milo_bench.targets.base import TARGET_APIS
from milo_bench.targets.http.address import ollama_url, parse_address
from milo_bench.targets.http.answer import StreamedAnswer, count, decode_documents, decode_json, finite_number
from milo_bench.targets.http.encoding import unread_encoding
from milo_bench.targets.http.events.sse import read_lines, read_sse
from milo_bench.targets.http.failures import classify, error_status, read_error
from milo_bench.targets.http.next_hop import outside
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.target import EMBEDDING, HttpTarget
from milo_bench.targets.http.thinking import ollama_fields, thinking_tokens
from milo_bench.targets.http.vectors import Vectors, read_vectors
from milo_bench.targets.identity.ollama import identify_ollama
from milo_bench.targets.identity.processes import read_processes

_GUARD_TOKENS = 30  # of one kind in a row: then the runner ends the answer (runner.go, tokenRepeatLimit)
_KINDS = ("application/x-ndjson", "application/json", "application/jsonl", "")
_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_OPTIONS = frozenset(
    {"num_ctx", "num_gpu", "num_thread", "num_batch", "top_k", "top_p", "min_p", "repeat_penalty", "num_keep"}
)


class OllamaTarget(HttpTarget):
    """``settings`` are those of ``config.target_settings.OllamaSettings``.

    Ollama cuts a prompt that does not fit in silence; ``truncate: false`` is sent unless settings say
    otherwise, so that versions which know it refuse instead.
    """

    runtime = "Ollama"

    def __init__(self, config: TargetConfig, env: Mapping[str, str]) -> None:
        settings = typed_settings(OllamaSettings, config.name, config.settings)
        address = parse_address(config.base_url or ollama_url(env.get("OLLAMA_HOST", "")))
        super().__init__(config, env, address)
        self._base = address.path.removesuffix("/v1").removesuffix("/api")
        self._options = {name: value for name, value in config.settings.items() if name in _OPTIONS}
        if config.context_window is not None:
            self._options.setdefault("num_ctx", config.context_window)
        if config.threads is not None:
            self._options.setdefault("num_thread", config.threads)
        if config.gpu_layers is not None:
            self._options.setdefault("num_gpu", config.gpu_layers)
        self._fields = {
            **({} if settings.as_client else {"truncate": False, "shift": False}),
            **ollama_fields(config.thinking),
            **{name: value for name, value in config.settings.items() if name not in (*_OPTIONS, "as_client")},
        }

    def chat_path(self) -> str:
        return f"{self._base}/api/chat"

    def payload(self, request: ChatRequest) -> dict[str, Any]:
        """The request as ``/api/chat`` wants it; a schema becomes ``format``."""
        options: dict[str, Any] = {
            **self._options,
            "num_predict": request.max_tokens + thinking_tokens(self._config.thinking),
            "temperature": request.temperature,
        }
        if request.seed is not None:
            options["seed"] = request.seed
        if request.stop:
            options["stop"] = list(request.stop)
        body: dict[str, Any] = {
            "model": self._config.model,
            "messages": [_message(message) for message in request.messages],
            "stream": True,
            "options": options,
            **self._fields,
        }
        if request.json_schema is not None:
            body["format"] = request.json_schema
        if request.tools:
            body["tools"] = list(request.tools)
        return body

    def read(self, reply: HttpReply, answer: StreamedAnswer) -> Iterator[None]:
        """Fill ``answer``; durations become seconds in ``server_timings``."""
        if (encoding := unread_encoding(reply.headers)) is not None:
            answer.failure = Failure("bad_stream", f"the body is encoded as '{encoding}', which was not asked for", 200)
            return
        kind = reply.content_type
        start = reply.start(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        framed = start.startswith((b"data:", b":", b"event:"))  # a proxy that frames every stream the same way
        if kind not in _KINDS and not framed and not start.startswith(b"{"):
            answer.failure = Failure("wrong_content_type", f"expected application/x-ndjson, got {kind[:80]}", 200)
            return
        for at_ns, line in _documents(reply, framed=framed):
            if isinstance(line, ValueError):
                answer.failure = Failure("bad_stream", "a line is not JSON", 200)
                return
            if not isinstance(line, Mapping):
                answer.failure = Failure("bad_stream", "a line is not a JSON object", 200)
                return
            if line.get("error"):
                said, codes = read_error(line)
                answer.failure = classify(error_status(codes), said, codes, secrets=self._secrets)
                return
            message = line.get("message")
            if isinstance(message, Mapping):
                answer.add(
                    at_ns,
                    text=message.get("content"),
                    reasoning=message.get("thinking"),
                    calls=_separate(
                        message.get("tool_calls"), max((call.index for call in answer.calls), default=-1) + 1
                    ),
                )
            if line.get("done") is True or _has_ended(line):
                _finish(at_ns, line, answer)
                return
            yield

    def unfinished(self, answer: StreamedAnswer, reply: HttpReply) -> Failure:
        """Ollama ends an answer that gives one token over and over without its last line: its guard, not a fault."""
        pieces = answer.text or answer.reasoning
        last = [piece.strip() for piece in pieces[-_GUARD_TOKENS:]]
        if len(last) == _GUARD_TOKENS and len(set(last)) == 1:
            message = "Ollama stopped an answer that repeated one token. Set repeat_penalty in this target's settings"
            return Failure("repetition_stopped", message, reply.status)
        return super().unfinished(answer, reply)

    async def describe_embeddings(self) -> TargetRecord:
        """See ``base.Embeds``."""
        await self.get_json(f"{self._base}/api/version", needed=True)
        self._record = await self.describe()
        self._require_kept_inside()
        return self._record

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Embeds``."""
        body = {"model": self._config.model, "input": list(texts), "truncate": False}
        data = await self.call_json("POST", f"{self._base}/api/embed", body, limits=EMBEDDING, needed=True)
        return read_vectors(data, len(texts), target=self._config.name)

    async def models(self) -> tuple[str, ...]:
        return tuple(str(entry["name"]) for entry in await self._listed(needed=True))

    async def is_loaded(self) -> bool | None:
        """See ``base.Loading``; ``/api/ps`` lists what is in memory."""
        try:
            loaded = await self._loaded()
        except TargetError:
            return None
        if loaded is None:
            return None
        names = (self._config.model, f"{self._config.model}:latest")
        return any(isinstance(entry, Mapping) and entry.get("name") in names for entry in loaded)

    async def _loaded(self) -> list[Any] | None:
        """What ``/api/ps`` lists; None where the server has no such list."""
        running = await self.get_json(f"{self._base}/api/ps")
        loaded = running.get("models") if isinstance(running, Mapping) else None
        return loaded if isinstance(loaded, list) else None

    async def _listed(self, *, needed: bool = False) -> list[dict[str, Any]]:
        data = await self.get_json(f"{self._base}/api/tags", needed=needed)
        entries = data.get("models") if isinstance(data, Mapping) else None
        if not isinstance(entries, list):
            return []
        return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]

    async def describe(self) -> TargetRecord:
        """Version, digest, quantisation, family and context from ``/api/version``, ``tags``, ``show`` and ``ps``."""
        model = self._config.model
        names = (model, f"{model}:latest")
        version = await self.get_json(f"{self._base}/api/version")
        tag = next((entry for entry in await self._listed() if entry["name"] in names), {})
        shown = await self.call_json("POST", f"{self._base}/api/show", {"model": model})
        shown = shown if isinstance(shown, Mapping) else {}
        loaded = await self._loaded() or []
        mine: Mapping[str, Any] = next(
            (entry for entry in loaded if isinstance(entry, Mapping) and entry.get("name") in names), {}
        )
        details = shown.get("details")
        details = details if isinstance(details, Mapping) else {}
        digest = str(tag.get("digest", "")).removeprefix("sha256:")
        settings: dict[str, Any] = {**self._record.settings, **self._options}
        settings["truncate"] = self._fields.get("truncate", "left to the server")
        self.forwards_to = outside(shown.get("remote_host") or tag.get("remote_host"))
        processes = await asyncio.to_thread(read_processes, self._pids)
        if (size := count(mine.get("size_vram"), 2**53)) is not None:
            settings["size_vram_bytes"] = size
        return msgspec.structs.replace(
            self._record,
            runtime_version=str(version.get("version", "")) if isinstance(version, Mapping) else "",
            model_digest=f"sha256:{digest}" if digest else "",
            quantisation=self._record.quantisation or str(details.get("quantization_level", "")),
            family=self._record.family or str(details.get("family", "")),
            context_window=count(self._options.get("num_ctx")) or count(mine.get("context_length")) or None,
            settings=settings,
            identity=identify_ollama(shown, processes, has_digest=bool(digest)),
        )


def _documents(reply: HttpReply, *, framed: bool) -> Iterator[tuple[int, Any]]:
    """Each line's JSON with its stamp, several where a proxy glued them; a ValueError in place of what is none."""
    whole = reply.broken is None
    events = read_sse(reply.pieces, whole=whole) if framed else read_lines(reply.pieces, whole=whole)
    for number, event in enumerate(events):
        if framed and event.data.strip() in (b"", b"[DONE]"):
            continue
        try:
            found = decode_documents(event.data)
        except ValueError as error:
            try:  # one document over many lines, where a proxy lays it out anew
                found = [decode_json(reply.body())] if number == 0 and whole and not framed else [error]
            except ValueError:
                found = [error]
        for document in found:
            yield event.at_ns, document


def _separate(calls: object, known: int) -> list[Any] | None:
    """Ollama sends each call whole; an index of its own keeps two calls of one name apart."""
    if not isinstance(calls, list):
        return None
    return [{**call, "index": known + n} if isinstance(call, Mapping) else call for n, call in enumerate(calls)]


def _has_ended(line: Mapping[str, Any]) -> bool:
    """Proxies and versions between write the reason of the end and leave ``done`` out."""
    return "done" not in line and isinstance(line.get("done_reason"), str) and line["done_reason"] != ""


def _finish(at_ns: int, line: Mapping[str, Any], answer: StreamedAnswer) -> None:
    answer.ended_at_ns = at_ns
    reason = line.get("done_reason")
    answer.finish_reason = reason if isinstance(reason, str) and reason else "stop"
    answer.usage = Usage(
        prompt_tokens=count(line.get("prompt_eval_count")), completion_tokens=count(line.get("eval_count"))
    )
    answer.model = str(line.get("model", ""))
    answer.server_timings = {
        f"{name}_s": nanoseconds / 1e9
        for name in _DURATIONS
        if (nanoseconds := finite_number(line.get(name))) is not None
    }


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        body["images"] = [base64.b64encode(picture.data).decode("ascii") for picture in message.pictures]
    if message.tool_calls:
        body["tool_calls"] = [
            {"function": {"name": call.name, "arguments": _arguments(call.arguments)}} for call in message.tool_calls
        ]
    return body


def _arguments(text: str) -> Any:
    """Ollama wants arguments as an object; what is none is passed on under one name."""
    try:
        data = decode_json(text.encode("utf-8", "replace"))
    except ValueError:
        return {"arguments": text}
    return data if isinstance(data, Mapping) else {"arguments": data}


TARGET_APIS.add("ollama", OllamaTarget)
