"""A tree and its tests in, calls that they make of plain functions of the changed files out, with what those return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from milo_bench.sandbox import SandboxOutcome


@dataclass(frozen=True)
class RecordedCall:
    """A call of a function of the tree as its language writes it, and the value that it returned."""

    path: str
    function: str
    line: int
    call: str
    value: str


def read_calls(outcome: SandboxOutcome, nonce: str) -> Iterator[tuple[int, RecordedCall]]:
    """Calls that a runner inside told, each with the number of its turn; what others wrote lacks the nonce."""
    for line in outcome.stdout.split(b"\n"):
        try:
            said = json.loads(line)
            if said["nonce"] == nonce and said["kind"] == "call":
                fields = {name: said[name] for name in RecordedCall.__annotations__}
                yield int(said["turn"]), msgspec.convert(fields, RecordedCall)
        except (ValueError, KeyError, TypeError, msgspec.ValidationError):
            continue
