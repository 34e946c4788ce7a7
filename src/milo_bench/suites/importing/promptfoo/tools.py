"""promptfoo's ``providers:`` in, the tools that they may call and the schemas of their arguments out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from milo_bench.config.tool_schemas import tool_schemas
from milo_bench.config.written import Problem, Written, read_written
from milo_bench.suites.importing.promptfoo.files import files_named
from milo_bench.suites.importing.tables import source_text

_MOST_TOOLS: Final = 100
_LISTS: Final = ("tools", "functions")


def tools_of(config: Mapping[str, Any], root: Path, where: str) -> tuple[list[Any], list[Problem]]:
    """The tools of every provider, as its API writes them, each name once; what could not be read of them."""
    tools: list[Any] = []
    lost: list[Problem] = []
    for settings in _settings(config):
        for key in _LISTS:
            for tool in _listed(settings.get(key), root, where, lost):
                if not tool_schemas([tool]).keys() <= tool_schemas(tools).keys() and len(tools) < _MOST_TOOLS:
                    tools.append(tool)
    return tools, lost


def offered_in_prompt(tools: list[Any]) -> str:
    """What a prompt says of the tools, and of how to call them; "" where there are none."""
    if not tools:
        return ""
    listed = json.dumps(tools, ensure_ascii=False, indent=1).replace("{%", "\\u007b%")
    how = """To call tools, answer with nothing but a JSON list: [{"function": {"name": "TOOL", "arguments": {}}}]"""
    return f"{{% raw %}}\nYou can call these tools:\n{listed}\n{how}\n{{% endraw %}}"


def _settings(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """``config:`` of each provider and prompt, however they are written."""
    for key in ("providers", "targets", "prompts"):
        written = config.get(key)
        for one in written if isinstance(written, list) else [written]:
            if not isinstance(one, Mapping):
                continue
            if isinstance(one.get("config"), Mapping):
                yield one["config"]
            for named in one.values():  # {openai:gpt-4: {config: …}}
                if isinstance(named, Mapping) and isinstance(named.get("config"), Mapping):
                    yield named["config"]


def _listed(written: Any, root: Path, where: str, lost: list[Problem]) -> list[Any]:
    if isinstance(written, str):
        if not written.startswith("file://"):
            try:
                written = json.loads(written)
            except (ValueError, RecursionError):
                return []
        else:
            return _from_file(written, root, where, lost)
    found: list[Any] = []
    for one in written if isinstance(written, list) else [written]:
        if isinstance(one, str) and one.startswith("file://"):
            found.extend(_from_file(one, root, where, lost))
        elif isinstance(one, Mapping):
            found.append(one)
    return found


def _from_file(named: str, root: Path, where: str, lost: list[Problem]) -> list[Any]:
    paths = files_named(named, root, where)
    found: list[Any] = []
    for path in [paths] if isinstance(paths, Problem) else paths:
        if isinstance(path, Problem):
            lost.append(path)
        elif path.suffix.lower() not in (".json", ".yaml", ".yml"):
            lost.append(Problem(where, f"tools in '{path.name}': a program", "write them as JSON or YAML."))
        else:
            form: Any = "json" if path.suffix.lower() == ".json" else "yaml-1.2"
            read = read_written(source_text(path), name=path.name, form=form)
            if isinstance(read, Problem):
                lost.append(read)
            elif isinstance(read, Written):
                data = read.data
                found.extend(one for one in (data if isinstance(data, list) else [data]) if isinstance(one, Mapping))
    return found
