"""The text of suite.yaml in, a checked manifest with the line of every key out; mistakes come back as problems."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from milo_bench.config.yaml_lines import LineMap, load_yaml
from milo_bench.core.suggest import hint_for
from milo_bench.suites.paths import read_text
from milo_bench.suites.problems import Problem, place

MANIFEST_NAME = "suite.yaml"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
VALUES_LIMIT = 200_000
DEPTH_LIMIT = 60


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, coerce_numbers_to_str=True)


class VariantConfig(_Checked):
    """What a variant replaces of its workload; only the keys that are written count."""

    title: str = ""
    prompt: str = ""
    answer_schema: str | dict[str, Any] | None = Field(default=None, alias="schema")
    max_tokens: int = Field(default=512, gt=0)
    temperature: float = Field(default=0.0, ge=0, le=2)
    stop: list[str] = []
    prepare: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    checks: list[str | dict[str, dict[str, Any] | None]] = []

    @field_validator("checks")
    @classmethod
    def _one_name_each(cls, checks: list[str | dict[str, dict[str, Any] | None]]) -> Any:
        for check in checks:
            if isinstance(check, dict) and len(check) != 1:
                raise ValueError("a check is a name, or one name with its parameters: - length: {max_words: 120}")
        return checks


class WorkloadConfig(VariantConfig):
    """One workload of suite.yaml. ``prompt`` and ``schema`` are files in the suite's folder."""

    prompt: str
    variants: dict[str, VariantConfig] = {}


class Manifest(_Checked):
    """suite.yaml as its author wrote it. ``seed`` is what the shipped fixtures were generated from."""

    name: str = Field(pattern=NAME_PATTERN)
    version: str
    title: str = ""
    description: str = ""
    license: str = ""
    source: str = ""
    fixtures: list[str] = Field(min_length=1)
    workloads: dict[str, WorkloadConfig] = Field(min_length=1)
    generator: str = ""
    seed: int = 0


class ManifestFile(BaseModel):
    """A manifest with where it stands: ``lines`` maps a key's place to its line, counted from 1."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    path: Path
    text: str
    manifest: Manifest
    lines: LineMap

    def where(self, *keys: str | int) -> str:
        """``suite.yaml:LINE`` of the deepest of ``keys`` that stands in the file."""
        return place(self.path, line_of(self.lines, tuple(str(key) for key in keys)))


def line_of(lines: LineMap, keys: tuple[str, ...]) -> int | None:
    return next((lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in lines), None)


def read_manifest(path: Path) -> ManifestFile | list[Problem]:
    """The checked manifest at ``path``, or everything that is wrong with it."""
    text = read_text(path, str(path))
    if isinstance(text, Problem):
        return [text]
    try:
        data, lines = load_yaml(text)
        data = plain_data(data)
    except yaml.YAMLError as error:
        return [yaml_problem(path, error)]
    except (ValueError, RecursionError) as error:
        return [Problem(str(path), str(error) or "nested too deeply", "write it out plainly, with few YAML aliases.")]
    if not isinstance(data, dict):
        hint = "start it with 'name:', 'version:', 'fixtures:' and 'workloads:'."
        return [Problem(str(path), "holds no mapping", hint)]
    try:
        return ManifestFile(path=path, text=text, manifest=Manifest.model_validate(data), lines=lines)
    except ValidationError as error:
        return [_readable(path, problem, lines) for problem in error.errors()]


def yaml_problem(path: Path, error: yaml.YAMLError) -> Problem:
    """Broken YAML as a problem with its line."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "not valid YAML"
    where = place(path, mark.line + 1 if mark is not None else None)
    return Problem(where, str(said), "check indentation, quotes and colons at that line.")


def plain_data(data: Any) -> Any:
    """YAML's data as JSON knows it: dates as ISO text, keys as text.

    Raises ValueError where aliases blow it up past ``VALUES_LIMIT`` values or ``DEPTH_LIMIT`` levels.
    """
    left = VALUES_LIMIT

    def convert(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"holds more than {VALUES_LIMIT:,} values once its aliases are written out")
        if depth > DEPTH_LIMIT:
            raise ValueError(f"nests more than {DEPTH_LIMIT} levels deep")
        if isinstance(value, dict):
            return {_key(key): convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [convert(item, depth + 1) for item in value]
        if isinstance(value, (datetime.date, datetime.datetime)):
            return value.isoformat()
        if isinstance(value, bytes):
            raise ValueError("holds binary data; keep it in a file")
        return value

    return convert(data, 0)


def _key(key: object) -> str:
    # YAML reads the bare words yes, no, on and off as truth values; as a key nobody means that.
    if isinstance(key, bool):
        return "yes" if key else "no"
    return key.isoformat() if isinstance(key, datetime.date) else str(key)


def _readable(path: Path, problem: Any, lines: LineMap) -> Problem:
    keys = tuple(str(part) for part in problem["loc"])
    # Pydantic names the branches of a union in the place; the author never wrote those.
    keys = tuple(key for key in keys if not key.startswith(("dict[", "str", "function-")) or key in ("str",)) or keys
    while len(keys) > 1 and keys not in lines and keys[:-1] in lines and problem["type"] != "missing":
        keys = keys[:-1]
    named = ".".join(keys)
    where = place(path, line_of(lines, keys))
    kind = problem["type"]
    if kind == "extra_forbidden":
        return Problem(where, f"unknown key '{named}'", hint_for(keys[-1], _keys_at(keys[:-1]), noun="keys"))
    if kind == "missing":
        return Problem(where, f"'{named}' is missing", f"add '{keys[-1]}:'.")
    if kind == "string_pattern_mismatch":
        return Problem(where, f"'{problem['input']}' is no name", "use letters, digits, '_', '-' and '.'.")
    if kind == "too_short":
        return Problem(where, f"'{named}' is empty", f"list at least one of the {keys[-1]}.")
    if kind == "list_type":
        return Problem(where, f"'{named}' must be a list", f"write it in brackets or with dashes: {keys[-1]}: [ONE, …]")
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Problem(where, f"{named}: {said[:1].lower()}{said[1:]}", "see docs/how-to/own-suite.md.")


def _keys_at(place_: tuple[str, ...]) -> list[str]:
    model: type[BaseModel]
    match place_:
        case ("workloads", _):
            model = WorkloadConfig
        case ("workloads", _, "variants", _):
            model = VariantConfig
        case _:
            model = Manifest
    return [field.alias or name for name, field in model.model_fields.items()]
