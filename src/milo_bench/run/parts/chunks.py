"""A case too long to send whole in, a request for each part and one that merges the answers out; pure but for ``ask``.

A workload's ``chunks`` split one input at line ends into parts of at most ``max_words`` words. Each part is summarised
by the part prompt, and the merge prompt gets the summaries in order. A case that fits is sent whole, with the
workload's own prompt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.records import Chunks, Failure, Usage, Workload
from milo_bench.suites.prompts import render_prompt


class Chunked:
    """The requests of one case. ``skeleton`` is the merging request with the part summaries left empty."""

    def __init__(
        self, workload: Workload, chunks: Chunks, values: Mapping[str, Any], texts: Sequence[str],
        *, seed: int | None = None, json_schema: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self._workload, self._chunks, self._values = workload, chunks, values
        self._seed = seed
        self._schema = None if json_schema is None else dict(json_schema)
        self.texts = tuple(texts)
        self.parts = tuple(self._part(number, text) for number, text in enumerate(texts, start=1))
        self.skeleton = self.merge([""] * len(texts))

    def _part(self, number: int, text: str) -> ChatRequest:
        chunks, given = self._chunks, self._values
        values = {**given, "input": {**given["input"], chunks.input: text}}
        values["prepared"] = {**given["prepared"], "part": {"number": number, "of": len(self.texts)}}
        return self._request(chunks.part_name, chunks.part_source, values, chunks.max_tokens)

    def merge(self, summaries: Sequence[str]) -> ChatRequest:
        """The request that makes one answer of the ``summaries`` of the parts."""
        chunks, given = self._chunks, self._values
        values = {**given, "input": {name: text for name, text in given["input"].items() if name != chunks.input}}
        values["prepared"] = {**given["prepared"], "parts": list(summaries)}
        request = self._request(chunks.merge_name, chunks.merge_source, values, self._workload.max_tokens)
        return structs.replace(request, stop=self._workload.stop, json_schema=self._schema)

    def _request(self, name: str, source: str, values: Mapping[str, Any], max_tokens: int) -> ChatRequest:
        contract = structs.replace(self._workload, prompt_name=name, prompt_source=source)
        messages = render_prompt(contract, values)
        temperature = self._workload.temperature
        return ChatRequest(messages=messages, max_tokens=max_tokens, temperature=temperature, seed=self._seed)


def chunked(
    workload: Workload, values: Mapping[str, Any],
    *, seed: int | None = None, json_schema: Mapping[str, Any] | None = None,
) -> Chunked | None:  # fmt: skip
    """The parts of a case whose prompt has ``values``; None where it is sent whole.

    ``json_schema`` constrains the merged answer, and no part's.

    Raises DataError where the input to be split is missing or is no text.
    """
    chunks = workload.chunks
    if chunks is None:
        return None
    text = values["input"].get(chunks.input)
    if not isinstance(text, str):
        message = f"Workload '{workload.name}' splits input.{chunks.input}, and the case has no such text."
        raise DataError(message, hint=f"add it, or name another input in 'chunks: {{input: {chunks.input}}}'.")
    texts = split_text(text, chunks.max_words)
    if len(texts) < 2:
        return None
    return Chunked(workload, chunks, values, texts, seed=seed, json_schema=json_schema)


def split_text(text: str, max_words: int) -> list[str]:
    """``text`` cut at line ends into as few and as even parts as ``max_words`` words allow; a longer line is cut too.

    The parts, joined by line ends, have every word of ``text`` in its order.
    """
    if max_words < 1:
        message = "A part needs at least one word."
        raise ConfigError(message, hint="set 'max_words' of 'chunks' to 1 or more.")
    total = len(text.split())
    if total <= max_words:
        return [text]
    lines = [piece for line in text.splitlines() for piece in _pieces(line, max_words)]
    even = -(-total // -(-total // max_words))  # words a part, if all are as long
    parts: list[list[str]] = [[]]
    words = 0
    for line in lines:
        count = len(line.split())
        if words and (words + count > max_words or (words >= even and count)):
            parts.append([])
            words = 0
        parts[-1].append(line)
        words += count
    return ["\n".join(part) for part in parts]


def _pieces(line: str, max_words: int) -> list[str]:
    words = line.split()
    if len(words) <= max_words:
        return [line]
    return [" ".join(words[start : start + max_words]) for start in range(0, len(words), max_words)]


async def ask_in_parts(work: Chunked, ask: Callable[[ChatRequest, bool], Awaitable[Exchange]]) -> Exchange:
    """Each part after the other, then the merge: one exchange with the merge's text and all of their times and tokens.

    ``ask`` gets a request and whether it is the first. A part that fails is named in the failure, and nothing is
    merged. Where a part's summary was cut at its most tokens, so was the answer.
    """
    done: list[Exchange] = []
    for number, request in enumerate(work.parts, start=1):
        exchange = await ask(request, number == 1)
        done.append(exchange)
        if exchange.failure is not None:
            said = f"part {number} of {len(work.parts)}: {exchange.failure.message}"
            return _joined(done, structs.replace(exchange.failure, message=said))
    done.append(await ask(work.merge([one.text for one in done]), False))
    return _joined(done, done[-1].failure)


def _joined(done: Sequence[Exchange], failure: Failure | None) -> Exchange:
    first, last = done[0].timings, done[-1]
    timings = structs.replace(last.timings, intended_s=first.intended_s, started_s=first.started_s)
    timings = structs.replace(timings, connected_s=first.connected_s)
    usage = Usage(
        prompt_tokens=_sum([one.usage.prompt_tokens for one in done]),
        completion_tokens=_sum([one.usage.completion_tokens for one in done]),
        cached_tokens=_sum([one.usage.cached_tokens for one in done]),
        reasoning_tokens=_sum([one.usage.reasoning_tokens for one in done]),
    )
    text = "" if failure is not None else last.text
    finish = "length" if any(one.finish_reason == "length" for one in done) else last.finish_reason
    joined = structs.replace(last, timings=timings, usage=usage, text=text, failure=failure, server_timings={})
    return structs.replace(joined, finish_reason=finish)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
