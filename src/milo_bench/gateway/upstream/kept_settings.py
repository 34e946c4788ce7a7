"""A target's settings in; who words its requests out, or the reason why the gateway would lose one of them.

``tests/gateway/test_target_settings.py`` goes through every setting of a target: each is kept or refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.base import Target
from milo_bench.targets.http.address import ollama_url, parse_address
from milo_bench.targets.http.target import proxy_of

# What the measured client sends Ollama by its own API, and its OpenAI API takes from no request.
_LOST_BY_OLLAMA: Final = ("settings", "context_window", "threads", "gpu_layers", "thinking")


def refuse_lost(config: TargetConfig, env: Mapping[str, str]) -> None:
    """Raises ConfigError where requests of the gateway would not go as those that were measured."""
    address = parse_address(_base_url(config, env)) if config.base_url or config.api == "ollama" else None
    if config.proxy or (address is not None and proxy_of(address, config, env)):
        place = address.host if address is not None else config.name
        if config.proxy:
            said = "has a proxy"
            hint = "let the gateway reach it directly, or name another target."
        else:
            said = "is behind the proxy of the environment (HTTPS_PROXY)"
            hint = f"put {place} into NO_PROXY if the gateway can reach it directly."
        raise ConfigError(f"The target '{config.name}' {said}, which the gateway does not support.", hint=hint)
    if config.api == "ollama":
        lost = [name for name in _LOST_BY_OLLAMA if getattr(config, name) not in (None, {})]
        if lost:
            message = f"The target '{config.name}' sets {', '.join(lost)}, which Ollama's OpenAI API does not take."
            hint = (
                "remove it from bench.yaml, put it into a model of its own ('ollama create'), and measure that, "
                "or measure Ollama's /v1 as an openai target."
            )
            raise ConfigError(message, hint=hint)


def client_of(target: Target, config: TargetConfig, env: Mapping[str, str]) -> OpenAiTarget:
    """Who words requests to ``target`` in OpenAI's API. Raises ConfigError for a target of another kind."""
    if isinstance(target, OpenAiTarget):
        return target
    client = getattr(target, "client", None)
    if isinstance(client, OpenAiTarget):
        return client
    if config.api == "ollama":
        inner = config.model_copy(update={"api": "openai", "base_url": f"{_base_url(config, env)}/v1"})
        return OpenAiTarget(inner, env)
    message = f"The gateway cannot forward to the target '{config.name}' (api {config.api})."
    raise ConfigError(message, hint="use an openai, ollama or llamacpp target with one server.")


def _base_url(config: TargetConfig, env: Mapping[str, str]) -> str:
    if config.api != "ollama":
        return config.base_url or ""
    return ollama_url(config.base_url or env.get("OLLAMA_HOST", ""))
