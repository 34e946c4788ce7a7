"""The model servers found on this machine in; their targets, and the text of a first bench.yaml, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from milo_bench.config.settings import is_own_network
from milo_bench.targets.discover import DiscoveredServer


def name_targets(found: Sequence[DiscoveredServer], *, with_key: bool = False) -> dict[str, dict[str, Any]]:
    """Every model of ``found`` as an entry of bench.yaml, by the name that it gets.

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
    return targets


def config_text(targets: Mapping[str, Any]) -> str:
    """The text of a bench.yaml with ``targets``."""
    head = (
        "# What milo-bench measures. Every setting: docs/reference/settings.md\n"
        "# smollm2 and smollm2_q4_0, the demo's models, are built in and need no entry.\n"
    )
    if not targets:
        head += "# No model server answered on the usual local ports. Example of an entry:\n"
        example = {"local_8b": {"api": "openai", "base_url": "http://127.0.0.1:8080/v1", "model": "NAME"}}
        body = "".join(f"#   {line}\n" for line in yaml.safe_dump(example, sort_keys=False).splitlines())
        return f"{head}{body}targets: {{}}\n"
    return head + yaml.safe_dump({"targets": dict(targets)}, sort_keys=False, allow_unicode=True)


def _free_name(model: str, taken: Mapping[str, Any]) -> str:
    """A target name made from a model's: letters, digits and underscores, not taken yet."""
    last = model.rsplit("/", 1)[-1].removesuffix(".gguf")
    base = "".join(c if c.isascii() and c.isalnum() else "_" for c in last).strip("_").lower() or "model"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
