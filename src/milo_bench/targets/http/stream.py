"""The raw reply of a chat completion in, its answer out; streamed events or one JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from milo_bench.core.hiding import NO_KEYS, KeySearch
from milo_bench.core.records import Failure, Usage
from milo_bench.targets.http.answer import StreamedAnswer, count, decode_json, finite_numbers
from milo_bench.targets.http.encoding import unread_encoding
from milo_bench.targets.http.events.chunk_template import TemplateBook
from milo_bench.targets.http.events.sse import SseEvent, SseEvents, read_sse
from milo_bench.targets.http.failures import classify, error_status, read_error
from milo_bench.targets.http.reply import HttpReply

_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
# Where servers say how much of a prompt came from their cache, and how much of an answer was thinking: OpenAI and vLLM
# in details, Moonshot and Perplexity beside the totals, DeepSeek and gateways to Anthropic by names of their own.
_CACHED = (("prompt_tokens_details", "cached_tokens"), "cached_tokens", "prompt_cache_hit_tokens",
           "cache_read_input_tokens")  # fmt: skip
_THOUGHT = (("completion_tokens_details", "reasoning_tokens"), "reasoning_tokens")
_HEARTBEATS = (b"", b"null", b"{}")  # proxies keep a connection open with them
_SHORT = 2_048  # bytes of a body with too few chunks for a template to be worth its looking
_COUNTS = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_TEMPLATES = 8  # so many chunks of a reply are tried as a template: where each differs from the last, none will do


def read_completion(
    reply: HttpReply, answer: StreamedAnswer, secrets: KeySearch = NO_KEYS, book: TemplateBook | None = None
) -> Iterator[None]:
    """Fill ``answer`` from a reply with status 200; yields after each event so that a caller may pause.

    Sets ``answer.failure`` for what is no completion: another content type, broken JSON, an
    error object. Whether the stream came to its end is ``answer.complete``. ``book`` has what was learned of the
    server's chunks from other replies.
    """
    if (encoding := unread_encoding(reply.headers)) is not None:
        answer.failure = Failure("bad_stream", f"the body is encoded as '{encoding}', which was not asked for", 200)
        return
    kind = _kind(reply)
    if kind == "application/json":
        if reply.broken is None:
            _read_document(reply, answer, secrets)
        return
    if kind != "text/event-stream":
        answer.failure = Failure("wrong_content_type", f"expected text/event-stream, got {kind[:80] or 'none'}", 200)
        return
    book = TemplateBook() if book is None else book
    predicted = learned = 0
    events = read_sse(reply.pieces, whole=reply.broken is None)
    is_short = events.size < _SHORT
    queued: list[SseEvent] = []
    while True:
        if not (queued or is_short) and (so_far := _take_alike(events, book, answer, predicted)) is not None:
            predicted = so_far
            yield
            continue
        event = queued.pop(0) if queued else next(events, None)
        if event is None:
            return
        data = event.data.strip()
        if data.strip(b'"').upper() == b"[DONE]":
            answer.ended_at_ns = event.at_ns
            if not answer.stamps_ns and not answer.finish_reason:  # an end alone: something broke before the model
                answer.failure = Failure("bad_stream", "the stream ended without an answer or a finish reason", 200)
            return
        if data in _HEARTBEATS:
            continue
        if b"\n" in data and not queued and _is_many(data):
            queued = events.lines_of_last()
            continue
        chunk = _chunk(event, answer, secrets)
        if answer.failure is not None:
            return
        if chunk is None:
            continue
        predicted = _take(event.at_ns, chunk, answer, predicted)
        yield
        if not is_short and learned < _TEMPLATES and not queued and event.name == "":
            learned += 1
            book.learn(event.data, chunk)


def _take_alike(events: SseEvents, book: TemplateBook, answer: StreamedAnswer, predicted: int) -> int | None:
    """The next chunks as long as they differ from a template in nothing that counts but their text.

    Gives back how many tokens the server says it has generated so far; None where no template fits.
    """
    for template in book.templates:
        if template.has_choice and answer.choice is not None and answer.choice != template.choice:
            continue
        stamps_ns, found = events.alike(template)
        if found.texts:
            break
    else:
        return None
    book.fitted(template)
    if answer.choice is None:
        answer.choice = template.choice
    answer.model = answer.model or template.model
    if template.has_timings:
        answer.server_timings = finite_numbers(decode_json(found.last)["timings"])
    answer.add_texts(stamps_ns, found.texts, thinking=template.is_thinking)
    for count_so_far in found.predicted:
        if count_so_far > predicted:
            answer.tokens.append(count_so_far - predicted)
            predicted = count_so_far
    return predicted


def _chunk(event: SseEvent, answer: StreamedAnswer, secrets: KeySearch) -> Mapping[str, Any] | None:
    """The chunk that ``event`` carries; None for one that is none of ours, or with ``answer.failure`` set."""
    try:
        chunk = decode_json(event.data)
    except ValueError:
        if event.name not in ("", "message", "error", "unknown"):
            return None  # an event of a name of its own, such as a proxy's ping, is no part of the answer
        if event.name == "error" and event.data.strip():
            said = event.data.decode("utf-8", "replace")
            answer.failure = classify(error_status(()), said, (), secrets=secrets)
            return None
        what = "the body is not a stream of server-sent events" if event.name == "unknown" else "a chunk is not JSON"
        answer.failure = Failure("bad_stream", what, 200)
        return None
    if isinstance(chunk, str) and event.name == "error":
        chunk = {"error": chunk}
    if not isinstance(chunk, dict):
        answer.failure = Failure("bad_stream", "a chunk is not a JSON object", 200)
        return None
    if (failure := _error_in(chunk, named=event.name == "error", secrets=secrets)) is not None:
        answer.failure = failure
    elif event.name == "unknown" and not _is_document(chunk):
        answer.failure = Failure("bad_stream", "the body is not a stream of server-sent events", 200)
    return chunk


def _error_in(chunk: Mapping[str, Any], *, named: bool, secrets: KeySearch) -> Failure | None:
    """The failure that an object reports in place of an answer, in any shape that ``read_error`` knows."""
    is_error = named or bool(chunk.get("error") or chunk.get("errors")) or chunk.get("object") == "error"
    if not is_error and "choices" in chunk:
        return None
    said, codes = read_error(chunk)
    if not is_error and not said:
        return None
    return classify(error_status(codes), said, codes, secrets=secrets)


def _take(at_ns: int, chunk: Mapping[str, Any], answer: StreamedAnswer, predicted: int) -> int:
    """One chunk's parts; gives back how many tokens the server says it has generated so far."""
    usage, timings = chunk.get("usage"), chunk.get("timings")
    if isinstance(usage, dict):
        answer.usage = read_usage(usage)
    now = predicted
    if isinstance(timings, dict):
        answer.server_timings = finite_numbers(timings)
        now = count(timings.get("predicted_n")) or 0
    if not answer.model and isinstance(model := chunk.get("model"), str):
        answer.model = model
    choice = _own_choice(chunk.get("choices"), answer)
    if choice is None:
        return predicted
    if not isinstance(usage, dict) and isinstance(usage := choice.get("usage"), dict):  # as Moonshot sends it
        answer.usage = read_usage(usage)
    if isinstance(reason := choice.get("finish_reason"), str) and reason not in ("", "null", "None"):
        answer.finish_reason = reason
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        # Some servers put the last part into "message", or all of it again; old completions into "text".
        message = choice.get("message")
        delta = _rest_of(message, answer) if isinstance(message, dict) else {"content": choice.get("text")}
    if delta and _add(at_ns, delta, answer):
        if now > predicted:
            answer.tokens.append(now - predicted)
            return now
        listed = _listed_tokens(choice.get("logprobs"))
        if listed:
            answer.tokens.append(listed)
    return predicted


def _own_choice(choices: object, answer: StreamedAnswer) -> Mapping[str, Any] | None:
    """The choice that is read: the first that came, and in later chunks the one of the same number."""
    if not choices or not isinstance(choices, list):
        return None
    found = [choice for choice in choices if isinstance(choice, dict)]
    if answer.choice is None and found:
        answer.choice = found[0].get("index")
    return next((choice for choice in found if choice.get("index", answer.choice) == answer.choice), None)


def _rest_of(message: Mapping[str, Any], answer: StreamedAnswer) -> Mapping[str, Any]:
    """A message in place of a delta, without what came before it already."""
    text, before = message.get("content"), "".join(answer.text)
    if before and isinstance(text, str) and text.startswith(before):
        return {"content": text[len(before) :]}
    return message if not answer.calls else {**message, "tool_calls": None}


def _add(at_ns: int, message: Any, answer: StreamedAnswer) -> bool:
    text, thought = message.get("content"), ""
    calls = message.get("tool_calls")
    if isinstance(text, list | dict):  # content parts, as Mistral and some gateways send them
        parts = [part for part in (text if isinstance(text, list) else [text]) if isinstance(part, dict)]
        text = "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
        thought = "".join(_texts(part.get("thinking")) for part in parts)
        calls = calls or [part for part in parts if part.get("type") == "tool_use"]  # as Anthropic writes them
    reasoning = thought
    for name in _REASONING:
        if name in message and (said := _texts(message[name])):
            reasoning = said
            break
    if not calls and isinstance(old := message.get("function_call"), dict):
        calls = [{"function": old}]
    return answer.add(at_ns, text=text or message.get("refusal"), reasoning=reasoning, calls=calls or None)


def _texts(said: object) -> str:
    """Text, or the texts of a list of parts: OpenRouter calls them text, and summary where a provider shows no more."""
    if isinstance(said, str):
        return said
    parts = said if isinstance(said, list) else []
    texts = (part.get("text") or part.get("summary") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _listed_tokens(logprobs: object) -> int:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return len(content) if isinstance(content, list) else 0


def _read_document(reply: HttpReply, answer: StreamedAnswer, secrets: KeySearch) -> None:
    """An answer in one piece: a stream was asked for, and the server does not stream."""
    try:
        data = decode_json(reply.body())
    except ValueError:
        answer.failure = Failure("bad_stream", "the answer is not JSON", 200)
        return
    choices = data.get("choices") if isinstance(data, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        failure = _error_in(data, named=False, secrets=secrets) if isinstance(data, dict) else _listed(data, secrets)
        answer.failure = failure or Failure("bad_stream", "the answer is JSON, but not a chat completion", 200)
        return
    _take(reply.ended_ns, data, answer, 0)
    answer.ended_at_ns = reply.ended_ns


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Token counts of an OpenAI ``usage`` object."""
    if usage.keys() <= _COUNTS:  # no details
        return Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
    return Usage(
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
        cached_tokens=_counted(usage, _CACHED),
        reasoning_tokens=_counted(usage, _THOUGHT),
    )


def _counted(usage: Mapping[str, Any], places: Sequence[str | tuple[str, str]]) -> int | None:
    for place in places:
        details = usage if isinstance(place, str) else usage.get(place[0])
        name = place if isinstance(place, str) else place[1]
        if isinstance(details, dict) and (found := count(details.get(name))) is not None:
            return found
    return None


def _listed(data: object, secrets: KeySearch) -> Failure | None:
    """Google's servers put the error object into a list."""
    said, codes = read_error(data) if isinstance(data, list) else ("", ())
    return classify(error_status(codes), said, codes, secrets=secrets) if said else None


def _is_many(data: bytes) -> bool:
    """Whether the lines of one event are an event each: servers forget the blank line between."""
    try:
        decode_json(data)
    except ValueError:
        return data[:1] == b"{" and all(line[:1] in (b"{", b"[", b"") for line in map(bytes.strip, data.split(b"\n")))
    return False


def _is_document(chunk: Mapping[str, Any]) -> bool:
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(first, dict) and isinstance(first.get("message"), dict)


def _kind(reply: HttpReply) -> str:
    """The media type, as far as the body bears it out: proxies name a type of their own."""
    named = reply.content_type
    if named == "text/event-stream":
        return named
    return _sniffed(reply) or ("application/json" if named.endswith(("/json", "+json")) else named)


def _sniffed(reply: HttpReply) -> str:
    """What a body looks like from its start."""
    start = reply.start(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"data:", b":", b"event:")):
        return "text/event-stream"
    return "application/json" if start.startswith(b"{") else ""
