"""Suites and contracts of a decision and of newer evidence in, what changed between them in words out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from milo_bench.core.records import SuiteRef
from milo_bench.core.records.contract import Digests, contract_changes
from milo_bench.decide.records import LogRef


def changed_contracts(before: Mapping[str, Digests], now: Mapping[str, Digests]) -> list[str]:
    """A phrase for each part of a contract that both sides have and that differs; prompts are named elsewhere."""
    return [
        phrase
        for place in sorted(before.keys() & now.keys())
        for phrase in contract_changes(place, before[place], now[place])
        if not phrase.startswith("prompt of ")
    ]


def changed_suites(before: Iterable[LogRef], now: Iterable[LogRef]) -> list[str]:
    """A phrase for each suite that both sides were run on, in another version or with other files."""
    old, new = _suites(before), _suites(now)
    return [
        f"suite {name}: {_said(old[name])} → {_said(new[name])}"
        for name in sorted(old.keys() & new.keys())
        if old[name] != new[name]
    ]


def _suites(logs: Iterable[LogRef]) -> dict[str, SuiteRef]:
    return {log.suite.name: log.suite for log in logs if log.attempted}


def _said(suite: SuiteRef) -> str:
    return f"{suite.version} ({suite.hash[:12]})"
