"""Inventories and a target in; the unit, the process and the weights that were found to serve it out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from milo_bench.core.hiding import HIDDEN
from milo_bench.core.records import TargetRecord

# Programs that an inventory may put into a command of the runbook, and the words by which others are recognised.
_PROGRAMS: Final = frozenset({"llama-server", "ollama", "vllm", "sglang", "lms", "mlx_lm.server"})
_MODULES: Final = ("vllm.", "sglang.launch_server", "mlx_lm.server")


@dataclass(frozen=True)
class RunningServer:
    """What serves a target. ``unit`` starts it under ``manager`` ("" where none was found); ``argv`` is its process."""

    manager: str = ""
    unit: str = ""
    argv: tuple[str, ...] = ()


def found_server(target: TargetRecord, port: int, inventories: Mapping[str, Mapping[str, Any]]) -> RunningServer | None:
    """The unit or process that an inventory saw behind ``target`` on ``port``; None where it saw none.

    A process is taken for it where its command is that of a known runtime and names the port, the model or the
    weights; a unit where its command does. Words of a command that hide a secret make it no command to paste.
    """
    runtime = (target.runtime or target.api).lower()
    units = (row for row in _units(inventories) if _serves(shlex_words(row.get("command")), target, port, runtime))
    unit = next(units, None)
    argv = next((words for words in _processes(inventories) if _serves(words, target, port, runtime)), ())
    if unit is None and not argv:
        return None
    return RunningServer(str(unit["manager"]) if unit else "", str(unit["name"]) if unit else "", tuple(argv))


def weights_of(target: TargetRecord, inventories: Mapping[str, Mapping[str, Any]]) -> str:
    """The path of the file with the target's digest; "" where no inventory saw it."""
    digest = target.model_digest.removeprefix("sha256:")
    return next(
        (
            str(row["path"])
            for row in _rows(inventories, "model_files", "files")
            if digest and row.get("sha256") == digest and isinstance(row.get("path"), str)
        ),
        "",
    )


def shlex_words(command: object) -> tuple[str, ...]:
    """The words of a command line as a shell reads it; () where it is none."""
    try:
        return tuple(shlex.split(command)) if isinstance(command, str) else ()
    except ValueError:
        return ()


def _serves(words: Sequence[str], target: TargetRecord, port: int, runtime: str) -> bool:
    if not words or any(HIDDEN in word for word in words) or not is_known_server(words):
        return False
    if "ollama" in runtime:
        return PurePath(words[0]).name == "ollama"
    names = {target.model, *([str(port)] if port else [])}
    return any(word in names or word.partition("=")[2] in names for word in words[1:])


def is_known_server(words: Sequence[str]) -> bool:
    """Whether a command is that of a model runtime."""
    if PurePath(words[0]).name in _PROGRAMS:
        return True
    return len(words) > 2 and words[1] == "-m" and words[2].startswith(_MODULES)


def _units(inventories: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in _rows(inventories, "services", "units"):
        if row.get("manager") in ("systemd", "systemd --user") and isinstance(row.get("name"), str):
            yield row


def _processes(inventories: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for row in _rows(inventories, "processes", "servers"):
        argv = row.get("argv")
        if isinstance(argv, list | tuple) and all(isinstance(word, str) for word in argv):
            yield tuple(argv)


def _rows(inventories: Mapping[str, Mapping[str, Any]], section: str, name: str) -> Iterator[Mapping[str, Any]]:
    for _, inventory in sorted(inventories.items()):
        inner = inventory.get(section)
        rows = inner.get(name) if isinstance(inner, dict) else None
        for row in rows if isinstance(rows, list | tuple) else ():
            if isinstance(row, dict):
                yield row
