"""Pages that a runtime shows of itself, with damage: its identity is read, and a log can hold the record."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from benchmarks.fuzz.damage import NUMBERS, damaged, damaged_tree, dumped, places_of
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.config.settings import TargetConfig
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from milo_bench.targets.http.reply import HttpReply, ShowsContent
from milo_bench.targets.http.target import HttpTarget

_LISTED: Final = {
    "data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 4096}, "status": {"value": "x"}}]
}
_PAGES: Final[Mapping[str, Any]] = {
    "/v1/models": _LISTED,
    "/props": {
        "default_generation_settings": {"n_ctx": 4096, "params": {"temperature": 0.8, "seed": 1}},
        "model_path": "/x/m.gguf",
        "chat_template": "{{x}}",
        "build_info": "b1",
        "model_ftype": "Q4",
    },
    "/lora-adapters": [{"id": 0, "path": "/x/a.gguf", "scale": 1.0}],
    "/slots": [{"id": 0, "is_processing": False}],
    "/version": {"version": "0.11"},
    "/api/version": {"version": "0.5"},
    "/api/tags": {"models": [{"name": "m", "digest": "ab" * 32}]},
    "/api/show": {
        "details": {"quantization_level": "Q4", "family": "llama"},
        "template": "{{x}}",
        "parameters": "stop x",
        "license": "MIT",
        "modelfile": "FROM /x\nADAPTER /y",
    },
    "/api/ps": {"models": [{"name": "m", "size_vram": 5, "context_length": 4096}]},
    "/v1/chat/completions": {"choices": [{"message": {"content": "a"}, "logprobs": {"content": [{"logprob": -1.0}]}}]},
    "/metrics": None,
}
_METRICS: Final = (
    b'llamacpp:requests_processing 1\nvllm:num_requests_running{a="b"} 2.0\nvllm:num_requests_waiting 1e9\n'
)


class _Pages:
    """A wire to a server that shows the same pages to each request."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    async def fetch(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        timeouts: Timeouts,
        shows_content: ShowsContent | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        page = self._pages.get(path.partition("?")[0])
        if page is None:
            return HttpReply(0, status=404, ended_ns=1)
        return HttpReply(0, status=200, headers={"content-type": "application/json"}, pieces=[(1, page)], ended_ns=1)

    async def close(self) -> None:
        pass


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _described(random: Random, folder: Path) -> None:
    api = random.choice(("openai", "openai", "ollama"))
    pages = {path: json.dumps(page).encode() if page is not None else _METRICS for path, page in _PAGES.items()}
    if api == "openai" and random.random() < 0.4:
        pages["/v1/models"] = json.dumps({"data": [{"id": "m", "owned_by": "vllm", "root": "/x"}]}).encode()
    for path in random.sample(sorted(pages), random.randint(1, 3)):
        page = _PAGES[path]
        odd = damaged(random, pages[path]) if page is None or random.random() < 0.3 else None
        tree = _with_odd_number(random, page) if random.random() < 0.5 else damaged_tree(random, page)
        pages[path] = dumped(tree).encode() if odd is None else odd
    url = "http://127.0.0.1:1/v1" if api == "openai" else "http://127.0.0.1:1"
    target = open_target(TargetConfig(name="t", api=api, base_url=url, model="m"), {"HOME": str(folder)})
    assert isinstance(target, HttpTarget)
    target._wire = _Pages(pages)
    _loop().run_until_complete(_told(target))


def _with_odd_number(random: Random, page: Any) -> Any:
    """A copy in which one value is a number that a reader may trip over."""
    tree = json.loads(json.dumps(page))
    places = [place for place in places_of(tree) if place]
    if not places:
        return tree
    *path, last = random.choice(places)
    holder = tree
    for key in path:
        holder = holder[key]
    holder[last] = random.choice((*NUMBERS, math.nan, math.inf, -math.inf))
    return tree


async def _told(target: HttpTarget) -> None:
    record = await target.describe()
    target._record = record
    await target.models()
    for told in (record, await target.behaviour()):
        if _unwritable(msgspec.to_builtins(told)):
            raise Lost(f"no log holds {told!r:.200}")
    for name in ("is_loaded", "requests_at_work"):
        if (asked := getattr(target, name, None)) is not None:
            await asked()
    if record.context_window is not None and record.context_window <= 0:
        raise Lost(f"a context window of {record.context_window}")


def _unwritable(data: Any) -> bool:
    """Whether there is a number in it that JSON has no word for."""
    if isinstance(data, float):
        return not math.isfinite(data)
    if isinstance(data, int):
        return abs(data) > 1 << 63
    if isinstance(data, Mapping):
        return any(map(_unwritable, data.values()))
    return isinstance(data, list | tuple) and any(map(_unwritable, data))


KINDS = (Kind("runtime-pages", _described, 1),)
