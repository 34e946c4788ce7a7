"""The models of suite.yaml and of a fixture, and the checks' own sources, in; the reference page of suites out."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Final

from milo_bench.core.modules import modules_of
from milo_bench.core.text import table_cell
from milo_bench.grade.base import CHECKS, Params
from milo_bench.suites.fixtures import KEYS
from milo_bench.suites.manifest import MEANINGS, Manifest, VariantConfig, WorkloadConfig

FIXTURE_MEANINGS: Final[Mapping[str, str]] = {
    "id": "1 to 200 characters without spaces, different for every fixture of the suite",
    "workload": "name of a workload in `suite.yaml`",
    "input": "object. The prompt shows its values as `input.NAME`",
    "expect": "object. What the checks compare with, by the names below",
    "tags": "list of words. `sensitive` keeps the fixture from hosted targets",
    "group": "what the fixture has in common with others. Intervals count a group once",
    "provenance": "object. Where the fixture comes from: source, place, document, digest, pages",
}
_PROMPT_LINES: Final = """\
| line | meaning |
|---|---|
| `{# role: system #}`, `{# role: user #}`, `{# role: assistant #}` | a message begins. No fixture can begin one |
| `{# messages: input.NAME #}` | the messages of the conversation in that input, with their own roles |
| `{# image: input.NAME #}` | within a message: send the picture, or the list of pictures, that the input names |"""
_CASE_READERS: Final = {"case_of": "`case`", "input_texts": "every text of the input"}


def suite_page_parts() -> list[str]:
    """The parts of the page, without its title."""
    parts = ["`suite.yaml`, the fixture files and the prompts of a [suite](../how-to/own-suite.md)."]
    for title, model in (
        ("suite.yaml", Manifest),
        ("`workloads.NAME` of suite.yaml", WorkloadConfig),
        ("`workloads.NAME.variants.NAME` of suite.yaml", VariantConfig),
    ):
        rows = []
        for name, info in model.model_fields.items():
            key = info.alias or name
            default = "required" if info.is_required() else f"`{info.get_default(call_default_factory=True)!r}`"
            rows.append(f"| `{key}` | {default} | {table_cell(MEANINGS[key])} |")
        parts += [f"## {title}", "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])]
    rows = [f"| `{key}` | {table_cell(FIXTURE_MEANINGS[key])} |" for key in KEYS]
    parts += ["## A line of a fixture file", "\n".join(["| key | meaning |", "|---|---|", *rows])]
    parts += ["## A prompt", _PROMPT_LINES]
    parts += ["## What each check reads", _check_table()]
    return parts


def _check_table() -> str:
    rows = []
    for name in modules_of(CHECKS.package):
        module = sys.modules[type(CHECKS.get(name)).__module__]
        rows.append(f"| [`{name}`](checks.md#{name}) | {_inputs(module)} | {table_cell(_expected(module))} |")
    return "\n".join(["| check | keys of `input` | keys of `expect` |", "|---|---|---|", *rows])


def _inputs(module: ModuleType) -> str:
    """The inputs that a check reads: fixed names, and names that its parameters give."""
    source = inspect.getsource(module)
    found = [said for call, said in _CASE_READERS.items() if f"{call}(" in source]
    found += [f"`{key}`" for key in re.findall(r"fixture\.input(?:\.get\(|\[)\"(\w+)\"", source)]
    if "drafting_input" in source:
        found += ["`case`", "`templates`"]
    for params in vars(module).values():
        if isinstance(params, type) and issubclass(params, Params) and params.__module__ == module.__name__:
            for name in ("document", "packet", "source"):
                default = getattr(params, "__struct_fields__", ()) and _default(params, name)
                if default:
                    found.append(f"`{default}` (parameter `{name}`)")
    return ", ".join(dict.fromkeys(found)) or "none"


def _default(params: type[Params], name: str) -> str:
    if name not in params.__struct_fields__:
        return ""
    position = params.__struct_fields__.index(name) - len(params.__struct_fields__)
    value = params.__struct_defaults__[position] if -position <= len(params.__struct_defaults__) else ""
    return value if isinstance(value, str) else ""


def _expected(module: ModuleType) -> str:
    """What the check's own description says of ``expect``, on one line."""
    described = re.search(r"`{1,2}expect`{1,2}: (.+?)(?:\n\n|\Z)", module.__doc__ or "", flags=re.DOTALL)
    if described is None and "wanted_text import" in inspect.getsource(module):
        return f"`{module.__name__.rpartition('.')[2]}`"
    if described is None:
        keys = dict.fromkeys(re.findall(r"expect(?:\.get\(|\[)\"(\w+)\"", inspect.getsource(module)))
        return ", ".join(f"`{key}`" for key in keys) or "none"
    return re.sub(r"``", "`", " ".join(described[1].split()))
