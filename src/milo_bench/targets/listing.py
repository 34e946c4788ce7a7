"""Settings and the environment in; which targets answer, and which servers were found, out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from milo_bench.config.settings import Settings, TargetConfig
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Frozen
from milo_bench.core.units import seconds
from milo_bench.targets.discover import discover_local
from milo_bench.targets.llamacpp.weights import BUILTIN, find_smollm2
from milo_bench.targets.opening import open_target

_LIST_TIMEOUT_S = 3.0
_REDIRECT = re.compile(r"redirects to (\S+?),? which is not followed")
_STATUS = re.compile(r"\bHTTP ([45][0-9]{2})\b")


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
        return said(False, _why_not(error.message), error.hint)
    except TimeoutError:
        return said(False, "does not answer", f"no reply within {seconds(_LIST_TIMEOUT_S)}")
    if models and not is_listed(config.model, models):
        return said(False, "answers, but does not list this model", f"it lists {', '.join(models[:6])}")
    return said(True, "answers")


def _why_not(message: str) -> str:
    """What happened, in the few words that a listing has room for."""
    if "refuses the key" in message:
        return "answers, but refuses the key"
    if "certificate" in message.lower():
        return "answers, but its certificate is not trusted"
    if found := _STATUS.search(message):
        return f"answers with HTTP {found[1]}"
    if "web page" in message:
        return "answers with a web page"
    if found := _REDIRECT.search(message):
        return f"redirects to {found[1]}"
    return "does not answer"


def is_listed(model: str, models: Collection[str]) -> bool:
    """Whether a server lists ``model``; Ollama's ``name`` and ``name:latest`` are one."""
    return bool({model, f"{model}:latest", model.removesuffix(":latest")} & set(models))


def _weights_are_there(weights: str) -> bool:
    return find_smollm2() is not None if weights in BUILTIN else _is_file(weights)


def _is_file(written: str) -> bool:
    return Path(written).expanduser().is_file()
