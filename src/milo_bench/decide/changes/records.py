"""What changed between two decisions, as it is kept in the later one."""

from __future__ import annotations

from milo_bench.core.records import Frozen


class FindingChange(Frozen, frozen=True, omit_defaults=False):
    """One finding before and now; "" where one of the two decisions has none. ``because`` in words."""

    workload: str
    target: str
    before: str
    now: str
    route_before: str
    route_now: str
    because: tuple[str, ...]


class Changes(Frozen, frozen=True, omit_defaults=False):
    """What changed since a decision: findings, and what else is not the same (models, prompts, machine, policy)."""

    since: str
    findings: tuple[FindingChange, ...]
    unchanged: int
    differs: tuple[str, ...]


class Earlier(Frozen, frozen=True, omit_defaults=False):
    """The decision that a later one was compared with: its file, as it was named, the SHA-256 of its bytes, changes."""

    path: str
    sha256: str
    changes: Changes
