"""A kind of file that people write in, its JSON schema out, with which an editor completes and checks it."""

from __future__ import annotations

import json
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from milo_bench.config.checked import CheckedFile, FileKind

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def file_schema(kind: FileKind[Any]) -> dict[str, Any]:
    """The JSON schema (2020-12) of ``kind``: what its model takes, apart from rules that span several settings."""
    model: type[CheckedFile] = kind.model
    return {"$schema": DIALECT, **_without_titles(model.model_json_schema()), "title": kind.name}


def schema_text(kind: FileKind[Any]) -> str:
    """``file_schema`` as the shipped file has it."""
    return json.dumps(file_schema(kind), indent=2, ensure_ascii=False) + "\n"


def schema_path(kind: FileKind[Any]) -> Path:
    """Where the shipped schema of ``kind`` is: ``…/config/schemas/policy.schema.json``."""
    return Path(str(files("milo_bench") / "config" / "schemas" / f"{Path(kind.name).stem}.schema.json"))


def schema_line(kind: FileKind[Any], file: Path, *, shared: bool = False) -> str:
    """The first line of a new ``file``, by which editors with a YAML language server find the schema.

    The path is relative where the file and the installed program are in one project (its ``.venv``, or its
    own source), so that the line is right for everybody who works on it. Elsewhere it is absolute, or "" for a
    file that is ``shared``: a path of one machine means nothing to another.
    """
    schema, folder = schema_path(kind), file.absolute().parent
    for project in (folder, Path(sys.prefix).parent):
        if schema.is_relative_to(project) and folder.is_relative_to(project):
            return f"# yaml-language-server: $schema={os.path.relpath(schema, folder)}\n"
    return "" if shared else f"# yaml-language-server: $schema={schema}\n"


def _without_titles(node: Any) -> Any:
    """A setting's name once more in capitals tells nobody anything; a setting that is called title stays."""
    if isinstance(node, dict):
        return {key: _without_titles(value) for key, value in node.items() if key != "title" or isinstance(value, dict)}
    return [_without_titles(one) for one in node] if isinstance(node, list) else node
