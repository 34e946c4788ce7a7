"""Where a gateway listens and what it serves in, lines for people and scripts out; without rich, which would stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import click

from milo_bench.core.text import visible


class _Listening(Protocol):
    @property
    def address(self) -> str: ...
    @property
    def admin(self) -> str: ...
    @property
    def rules(self) -> int: ...
    @property
    def workloads(self) -> tuple[str, ...]: ...
    @property
    def targets(self) -> Mapping[str, str]: ...
    @property
    def flags(self) -> Mapping[str, bool]: ...
    @property
    def roles(self) -> Mapping[str, str]: ...
    @property
    def challengers(self) -> tuple[str, ...]: ...
    @property
    def alarms(self) -> int: ...
    @property
    def rolled_back(self) -> Mapping[str, frozenset[str]]: ...


def print_listening(listening: _Listening) -> None:
    """The address on standard output, for scripts; the rest on standard error."""
    click.echo(f"{listening.address}/v1")
    rules = "1 rule" if listening.rules == 1 else f"{listening.rules} rules"
    click.echo(f"Serving {rules} for {', '.join(listening.workloads) or 'no workload'}.", err=True)
    for name, problem in listening.targets.items():
        click.echo(f"  {name}: {visible(problem) if problem else 'ready'}", err=True)
    if listening.flags:
        states = [f"{name} {'on' if on else 'off'}" for name, on in listening.flags.items()]
        click.echo(f"Flags: {', '.join(states)}.", err=True)
    if listening.roles:
        said = [f"milo/{name} ({target})" for name, target in sorted(listening.roles.items())]
        click.echo(f"Roles: {visible(', '.join(said))}.", err=True)
    if listening.challengers:
        click.echo(f"Challengers: {visible(', '.join(listening.challengers))}.", err=True)
    if listening.alarms:
        click.echo(f"Alarms watched: {listening.alarms}.", err=True)
    for workload, targets in sorted(listening.rolled_back.items()):
        names = visible(", ".join(sorted(targets)))
        click.echo(f"Rolled back for {visible(workload)}: {names}. See milo-bench incidents list.", err=True)
    click.echo(f"Metrics: {listening.admin}/metrics. Press Ctrl-C to stop.", err=True)
