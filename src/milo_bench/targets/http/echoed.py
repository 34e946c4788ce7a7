"""An exchange and the keys that were sent with it in; the same exchange with no key in it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.hiding import HIDDEN, KeySearch, is_secret_name
from milo_bench.core.records import Opening


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


def without_keys(exchange: Exchange, keys: KeySearch) -> Exchange:
    """``exchange`` as it may be stored: where a server echoes a key, ``(hidden)`` is in its place."""
    if not keys or not any(map(keys.within, _texts(exchange))):
        return exchange
    hide = keys.hidden
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


def data_without_keys(data: Any, keys: KeySearch) -> Any:
    """Plain data with ``(hidden)`` in the place of each key, in names too."""
    if not keys:
        return data
    if isinstance(data, str):
        return keys.hidden(data)
    if isinstance(data, Mapping):
        return {data_without_keys(name, keys): data_without_keys(value, keys) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [data_without_keys(value, keys) for value in data]
    return data


def opening_without_keys(opening: Opening, keys: KeySearch) -> Opening:
    """An opening whose tokens, put together, are no key: then nothing of it is kept."""
    together = ("".join(opening.tokens), " ".join(opening.tokens))
    return Opening((HIDDEN,)) if any(map(keys.within, together)) else opening


def _texts(exchange: Exchange) -> Iterator[str]:
    yield from (exchange.text, exchange.reasoning, exchange.finish_reason, exchange.model, *exchange.server_timings)
    if exchange.failure is not None:
        yield exchange.failure.message
    for call in exchange.tool_calls:
        yield from (call.id, call.name, call.arguments)
