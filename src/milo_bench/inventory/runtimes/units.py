"""Unit files, property lists and crontabs in, the entries that start model servers out."""

from __future__ import annotations

import plistlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from milo_bench.core.hiding import shown_argv, shown_text, shown_value
from milo_bench.inventory.reading import Reader, explain_error
from milo_bench.inventory.records import ServiceUnit
from milo_bench.inventory.runtimes.signs import runtime_of, runtime_started_by

_SYSTEM_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/transient",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_USER_UNITS = ("/etc/systemd/user", "/usr/lib/systemd/user")


def systemd_units(reader: Reader, home: Path, unknown: dict[str, str]) -> list[ServiceUnit]:
    """Services of the system and of this user whose ExecStart, drop-ins included, starts a runtime."""
    found = _units_in([reader.path(place) for place in _SYSTEM_UNITS], "systemd", unknown)
    own = [home / ".config" / "systemd" / "user", home / ".local" / "share" / "systemd" / "user"]
    return found + _units_in([*own, *map(reader.path, _USER_UNITS)], "systemd --user", unknown)


def _units_in(
    folders: Sequence[Path], manager: Literal["systemd", "systemd --user"], unknown: dict[str, str]
) -> list[ServiceUnit]:
    found: dict[str, ServiceUnit] = {}
    seen: set[str] = set()
    for folder in folders:
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix == ".service" and path.is_file())
        except OSError as error:
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                unknown[str(folder)] = explain_error(error, folder)
            continue
        for file in files:
            if file.name in seen:
                continue  # a folder that comes earlier wins
            seen.add(file.name)
            drop_ins = [path for place in folders for path in sorted((place / f"{file.name}.d").glob("*.conf"))]
            drop_ins = [path for path in drop_ins if path.is_file()]
            texts = []
            for path in (file, *drop_ins):
                try:
                    texts.append(path.read_text(encoding="utf-8", errors="replace")[: 1 << 20])
                except OSError as error:
                    unknown[str(path)] = explain_error(error, path)
            unit = _unit(file, "\n".join(texts), manager)
            if unit is not None:
                found[file.name] = unit
    return list(found.values())


def _unit(file: Path, text: str, manager: Literal["systemd", "systemd --user"]) -> ServiceUnit | None:
    command, environment = "", {}
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        key, mark, value = line.strip().partition("=")
        value = value.strip()
        if not mark or key.startswith(("#", ";")):
            continue
        if key == "ExecStart":
            command = value.lstrip("-@:+!")  # an empty one takes back those before it
        elif key == "Environment":
            for word in _words(value):
                name, _, given = word.partition("=")
                environment[name] = shown_value(name, given)
        elif key == "EnvironmentFile":
            environment[f"(from {value.lstrip('-')})"] = "not read"
    if not runtime_started_by(command):
        return None
    return ServiceUnit(
        manager, file.name, shown_line(command), file=str(file), environment=dict(sorted(environment.items()))
    )


def launch_agents(folders: Sequence[Path], unknown: dict[str, str]) -> list[ServiceUnit]:
    """launchd's property lists whose program is a runtime."""
    found = []
    for folder in folders:
        for file in sorted(path for path in folder.glob("*.plist") if path.is_file()):
            try:
                with file.open("rb") as opened:
                    data = plistlib.load(opened)
            except OSError as error:
                unknown[str(file)] = explain_error(error, file)
                continue
            except Exception as error:  # plistlib lets whatever its parser raises through
                unknown[str(file)] = f"is not a property list: {type(error).__name__}"
                continue
            given = data.get("ProgramArguments") or [data.get("Program", "")] if isinstance(data, dict) else []
            argv = [str(word) for word in given] if isinstance(given, list) else []
            if not argv or (runtime_of(argv) is None and runtime_started_by(" ".join(argv)) is None):
                continue
            named = data.get("EnvironmentVariables")
            pairs = named.items() if isinstance(named, dict) else ()
            environment = {str(name): shown_value(str(name), str(value)) for name, value in sorted(pairs)}
            enabled = "at load" if data.get("RunAtLoad") is True else ""
            label = str(data.get("Label", file.stem))
            command = shlex.join(shown_argv(argv))
            found.append(
                ServiceUnit("launchd", label, command, enabled=enabled, file=str(file), environment=environment)
            )
    return found


def cron_lines(text: str, file: str) -> list[ServiceUnit]:
    """Lines of one crontab that start a runtime."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        match = re.match(r"(@\w+|(?:[\w*/,-]+\s+){5})\s*(.+)", line)
        if match is None or line.startswith("#") or runtime_started_by(match[2]) is None:
            continue
        found.append(ServiceUnit("cron", f"line {number}", shown_line(match[2]), enabled=match[1].strip(), file=file))
    return found


def shown_line(line: str) -> str:
    """A command line as it stands, secrets hidden."""
    words = _words(line)
    hidden = shown_argv(words)
    return shown_text(line) if list(hidden) == words else " ".join(hidden)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
