"""A server's refusal in, the kind of failure and a short, safe message out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from milo_bench.core.hiding import NO_KEYS, KeySearch
from milo_bench.core.records import Failure, FailureKind
from milo_bench.core.text import one_line
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.retry_after import retry_after_s
from milo_bench.targets.http.roles import REFUSED_ROLES

MAX_MESSAGE_CHARS = 300
_NESTED = 6
_TITLE = re.compile(r"<title[^>]*>([^<]{1,300})", re.IGNORECASE)
_STATUS = re.compile(r"[45][0-9]{2}")

# llama.cpp, OpenAI and what speaks like them
_OVERFLOW_CODES = frozenset({"exceed_context_size_error", "context_length_exceeded", "context_window_exceeded"})
_OVERFLOW_WORDS = re.compile(
    r"maximum context length"  # vLLM, OpenAI, SGLang
    r"|exceeds? (?:the )?(?:available |maximum |model'?s? )?(?:allowed )?context"  # llama.cpp, LM Studio
    r"|context (?:length|window|size) (?:exceeded|of)"
    r"|longer than the (?:model'?s )?(?:maximum )?context"  # SGLang
    r"|(?:prompt|input|request)(?: length)? (?:is too long|exceeds the (?:context|maximum))"  # Ollama, TGI, LM Studio
    r"|greater than the context length",
    re.IGNORECASE,
)


def refusal(reply: HttpReply, *, secrets: KeySearch = NO_KEYS) -> Failure:
    """The failure that an HTTP status of 400 and above, or an unexpected one, stands for."""
    said, codes = read_error(_json(reply.body()))
    said = said or _plain_words(reply)
    failure = classify(reply.status, said, codes, secrets=secrets)
    asked_s = retry_after_s(reply.headers, datetime.now(UTC))
    return failure if asked_s is None else structs.replace(failure, retry_after_s=asked_s)


def classify(status: int | None, said: str, codes: Iterable[str], *, secrets: KeySearch = NO_KEYS) -> Failure:
    """``status`` is the HTTP status, or the number that an error inside a stream carries."""
    message = show_server_text(said, secrets) or (f"HTTP status {status}" if status else "the server reports an error")
    if status not in (401, 403, 404, 429) and (_OVERFLOW_CODES & set(codes) or _OVERFLOW_WORDS.search(said)):
        return Failure("context_overflow", message, status)
    if REFUSED_ROLES.search(said):
        hint = "Set 'system: merge' under this target in bench.yaml"
        return Failure("template_refused", f"{message.rstrip('.')}. {hint}", status)
    return Failure(_kind(status), message, status)


def _kind(status: int | None) -> FailureKind:
    match status:
        case 401 | 403:
            return "auth"
        case 404:
            return "not_found"
        case 429:
            return "rate_limited"
        case int() if 400 <= status < 500:
            return "rejected"
        case None:
            return "server_error"
        case int() if status < 400:
            return "bad_stream"
        case _:
            return "server_error"


def read_error(data: Any) -> tuple[str, tuple[str, ...]]:
    """Message and codes of an error object, in any of the shapes that servers write.

    ``{"error": {"message", "type", "code"}}``, ``{"error": "text"}``, ``{"message": …}``, and
    FastAPI's ``{"detail": …}``; of validation errors only place and reason are taken, because
    they quote the request.
    """
    error = data
    for _ in range(_NESTED):
        inner = _inner(error)
        if inner is None:
            break
        error = inner
    if isinstance(error, str):
        return error, ()
    if not isinstance(error, dict):
        return "", ()
    codes = tuple(str(error[name]) for name in ("type", "code", "status") if error.get(name) is not None)
    said = error.get("message")
    if not isinstance(said, str):
        detail = error.get("detail")
        if isinstance(detail, list):
            said = "; ".join(_validation_error(item) for item in detail if isinstance(item, dict))
        else:
            said = detail if isinstance(detail, str) else ""
    return said, codes


def _inner(error: object) -> Any:
    """What a gateway wrapped: the error in an error, the first of a list, an object written as text; else None."""
    if isinstance(error, list):
        return next((item for item in error if isinstance(item, dict | str)), None)
    if isinstance(error, dict):
        wrapped = error.get("error") or error.get("errors")
        return wrapped if isinstance(wrapped, dict | list | str) else None
    inner = _json(error) if isinstance(error, str) and error.lstrip()[:1] == "{" else None
    return inner if isinstance(inner, dict) else None


def _validation_error(item: Mapping[str, Any]) -> str:
    """Place and reason of one of FastAPI's validation errors."""
    place = item.get("loc")
    parts = place if isinstance(place, list) else [] if place is None else [place]
    reason = item.get("msg")
    said = reason if isinstance(reason, str) else ""
    return f"{'.'.join(str(part)[:40] for part in parts[:20])}: {said}" if parts else said


def error_status(codes: Iterable[str]) -> int | None:
    """The HTTP status among an error's codes, where it names one."""
    for code in codes:
        if _STATUS.fullmatch(code):
            return int(code)
    return None


def show_server_text(text: str, secrets: KeySearch = NO_KEYS) -> str:
    """Server text as one short line without a key, control characters visible."""
    return one_line(secrets.hidden(text), MAX_MESSAGE_CHARS)


def _plain_words(reply: HttpReply) -> str:
    """What a refusal says that is not JSON: where it leads, the title of a page, the first line of a text."""
    if 300 <= reply.status < 400 and (place := reply.headers.get("location", "")):
        return f"redirects to {place.partition('?')[0]}, which is not followed"
    text = reply.start(4096).decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        return title[1].strip() if title else ""
    first = text.partition("\n")[0].strip()
    return first if reply.content_type in ("text/plain", "") else ""


def _json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
