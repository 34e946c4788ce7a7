"""This machine in; a first bench.yaml with the models that answer on it out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from milo_bench.config.schema import schema_line
from milo_bench.config.settings import SETTINGS_FILE
from milo_bench.core.errors import UsageError
from milo_bench.core.files import write_new_file
from milo_bench.run.event_loop import run_to_end
from milo_bench.targets.discover import discover_local
from milo_bench.targets.first_settings import config_text, name_targets
from milo_bench.targets.listing import FoundServer


@dataclass(frozen=True)
class FirstConfig:
    """The model servers and targets that a new bench.yaml names. Text goes to ``hosted`` ones only when allowed."""

    servers: tuple[FoundServer, ...]
    targets: tuple[str, ...]
    hosted: frozenset[str] = frozenset()


def write_config(path: Path, env: Mapping[str, str]) -> FirstConfig:
    """Write a new bench.yaml with what was found on the usual local ports; what was found.

    Raises UsageError where there is a file already, PrerequisiteError where it cannot be written.
    """
    taken = "edit it, or write to another file with --out."
    if os.path.lexists(path):  # before ports are looked at
        raise UsageError(f"{path} already exists.", hint=taken)
    found = run_to_end(discover_local(env))
    targets = name_targets(found, with_key=bool(env.get("OPENAI_API_KEY")))
    write_new_file(path, schema_line(SETTINGS_FILE, path) + config_text(targets), taken=taken)
    return FirstConfig(
        servers=tuple(FoundServer(s.kind, s.api, s.base_url, s.models) for s in found),
        targets=tuple(targets),
        hosted=frozenset(name for name, entry in targets.items() if entry.get("hosted")),
    )
