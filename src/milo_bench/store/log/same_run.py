"""The header of a log and the header of a run that would continue it in, every difference in words out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from milo_bench.core.records import Plan, RunHeader, TargetRecord, Workload
from milo_bench.core.text import shorten

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def differences(logged: RunHeader, now: RunHeader) -> tuple[str, ...]:
    """What a resume would change: plan, suite, contracts, targets, stored text. Empty where nothing.

    The tool's version and the machine's fingerprint are no part of it: ``notes`` tells of those.
    """
    found = [
        *_fields("suite", logged.suite, now.suite),
        *_fields("plan", logged.plan, now.plan),
        *_by_name("workload", logged.workloads, now.workloads),
        *_by_name("target", logged.targets, now.targets),
    ]
    if logged.store_text != now.store_text:
        found.append(f"store_text: {logged.store_text} in the log, {now.store_text} now")
    return tuple(found)


def notes(logged: RunHeader, now: RunHeader) -> tuple[str, ...]:
    """What differs and does not forbid a resume."""
    found = []
    if logged.tool_version != now.tool_version:
        found.append(f"the log was started by version {logged.tool_version}, and this is version {now.tool_version}")
    if logged.inventory != now.inventory:
        found.append("the machine or its runtimes changed after the start of the log, so times may not be comparable")
    return tuple(found)


def _by_name(noun: str, logged: tuple[Any, ...], now: tuple[Any, ...]) -> list[str]:
    before, after = {thing.name: thing for thing in logged}, {thing.name: thing for thing in now}
    found = [f"{noun} '{name}': in the log, not now" for name in before if name not in after]
    found += [f"{noun} '{name}': not in the log" for name in after if name not in before]
    for name, thing in before.items():
        if name in after:
            found += _fields(f"{noun} '{name}'", thing, after[name])
    return found


def _fields(where: str, logged: msgspec.Struct, now: msgspec.Struct) -> list[str]:
    before, after = _comparable(logged), _comparable(now)
    return [
        f"{where} {name}: {_short(before.get(name))} in the log, {_short(after.get(name))} now"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _comparable(thing: msgspec.Struct) -> dict[str, Any]:
    data: dict[str, Any] = {name: _plain(getattr(thing, name)) for name in thing.__struct_fields__}
    if isinstance(thing, Workload):
        # The hashes say all that these two hold, in a line that fits a terminal.
        data.pop("prompt_source", None)
        data.pop("json_schema", None)
        data["own"] = None if thing.own is None else thing.own.digest
    if isinstance(thing, Plan) and thing.stopping is not None:
        # Each part of the rule by itself: all of it in one line says little.
        data |= {f"stopping {name}": value for name, value in data.pop("stopping").items()}
    if isinstance(thing, TargetRecord) and thing.endpoint:
        data["endpoint"] = _endpoint(thing.endpoint)
    if isinstance(thing, TargetRecord):
        data.pop("behaviour")  # asked anew at each start; a test says whether it changed
        data.pop("new_token_s")  # a time, so another at each start
        for name in ("unknown", "weights_from", "licence_from"):  # reasons, and no part of what is served
            data["identity"].pop(name)
    return data


def _plain(value: Any) -> Any:
    """Values of one type whether they were read or made; JSON would leave out a default or keep it, by its identity."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


def _endpoint(endpoint: str) -> str:
    """On this machine a port says nothing: a server that we start ourselves gets another each time."""
    parts = urlsplit(endpoint)
    if parts.hostname in _LOOPBACK:
        return urlunsplit((parts.scheme, "localhost", parts.path, "", ""))
    return endpoint


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)) and len(value) > 4:
        return f"{len(value)} values ({', '.join(str(part) for part in value[:2])}, …)"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return shorten(text, 60)
