"""Deltas with their stamps in, the answer with its times out; the same for every streaming API."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any, Final

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.reasoning import split_reasoning
from milo_bench.core.records import Failure, Timings, ToolCall, Usage
from milo_bench.core.records.frozen import MOST_TOKENS
from milo_bench.core.text import one_line
from milo_bench.targets.http.reply import HttpReply

_DECODER = msgspec.json.Decoder()
_WORD: Final = 100  # characters of a name or a reason that a server gives; a log line is no place for more
_NAME: Final = 300  # characters of a model's name
_MOST_NUMBERS: Final = 100
_MOST_DIGITS: Final = 4000  # Python reads no integer of more than 4,300


def decode_json(data: bytes, *, strict: bool = False) -> Any:
    """JSON bytes as plain data. Raises ValueError.

    A server may cut an emoji into two escaped surrogates and send them in two chunks. Only the
    slower parser takes a lone half; ``StreamedAnswer`` puts the halves together. A broken byte becomes
    U+FFFD, and an integer of thousands of digits infinity: neither may cost the rest of the answer. ``strict``: NaN and
    Infinity, which no standard parser takes, are no JSON.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return json.loads(data.decode("utf-8-sig", "replace"), parse_int=_integer,
                              parse_constant=_refused if strict else None)  # fmt: skip
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def decode_documents(data: bytes) -> list[Any]:
    """One JSON document, or several without anything between them. Raises ValueError."""
    try:
        return [decode_json(data)]
    except ValueError:
        text = data.decode("utf-8-sig", "replace")
    found = []
    at = 0
    while at < len(text):
        try:
            document, at = _DOCUMENTS.raw_decode(text, at)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        found.append(document)
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


# vLLM aborts, DeepSeek runs out of machines, OpenRouter reports an error of a provider behind it.
_ENDED_BY_SERVER: Final = frozenset(
    {"error", "abort", "aborted", "cancelled", "canceled", "insufficient_system_resource"}
)
_ARGUMENTS: Final = ("arguments", "parameters", "input")  # OpenAI's key, Llama's and Anthropic's
_CUT: Final = frozenset({"length", "max_tokens", "max_output_tokens", "max_length", "model_length"})
_NOTHING_GENERATED: Final = frozenset({"load", "unload"})  # Ollama, asked to load a model or to drop it
_DOCUMENTS: Final = json.JSONDecoder(parse_int=_integer)


@dataclass(slots=True)
class _Call:
    """A tool call as far as its parts have come; ``index`` is its place as the server numbers it."""

    index: int
    ident: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        """The parts one after the other; the last one alone where it says all that came before it again."""
        joined = "".join(self.parts)
        if len(self.parts) < 2 or _is_whole(joined):
            return joined
        before, last = "".join(self.parts[:-1]), self.parts[-1]
        return last if (last.startswith(before) or before.strip() == "{}") and _is_whole(last) else joined

    def add(self, ident: str, name: str, arguments: str) -> None:
        """Take a part of this call. Servers repeat its name with each part, or send it in pieces."""
        if name and self.name and name != self.name and not ident and not self.parts:
            self.name += name
        self.ident = self.ident or ident
        self.name = self.name or name
        if arguments:
            self.parts.append(arguments)

    def goes_on_with(self, name: str, arguments: str) -> bool:
        """Whether a part with a name is the next one of this call: its arguments are begun and these end no other."""
        begun = bool(self.parts) and not _is_whole("".join(self.parts))
        return name == self.name and begun and not arguments.lstrip().startswith("{")

    def is_another(self, ident: str, name: str, arguments: str) -> bool:
        """Whether a part under this call's index, or under its id, begins a call of its own.

        A name again is not enough: servers repeat it with each part. It takes another id beside it, or
        arguments that are whole already: some servers send no ids, some the same id for every call.
        """
        if not name or not self.name or bool(ident) != bool(self.ident):
            return False
        if ident != self.ident:
            return not self.goes_on_with(name, arguments)
        repeated = bool(ident) and name == self.name and arguments in ("", self.arguments)
        return not repeated and _is_whole("".join(self.parts))


class StreamedAnswer:
    """Collects one streamed answer.

    A content chunk is an event that carries text, reasoning or a part of a tool call; one with
    a role alone is none. ``tokens`` of a chunk count only where the server says them for every
    chunk.
    """

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.stamps_ns: list[int] = []
        self.text_ns: list[int] = []  # when each piece of text came
        self.thinking: list[bool] = []  # of each content chunk, whether it carried thinking alone
        self.tokens: list[int] = []
        self.calls: list[_Call] = []
        self.finish_reason = ""
        self.choice: object = None  # the number of the choice that is read, where the server gives one
        self.ended_at_ns: int | None = None  # stamp of the stream's own end mark
        self.usage = Usage()
        self.model = ""
        self.server_timings: dict[str, float] = {}
        self.failure: Failure | None = None

    @property
    def complete(self) -> bool:
        """The server said that the answer is over."""
        return self.ended_at_ns is not None or self.finish_reason != ""

    def add(self, at_ns: int, *, text: object = None, reasoning: object = None, calls: object = None) -> bool:
        """Take one event's parts; say whether it carried content. What is no string is no content."""
        content = False
        if isinstance(text, str) and text:
            self.text.append(text)
            self.text_ns.append(at_ns)
            content = True
        if isinstance(reasoning, str) and reasoning:
            self.reasoning.append(reasoning)
            content = True
        for call in calls if isinstance(calls, list) else [calls]:
            if call is not None:
                content = self._add_call(call) or content
        if content:
            self.stamps_ns.append(at_ns)
            self.thinking.append(bool(reasoning) and not text and not calls)
        return content

    def add_texts(self, stamps_ns: Sequence[int], texts: Sequence[str], *, thinking: bool = False) -> None:
        """Take events that carry a text each, or a piece of thinking, none of them empty, and nothing else."""
        if thinking:
            self.reasoning.extend(texts)
        else:
            self.text.extend(texts)
            self.text_ns.extend(stamps_ns)
        self.stamps_ns.extend(stamps_ns)
        self.thinking.extend([thinking] * len(texts))

    def _add_call(self, part: object) -> bool:
        if not isinstance(part, dict):
            return False
        function = part.get("function")
        if not isinstance(function, dict):
            function = part  # name and arguments beside the id, without the object around them
        ident, name = part.get("id"), function.get("name")
        arguments = next((function[key] for key in _ARGUMENTS if function.get(key) is not None), None)
        ident = ident if isinstance(ident, str) else ""
        name = name if isinstance(name, str) else ""
        if isinstance(arguments, dict | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        arguments = arguments if isinstance(arguments, str) else ""
        index = part.get("index")
        known = index if isinstance(index, int) and not isinstance(index, bool) else None
        if not ident and not name and not arguments and not self.calls:
            return False
        self._call(known, ident, name, arguments).add(ident, name, arguments)
        return bool(ident or name or arguments)

    def _call(self, index: int | None, ident: str, name: str, arguments: str) -> _Call:
        """The call that a part belongs to: an open one, or a new one.

        Servers number calls, or give each an id, or send each whole; several of them number every call 0.
        """
        if index is None:
            # Without an index a new id, or a name, starts a new call; a bare part goes on with the last.
            named = next((call for call in reversed(self.calls) if ident and call.ident == ident), None)
            last = self.calls[-1] if self.calls and not ident else None
            goes_on = last is not None and (not name or (not last.ident and last.goes_on_with(name, arguments)))
            open_call = named or (last if goes_on else None)
        else:
            open_call = next((call for call in reversed(self.calls) if call.index == index), None)
        if open_call is not None and open_call.is_another(ident, name, arguments):
            open_call = None
        if open_call is None:
            # Without an index its place is after all others.
            place = index if index is not None else max((call.index for call in self.calls), default=-1) + 1
            open_call = _Call(place)
            self.calls.append(open_call)
        return open_call

    def exchange(self, reply: HttpReply, *, zero_s: float, intended_s: float) -> Exchange:
        """The answer as a record. Seconds count from ``zero_s`` on the monotonic clock."""
        zero_ns = round(zero_s * 1e9)
        inline, text = split_reasoning(_whole("".join(self.text)))
        reasoning = _whole("".join(self.reasoning))
        stamps = self.stamps_ns
        lags = reply.lags_ns
        ended_ns = reply.ended_ns
        if reply.broken is not None and self.failure is None and self.ended_at_ns is not None:
            ended_ns = self.ended_at_ns  # the answer was over before its connection broke
        timings = Timings(
            intended_s=intended_s,
            started_s=(reply.started_ns - zero_ns) / 1e9,
            ended_s=(ended_ns - zero_ns) / 1e9,
            connected_s=None if reply.connected_ns is None else (reply.connected_ns - zero_ns) / 1e9,
            first_content_s=(stamps[0] - zero_ns) / 1e9 if stamps else None,
            first_text_s=self._first_text_s(zero_ns, inline, text) if inline or reasoning else None,
            chunk_gaps_s=tuple([(b - a) / 1e9 for a, b in pairwise(stamps)]),
            chunk_tokens=tuple(self.tokens) if len(self.tokens) == len(stamps) else (),
            client_lag_max_s=max(lags) / 1e9 if lags else None,
            client_lag_mean_s=sum(lags) / len(lags) / 1e9 if lags else None,
        )
        return Exchange(
            timings=timings,
            text=text,
            reasoning=reasoning + inline if reasoning else inline,
            tool_calls=tuple(
                ToolCall(call.ident, call.name, call.arguments)
                for call in sorted(self.calls, key=lambda call: call.index)
            ),
            finish_reason=_one_word(self.finish_reason),
            usage=self._usage(),
            failure=self.failure or self._ended_by_server(),
            server_timings=self.server_timings,
            model=self.model[:_NAME],
        )

    def _ended_by_server(self) -> Failure | None:
        """An end that is not the model's: what came so far is no answer of it."""
        reason = self.finish_reason.casefold()
        if reason in _ENDED_BY_SERVER or (reason in _NOTHING_GENERATED and not self.stamps_ns):
            return Failure(
                "server_error", f"the server ended the answer with '{one_line(self.finish_reason, 40)}'", 200
            )
        return None

    def _first_text_s(self, zero_ns: int, inline: str, text: str) -> float | None:
        """When the answer itself began, after ``inline`` thinking that the server left in its text."""
        if not text:
            return None
        before = sum(map(len, self.text)) - len(text) if inline else 0
        so_far = 0
        for piece, at_ns in zip(self.text, self.text_ns, strict=True):
            so_far += len(piece)
            if so_far > before:
                return (at_ns - zero_ns) / 1e9
        return None

    def _usage(self) -> Usage:
        """Tokens of thinking as the server counts them, else those of the chunks that carried thinking alone."""
        usage = self._with_cached()
        if usage.reasoning_tokens is not None or len(self.tokens) != len(self.stamps_ns):
            return usage
        thought = sum(tokens for tokens, thinking in zip(self.tokens, self.thinking, strict=True) if thinking)
        return msgspec.structs.replace(usage, reasoning_tokens=thought) if thought else usage

    def _with_cached(self) -> Usage:
        """What llama.cpp took of the prompt from its cache is in its timings, and in no usage."""
        cached = self.server_timings.get("cache_n")
        if self.usage.cached_tokens is not None or cached is None or not 0 <= cached <= MOST_TOKENS:
            return self.usage
        return msgspec.structs.replace(self.usage, cached_tokens=int(cached))


def _one_word(reason: str) -> str:
    """A finish reason in OpenAI's words where another word means that the answer was cut, else as the server has it,
    cut where it is no word at all.
    """
    plain = reason[:_WORD].casefold()
    return "length" if plain in _CUT else plain if plain in ("stop", "tool_calls") else reason[:_WORD]


def _is_whole(arguments: str) -> bool:
    """Whether ``arguments`` is a JSON object already."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        return isinstance(decode_json(arguments.encode("utf-8", "replace")), dict)
    except ValueError:
        return False


def count(value: object, most: int = MOST_TOKENS) -> int | None:
    """A token count as the server wrote it; None for anything else, a number past any counter's range too."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def finite_numbers(data: object) -> dict[str, float]:
    """The finite numbers of a JSON object; anything else in it is left out, and what is past any server's timings."""
    if not isinstance(data, dict):
        return {}
    named = ((str(key), finite_number(value)) for key, value in islice(data.items(), _MOST_NUMBERS))
    return {name: number for name, number in named if number is not None and len(name) <= _WORD}


def finite_number(value: object) -> float | None:
    """A number that a run log can hold; None for text, booleans, NaN, infinity and integers beyond a float."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(text: str) -> str:
    """Surrogate halves from two chunks put together; a lone one becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
