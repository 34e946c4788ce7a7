"""A fixture and its workload in, the request that is sent out, or why none is; no network, no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field, structs

from milo_bench.core.chat import ChatRequest
from milo_bench.core.errors import ConfigError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Decoding, Fixture, Workload
from milo_bench.core.records.contract import answer_schema
from milo_bench.run.parts.chunks import Chunked, chunked
from milo_bench.run.step import PREPARE_STEPS
from milo_bench.suites.prompts import render_prompt

# More bytes a token than any tokenizer reaches on text, runs of one character counted as one.
_MOST_BYTES_A_TOKEN = 16
_WORD = re.compile(r"(?<!\S)[^\W\d_]{2,}(?!\w)")
_RUN = re.compile(r"(.)\1{2,}", re.DOTALL)


class Prepared(Struct, frozen=True, dict=True):
    """``request`` to send, or None and ``bypass``.

    ``chunked`` where the case is sent in parts: ``request`` is then the merge with the summaries left empty.
    """

    request: ChatRequest | None
    bypass: str = ""
    prepared: dict[str, Any] = field(default_factory=dict)
    chunked: Chunked | None = None

    @cached_property
    def request_hash(self) -> str:
        """The SHA-256 of the request and of its parts, "" for none."""
        if self.request is None:
            return ""
        return sha256_data(self.request if self.chunked is None else [*self.chunked.parts, self.request])

    @property
    def requests(self) -> tuple[ChatRequest, ...]:
        """Everything that is sent; of a merge, what is known before the parts are answered."""
        if self.request is None:
            return ()
        return (self.request,) if self.chunked is None else (*self.chunked.parts, self.request)

    @property
    def all_in_one(self) -> ChatRequest | None:
        """One request as long as everything that is sent, with as many tokens of answer: for what counts sizes."""
        if self.request is None or self.chunked is None:
            return self.request
        messages = tuple(message for request in self.requests for message in request.messages)
        return structs.replace(self.request, messages=messages, max_tokens=sum(r.max_tokens for r in self.requests))


def prepare(fixture: Fixture, workload: Workload, *, decoding: Decoding = "free", seed: int | None = None) -> Prepared:
    """The request for ``fixture`` under ``workload``'s contract.

    ``constrained`` asks the server to hold to the workload's schema or its labels, where it has them. Raises
    ConfigError for a broken prompt or step, DataError for a fixture that does not carry what they need.
    """
    shown: dict[str, Any] = {}
    recorded: dict[str, Any] = {}
    for name, params in workload.prepare.items():
        step = PREPARE_STEPS.get(name)(fixture, _parameters(workload, name, params))
        shown.update(step.shown)
        recorded.update(step.recorded)
        if step.bypass:
            return Prepared(None, bypass=step.bypass, prepared=recorded)
    values = {"input": fixture.input, "prepared": shown, "resources": workload.resources}
    schema = answer_schema(workload) if decoding == "constrained" else None
    parts = chunked(workload, values, seed=seed, json_schema=schema)
    if parts is not None:
        recorded["parts"] = [len(text.split()) for text in parts.texts]
        return Prepared(parts.skeleton, prepared=recorded, chunked=parts)
    request = ChatRequest(
        messages=render_prompt(workload, values),
        max_tokens=workload.max_tokens,
        temperature=workload.temperature,
        seed=seed,
        stop=workload.stop,
        json_schema=schema,
    )
    return Prepared(request, prepared=recorded)


def cannot_fit(request: ChatRequest, context_window: int | None) -> bool:
    """Whether even the most favourable tokenizer leaves no room for one token of answer.

    A word of letters after white space is a token at least, and no tokenizer reaches 16 bytes a token on text, so this
    says yes only beyond the window; where it cannot know, the server decides.
    """
    if context_window is None:
        return False
    size = sum(len(message.content) for message in request.messages)
    if size < context_window * 3:  # a word has two letters and a space: the cheap way out for nearly all
        return False
    if sum(1 for message in request.messages for _ in _WORD.finditer(message.content)) >= context_window:
        return True
    dense = sum(len(_RUN.sub(r"\1", message.content).encode()) for message in request.messages)
    return dense // _MOST_BYTES_A_TOKEN >= context_window


def _parameters(workload: Workload, name: str, params: object) -> Mapping[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        message = f"Workload '{workload.name}': the parameters of prepare step '{name}' are not a mapping."
        raise ConfigError(message, hint=f"write 'prepare: {{{name}: {{…}}}}' in suite.yaml.")
    return params
