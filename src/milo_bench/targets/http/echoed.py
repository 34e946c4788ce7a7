"""An exchange and the keys that were sent with it in; the same exchange with no key in it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.hiding import HIDDEN, is_secret_name

_SHORTEST: Final = 8  # a shorter one is a placeholder, and hiding it would change answers that use the word
_CERTAIN: Final = 16  # from this length on it is a key whatever it is made of


def find_keys(settings: Any) -> Iterator[str]:
    """The texts in a target's settings whose names say that they are secret."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if isinstance(value, str) and is_secret_name(str(name)):
                yield value
            else:
                yield from find_keys(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from find_keys(value)


def without_keys(exchange: Exchange, keys: Iterable[str]) -> Exchange:
    """``exchange`` as it may be stored: where a server echoes a key, ``(hidden)`` is in its place."""
    real = [key for key in keys if len(key) >= _CERTAIN or (len(key) >= _SHORTEST and any(map(str.isdigit, key)))]
    if not real or not any(key in text for key in real for text in _texts(exchange)):
        return exchange

    def hide(text: str) -> str:
        for key in real:
            text = text.replace(key, HIDDEN)
        return text

    return msgspec.structs.replace(
        exchange,
        text=hide(exchange.text),
        reasoning=hide(exchange.reasoning),
        tool_calls=tuple(
            msgspec.structs.replace(call, id=hide(call.id), name=hide(call.name), arguments=hide(call.arguments))
            for call in exchange.tool_calls
        ),
        finish_reason=hide(exchange.finish_reason),
        model=hide(exchange.model),
        failure=None
        if exchange.failure is None
        else msgspec.structs.replace(exchange.failure, message=hide(exchange.failure.message)),
        server_timings={hide(name): value for name, value in exchange.server_timings.items()},
    )


def _texts(exchange: Exchange) -> Iterator[str]:
    yield from (exchange.text, exchange.reasoning, exchange.finish_reason, exchange.model, *exchange.server_timings)
    if exchange.failure is not None:
        yield exchange.failure.message
    for call in exchange.tool_calls:
        yield from (call.id, call.name, call.arguments)
