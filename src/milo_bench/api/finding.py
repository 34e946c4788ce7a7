"""Settings and the environment in; which targets answer, and which servers were found, out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from milo_bench.config.schema import schema_line
from milo_bench.config.settings import SETTINGS_FILE, Settings, TargetConfig, is_own_network
from milo_bench.core.errors import MiloError, UsageError
from milo_bench.core.files import write_new_file
from milo_bench.core.records import Frozen
from milo_bench.core.units import seconds
from milo_bench.run.event_loop import run_to_end
from milo_bench.targets import DiscoveredServer, discover_local, open_target
from milo_bench.targets.llamacpp.weights import BUILTIN, find_smollm2, find_weights

_LIST_TIMEOUT_S = 3.0


class TargetState(Frozen, frozen=True):
    """One target of the settings. ``state`` is a few words: answers, does not answer, weights found …"""

    name: str
    api: str
    model: str
    where: str
    hosted: bool
    ready: bool
    state: str
    hint: str = ""


class FoundServer(Frozen, frozen=True):
    """A model server on this machine that may or may not be in the settings."""

    kind: str
    api: str
    base_url: str
    models: tuple[str, ...]


class TargetListing(Frozen, frozen=True):
    """What ``milo-bench targets`` shows."""

    targets: tuple[TargetState, ...]
    found: tuple[FoundServer, ...]


async def list_targets(settings: Settings, env: Mapping[str, str]) -> TargetListing:
    """Ask every target of the settings for its models, and look at the usual local ports.

    Nothing is generated and nothing is started. Hosted targets are not asked at all: a listing is
    no reason to talk to other machines.
    """
    states, found = await asyncio.gather(
        asyncio.gather(*(_state(config, env) for config in settings.targets.values())), discover_local(env)
    )
    servers = tuple(FoundServer(s.kind, s.api, s.base_url, s.models) for s in found)
    return TargetListing(tuple(states), servers)


async def _state(config: TargetConfig, env: Mapping[str, str]) -> TargetState:
    where = config.base_url or config.weights or config.script or ""

    def said(ready: bool, state: str, hint: str = "") -> TargetState:
        return TargetState(config.name, config.api, config.model, where, config.hosted, ready, state, hint)

    if config.hosted:
        return said(True, "hosted, not contacted")
    if config.api == "fake":
        there = _is_file(config.script or "")
        return said(True, "scripted") if there else said(False, "the script is missing", "correct 'script'")
    if config.api == "llamacpp":
        there = _weights_are_there(config.weights or "")
        return said(True, "weights found") if there else said(False, "weights are missing", "make install")
    try:
        target = open_target(config, env)
        try:
            models = await asyncio.wait_for(target.models(), _LIST_TIMEOUT_S)
        finally:
            await target.stop()
    except MiloError as error:
        state = "answers, but refuses the key" if "refuses the key" in error.message else "does not answer"
        return said(False, state, error.hint)
    except TimeoutError:
        return said(False, "does not answer", f"no reply within {seconds(_LIST_TIMEOUT_S)}")
    if models and config.model not in models:
        return said(False, "answers, but does not list this model", f"it lists {', '.join(models[:6])}")
    return said(True, "answers")


def _weights_are_there(weights: str) -> bool:
    return find_smollm2() is not None if weights in BUILTIN else _is_file(weights)


def _is_file(written: str) -> bool:
    return Path(written).expanduser().is_file()


def prepare_weights(name: str, env: Mapping[str, str], progress: Callable[[int, int], None]) -> Path:
    """The GGUF file that ``name`` means, made now where it has to be made; ``progress(done, total)`` tensors."""
    return find_weights(name, env, progress)


def write_config(path: Path, env: Mapping[str, str]) -> tuple[FoundServer, ...]:
    """Write a new bench.yaml with what was found on the usual local ports; what was found.

    Raises UsageError where there is a file already, PrerequisiteError where it cannot be written.
    """
    taken = "edit it, or write to another file with --out."
    if os.path.lexists(path):  # before ports are looked at
        raise UsageError(f"{path} already exists.", hint=taken)
    found = run_to_end(discover_local(env))
    text = schema_line(SETTINGS_FILE, path) + config_text(found, with_key=bool(env.get("OPENAI_API_KEY")))
    write_new_file(path, text, taken=taken)
    return tuple(FoundServer(s.kind, s.api, s.base_url, s.models) for s in found)


def config_text(found: Sequence[DiscoveredServer], *, with_key: bool = False) -> str:
    """The text of a bench.yaml that names every model of ``found`` as a target.

    ``with_key`` names OPENAI_API_KEY for the server of OPENAI_BASE_URL: there is such a key.
    """
    targets: dict[str, Any] = {}
    for server in found:
        for model in server.models:
            entry: dict[str, Any] = {"api": server.api, "base_url": server.base_url, "model": model}
            if with_key and server.source == "OPENAI_BASE_URL":
                entry["api_key_env"] = "OPENAI_API_KEY"
            if not is_own_network(server.base_url):
                entry["hosted"] = True
            targets[_free_name(model, targets)] = entry
    head = (
        "# What milo-bench measures. Every setting: docs/reference/settings.md\n"
        "# smollm2 and smollm2_q4_0, the demo's models, are built in and need no entry.\n"
    )
    if not targets:
        head += "# No model server answered on the usual local ports. Example of an entry:\n"
        example = {"local_8b": {"api": "openai", "base_url": "http://127.0.0.1:8080/v1", "model": "NAME"}}
        body = "".join(f"#   {line}\n" for line in yaml.safe_dump(example, sort_keys=False).splitlines())
        return f"{head}{body}targets: {{}}\n"
    return head + yaml.safe_dump({"targets": targets}, sort_keys=False, allow_unicode=True)


def _free_name(model: str, taken: Mapping[str, Any]) -> str:
    """A target name made from a model's: letters, digits and underscores, not taken yet."""
    last = model.rsplit("/", 1)[-1].removesuffix(".gguf")
    base = "".join(c if c.isascii() and c.isalnum() else "_" for c in last).strip("_").lower() or "model"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
