"""Two inventories in, what changed from the first to the second in words out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import read_whole
from milo_bench.inventory.records import INVENTORY_SCHEMA, Inventory, InventorySection

ChangeKind: TypeAlias = Literal["changed", "appeared", "gone"]

_LIMIT = 256 << 20
# Differs from one minute to the next and says nothing about what was changed.
_PASSING = {"available_bytes", "swap_used_bytes", "pressure", "free_bytes", "memory_used_bytes", "pid", "loaded"}
_ABSENT = object()


class InventoryChange(msgspec.Struct, frozen=True):
    """One difference. ``what`` names it in words; ``before`` and ``after`` are as shown, or "unknown"."""

    kind: ChangeKind
    section: str
    what: str
    before: str = ""
    after: str = ""

    @property
    def sentence(self) -> str:
        """``cpu: governor: powersave → performance``."""
        match self.kind:
            case "changed":
                return f"{self.section}: {self.what}: {self.before} → {self.after}"
            case "appeared":
                return f"{self.section}: {self.what} is new" + (f": {self.after}" if self.after else "")
            case "gone":
                return f"{self.section}: {self.what} is gone" + (f": {self.before}" if self.before else "")


class InventoryDifference(msgspec.Struct, frozen=True):
    """All changes; ``fingerprint_changed`` where results of the two machines are not to be mixed unseen."""

    before_taken_at: str
    after_taken_at: str
    changes: tuple[InventoryChange, ...]
    fingerprint_changed: bool
    before_fingerprint: str = ""
    after_fingerprint: str = ""


def read_inventory(path: Path) -> Inventory:
    """An inventory that ``inventory --json`` wrote. Raises DataError."""
    hint = "give a file written by 'milo-bench inventory --json --out FILE'."
    try:
        inventory = msgspec.json.decode(read_whole(path, _LIMIT), type=Inventory)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise DataError(message, hint=hint) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message = f"{path} is not an inventory: {error}."
        raise DataError(message, hint=hint) from None
    if inventory.schema != INVENTORY_SCHEMA:
        message = f"{path} follows the schema '{inventory.schema[:60]}', not '{INVENTORY_SCHEMA}'."
        raise DataError(message, hint="write it again with this version of Milo Bench.")
    return inventory


def inventory_by_machine(path: Path) -> dict[str, dict[str, Any]]:
    """An inventory file as plain data, by the fingerprint that run logs name its machine by.

    Raises PrerequisiteError for a file that cannot be read, DataError for one that is not an inventory.
    """
    try:
        data = msgspec.json.decode(read_whole(path))
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise PrerequisiteError(message, hint="write one with 'milo-bench inventory --json'.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        data = None
    if not isinstance(data, dict) or "fingerprint" not in data:
        message = f"{path} is not an inventory."
        raise DataError(message, hint="milo-bench inventory --json > inventory.json")
    # Run logs name a machine by the quick fingerprint, which takes no look at runtimes.
    return {str(data.get("quick_fingerprint") or data["fingerprint"]): data}


def compare_inventories(before: Inventory, after: Inventory) -> InventoryDifference:
    """Free space, memory in use, pressure, process numbers and what is loaded at the moment are left out."""
    changes: list[InventoryChange] = []
    for name in Inventory.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, InventorySection):
            changes += _section(name.replace("_", " "), _flat(old), _flat(new))
    if before.tool_version != after.tool_version:
        changes.append(InventoryChange("changed", "milo-bench", "version", before.tool_version, after.tool_version))
    return InventoryDifference(
        before.taken_at,
        after.taken_at,
        tuple(changes),
        before.fingerprint != after.fingerprint,
        before.fingerprint,
        after.fingerprint,
    )


def _section(
    section: str, old: dict[tuple[str, str], object], new: dict[tuple[str, str], object]
) -> Iterator[InventoryChange]:
    """``old`` and ``new`` map (thing, field) to value; a field is "" where the row is the thing itself."""
    # "" is the section itself, which is always there.
    old_things, new_things = {"", *(thing for thing, _ in old)}, {"", *(thing for thing, _ in new)}
    for thing in sorted(old_things - new_things):
        yield InventoryChange("gone", section, thing, before=_summary(thing, old))
    for thing in sorted(new_things - old_things):
        yield InventoryChange("appeared", section, thing, after=_summary(thing, new))
    for key in (*old, *(key for key in new if key not in old)):
        thing, field = key
        if thing not in old_things or thing not in new_things:
            continue
        was, now = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if was != now and field:
            what = f"{thing}, {field}" if thing else field
            yield InventoryChange("changed", section, what, _shown(was, field), _shown(now, field))


def _summary(thing: str, rows: dict[tuple[str, str], object]) -> str:
    parts = [
        f"{field} {_shown(value, field)}"
        for (owner, field), value in rows.items()
        if owner == thing and field and value not in ("", None, (), [], {}) and not isinstance(value, bool)
    ]
    return ", ".join(parts[:6])


def _flat(section: InventorySection) -> dict[tuple[str, str], object]:
    """A section as rows. Members of a list are told apart by what they are, never by their place in it."""
    rows: dict[tuple[str, str], object] = {}
    for name, value in _fields(section):
        if name == "unknown" and isinstance(value, dict):
            rows |= {("", f"unknown about {part}"): why for part, why in value.items()}
        elif isinstance(value, tuple) and name in _IDENTITIES:
            for thing, item in _named(name, value):
                rows[thing, ""] = True
                rows |= {(thing, field): held for field, held in _leaves(item, of=name)}
        elif isinstance(value, tuple):
            rows["", _words(name)] = value
        elif isinstance(value, dict):
            rows |= {("", part): held for part, held in value.items()}
        else:
            rows["", _words(name)] = value
    return rows


def _named(name: str, items: Iterable[msgspec.Struct]) -> Iterator[tuple[str, msgspec.Struct]]:
    """Each with a name of its own; a second of the same name gets a number."""
    seen: dict[str, int] = {}
    for item in items:
        label = _identity(name, item)
        seen[label] = seen.get(label, 0) + 1
        yield label if seen[label] == 1 else f"{label} ({seen[label]})", item


_IDENTITIES: dict[str, tuple[str, ...]] = {
    "devices": ("vendor", "name", "bus"),
    "volumes": ("mount",),
    "found": ("name", "found_as", "where"),
    "files": ("path",),
    "servers": ("kind", "base_url", "runtime", "program"),
    "units": ("manager", "name", "file"),
    "ports": ("address", "port"),
    "models": ("name",),
}


def _identity(name: str, item: msgspec.Struct) -> str:
    parts = [str(getattr(item, field)) for field in _IDENTITIES[name] if getattr(item, field, "")]
    return " ".join(parts)


def _leaves(item: msgspec.Struct, lead: str = "", *, of: str) -> Iterator[tuple[str, object]]:
    """All that is told of a member of the list ``of``, but for what it is called."""
    for name, value in _fields(item):
        words = f"{lead}{_words(name)}"
        if name in _IDENTITIES[of]:
            continue
        if isinstance(value, tuple) and name in _IDENTITIES:
            for label, inner in _named(name, value):
                yield f"{lead}{label}", "served"
                yield from _leaves(inner, f"{lead}{label} ", of=name)
        elif isinstance(value, dict):
            yield from ((f"{words} {key}", held) for key, held in value.items())
        else:
            yield words, value


def _fields(item: msgspec.Struct) -> Iterator[tuple[str, object]]:
    for name in item.__struct_fields__:
        if name not in _PASSING:
            yield name, getattr(item, name)


def _words(name: str) -> str:
    return name.removesuffix("_bytes").replace("_", " ")


def _shown(value: object, field: str) -> str:
    if value is _ABSENT:
        return "absent"
    if value is None or value == "":
        return "unknown" if not field.startswith(("problem", "unknown", "quota", "limit")) else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return " ".join(str(part) for part in value) or "none"
    if isinstance(value, int) and value >= 1 << 20:
        return f"{value:,}"
    return str(value)
