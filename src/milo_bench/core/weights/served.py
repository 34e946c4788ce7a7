"""Two records of a target in, what is not the same about what was served out; one list for all that compare."""

from __future__ import annotations

from collections.abc import Mapping

from milo_bench.core.records import Adapter, TargetRecord
from milo_bench.core.units import number

_MOST = 19  # "sha256:" and as many digits as tell two apart


def parts_of(target: TargetRecord) -> dict[str, str]:
    """What was served, part by part, in the order in which differences are shown; "" for what is unknown."""
    known = target.identity
    return {
        "model": target.model,
        "weights": target.model_digest,
        "quantisation": target.quantisation,
        "runtime": f"{target.runtime} {target.runtime_version}".strip(),
        "adapters": "" if known.adapters is None else ", ".join(map(_adapter, known.adapters)) or "none",
        "chat template": known.chat_template,
        "cache": known.cache,
        "default parameters": known.parameters,
        **{f"flag {name}": value for name, value in known.flags.items()},
    }


def differences(before: TargetRecord, now: TargetRecord) -> tuple[tuple[str, str, str], ...]:
    """(part, before, now) of each part that is not the same; "unknown" where one of the two does not say.

    A flag that only one of two known command lines has is "not set" in the other.
    """
    old, new = parts_of(before), parts_of(now)
    found = []
    for part in {**old, **new}:
        was, is_now = _shown(part, old, before), _shown(part, new, now)
        if was == is_now or (part.startswith("flag ") and "unknown" in (was, is_now)):
            continue  # of unknown arguments each flag is unknown: said once, by the part "cache"
        found.append((part, _short(was), _short(is_now)))
    return tuple(found)


def _short(value: str) -> str:
    return value[:_MOST] if value.startswith("sha256:") else value


def _shown(part: str, parts: Mapping[str, str], target: TargetRecord) -> str:
    if part.startswith("flag ") and part not in parts:
        return "not set" if target.identity.cache else "unknown"
    return parts[part] or "unknown"


def _adapter(adapter: Adapter) -> str:
    return f"{adapter.digest[:19] or adapter.name} at {number(adapter.scale)}"
