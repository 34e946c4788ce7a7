"""The folder and the header of a new log in, ids of earlier logs of the same work out; a rerun shows in the new log.

A run that is repeated until it passes is several runs, and the bounds of one do not cover the choice among them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from milo_bench.core.records import RunHeader
from milo_bench.store.log.lines import HEADER_START

LoggedRows: TypeAlias = Literal["attempt", "episode", "probe", "load"]
_HEAD_BYTES: Final = 64 << 20
_TAIL_BYTES: Final = 1 << 20  # where a log of such rows has at least one of them: samples of the machine lie between


class _Suite(msgspec.Struct):
    name: str


class _Target(msgspec.Struct):
    name: str
    model: str = ""


class _Head(msgspec.Struct):
    run_id: str
    created_at: str
    suite: _Suite
    targets: tuple[_Target, ...]


_DECODER: Final = msgspec.json.Decoder(_Head)


def earlier_logs(path: Path, header: RunHeader, rows: LoggedRows) -> tuple[str, ...]:
    """Run ids of the logs beside ``path`` that have ``rows`` of a target of ``header`` on its suite, oldest first.

    A target is the same by its name or by its model; a suite is the same by its name, whatever was changed in it. A
    file that cannot be read is passed over: nothing about it is known.
    """
    found = []
    for other in path.parent.glob("*.jsonl"):
        head = None if other == path else _head(other, rows)
        if head is not None and head.suite.name == header.suite.name and _share_a_target(head, header):
            found.append((head.created_at, head.run_id))
    return tuple(run_id for _, run_id in sorted(found))


def _share_a_target(head: _Head, header: RunHeader) -> bool:
    names = {one.name for one in header.targets}
    models = {one.model for one in header.targets if one.model}
    return any(one.name in names or one.model in models for one in head.targets)


def _head(path: Path, rows: LoggedRows) -> _Head | None:
    """The first line of the log at ``path``, if it has a row of that kind."""
    try:
        if not path.is_file():
            return None  # a pipe or a device may never end
        with path.open("rb") as file:
            if not file.read(len(HEADER_START)).startswith(HEADER_START):
                return None
            file.seek(0)
            first = file.readline(_HEAD_BYTES)
            head = _DECODER.decode(first)
            file.seek(max(len(first), path.stat().st_size - _TAIL_BYTES))
            has_rows = f'{{"type":"{rows}"'.encode() in file.read(_TAIL_BYTES)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return head if has_rows else None
