"""Service managers of this machine in, the units, agents, containers and cron lines that start model servers out."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from milo_bench.core.hiding import shown_text
from milo_bench.inventory.reading import Commands, Reader, explain_error, run_command
from milo_bench.inventory.records import Services, ServiceUnit
from milo_bench.inventory.runtimes.signs import runtime_of_image, runtime_started_by
from milo_bench.inventory.runtimes.units import cron_lines, launch_agents, shown_line, systemd_units

_TIMEOUT_S = 3.0


def read_services(reader: Reader, home: Path, commands: Commands = run_command, *, system: str = "") -> Services:
    """Units by their files; their state by systemctl, launchctl and docker, where those answer."""
    system = system or platform.system()
    unknown: dict[str, str] = {}
    units: list[ServiceUnit] = []
    if system == "Darwin":
        folders = [
            home / "Library/LaunchAgents",
            *map(reader.path, ("/Library/LaunchAgents", "/Library/LaunchDaemons")),
        ]
        units += _with_launchd_state(launch_agents(folders, unknown), commands, unknown)
    elif system == "Linux":
        units += _with_systemd_state(systemd_units(reader, home, unknown), commands, unknown)
    else:
        unknown["service managers"] = f"not read on {system or 'this system'}"
    units += _docker(commands, unknown)
    units += _cron(reader, commands, unknown)
    return Services(tuple(units), unknown)


def _with_systemd_state(units: Sequence[ServiceUnit], commands: Commands, unknown: dict[str, str]) -> list[ServiceUnit]:
    states: dict[tuple[str, str], dict[str, str]] = {}
    for manager, flags in (("systemd", []), ("systemd --user", ["--user"])):
        names = [unit.name for unit in units if unit.manager == manager and "@." not in unit.name]
        if not names:
            continue
        wanted = "--property=Id,ActiveState,SubState,UnitFileState"
        ran = commands(["systemctl", *flags, "show", wanted, "--", *names], _TIMEOUT_S)
        if ran.why:
            unknown[f"state of {manager} units"] = ran.why
        for block in ran.output.split("\n\n"):
            facts = dict(line.partition("=")[::2] for line in block.splitlines())
            states[manager, facts.get("Id", "")] = facts
    found = []
    for unit in units:
        facts = states.get((unit.manager, unit.name), {})
        state = f"{facts.get('ActiveState', '')} {facts.get('SubState', '')}".strip()
        if "@." in unit.name:
            state = "a template"
        found.append(replace(unit, state=state, enabled=facts.get("UnitFileState", "")))
    return found


def _with_launchd_state(units: Sequence[ServiceUnit], commands: Commands, unknown: dict[str, str]) -> list[ServiceUnit]:
    if not units:
        return []
    ran = commands(["launchctl", "list"], _TIMEOUT_S)
    if ran.why:
        unknown["state of launchd agents"] = ran.why
        return list(units)
    lines = [line.split("\t") for line in ran.output.splitlines()[1:]]
    pids = {words[2]: words[0] for words in lines if len(words) == 3}
    found = []
    for unit in units:
        pid = pids.get(unit.name)
        found.append(replace(unit, state="not loaded" if pid is None else "loaded" if pid == "-" else "running"))
    return found


def _docker(commands: Commands, unknown: dict[str, str]) -> list[ServiceUnit]:
    ran = commands(["docker", "ps", "--all", "--no-trunc", "--format", "{{json .}}"], _TIMEOUT_S)
    if ran.why:
        unknown["docker"] = ran.why
        return []
    found = []
    for line in ran.output.splitlines():
        try:
            facts = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, ValueError):
            continue
        image, command = str(facts.get("Image", "")), str(facts.get("Command", "")).strip('"')
        if runtime_of_image(image) is None and runtime_started_by(command) is None:
            continue
        ports = str(facts.get("Ports", ""))
        state = ", ".join(part for part in (str(facts.get("State", "")), ports and f"ports {ports}") if part)
        name = shown_text(str(facts.get("Names", "")))
        found.append(
            ServiceUnit("docker", name, f"{shown_text(image)} {shown_line(command)}".strip(), shown_text(state))
        )
    return found


def _cron(reader: Reader, commands: Commands, unknown: dict[str, str]) -> list[ServiceUnit]:
    found = []
    ran = commands(["crontab", "-l"], _TIMEOUT_S)
    if not ran.why:
        found += cron_lines(ran.output, "crontab -l")
    elif "no crontab for" not in ran.why:
        unknown["crontab of this user"] = ran.why
    places = ["/etc/crontab"]
    for folder in ("/etc/cron.d", "/var/spool/cron/crontabs"):
        path = reader.path(folder)
        try:
            places += sorted(f"{folder}/{entry.name}" for entry in path.iterdir() if entry.is_file())
        except OSError as error:
            if isinstance(error, PermissionError):
                unknown[folder] = explain_error(error, folder)
    for place in places:
        text = reader.read(place)
        if text.why and not text.missing:
            unknown[place] = text.why
        found += cron_lines(text.text, place)
    return found
