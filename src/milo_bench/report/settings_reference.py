"""The models of bench.yaml in, the reference page of its settings out: every section gets its table."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from milo_bench.config.environment import VARIABLES
from milo_bench.config.settings import Settings, TargetConfig
from milo_bench.config.target_settings import API_SETTINGS
from milo_bench.core.text import table_cell

_PLAIN: Final[Mapping[object, str]] = {
    str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Any: "any value",
}  # fmt: skip
_BOUNDS: Final[Mapping[type, str]] = {
    Ge: "ge", Le: "le", Gt: "gt", Lt: "lt", MinLen: "min_length", MaxLen: "max_length",
}  # fmt: skip
_NOT_WRITTEN: Final = ((TargetConfig, "name"),)  # the key under 'targets'


def settings_page_parts() -> list[str]:
    """The parts of the page, without its title."""
    parts = [
        "`bench.yaml` in the working folder, or the file named by `--config` or `MILO_BENCH_CONFIG`. "
        "A setting that is not listed here is an error.",
        "## Sections",
        _table(("section", "meaning"), ((f"`{name}`", _meaning(info)) for name, info in Settings.model_fields.items())),
    ]
    for path, model in settings_sections():
        settings = (
            (f"`{name}`", _type(info.annotation, info), _default(info), _meaning(info))
            for name, info in model.model_fields.items()
            if (model, name) not in _NOT_WRITTEN
        )
        parts += [f"## {path}", inspect.cleandoc(model.__doc__ or "")]
        parts.append(_table(("setting", "value", "default", "meaning"), settings))
    rows = ((f"`{name}`", text) for name, text in VARIABLES.items())
    return [*parts, "## Environment", _table(("variable", "meaning"), rows)]


def settings_sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Where each model of bench.yaml is written, as the page calls it; the settings of an API after their target."""
    for path, model in _below(Settings, ""):
        yield f"`{path}`", model
        if model is TargetConfig:
            for api, settings in API_SETTINGS.items():
                yield f"`{path}.settings` of `api: {api}`", settings


def _below(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, info in model.model_fields.items():
        for steps, inner in _models_in(info.annotation):
            place = ".".join(filter(None, (path, name, *steps)))
            yield place, inner
            yield from _below(inner, place)


def _models_in(annotation: Any) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Models that a setting may have, with ``NAME`` for the key of each mapping above them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield (), annotation
        return
    named = ("NAME",) if get_origin(annotation) is dict else ()
    for part in get_args(annotation):
        for steps, inner in _models_in(part):
            yield (*named, *steps), inner


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    first, *rest = (f"| {' | '.join(map(table_cell, line))} |" for line in (head, *rows))
    return "\n".join([first, f"|{'---|' * len(head)}", *rest])


def _meaning(info: FieldInfo) -> str:
    return info.description or ""


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if value is None or value in ("", [], {}, ()):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{int(value) if isinstance(value, float) and value.is_integer() else value}`"


def _type(annotation: Any, info: FieldInfo | None = None) -> str:
    """What a setting may be, with its bounds, in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = [part for part in parts[1:] if isinstance(part, FieldInfo)]
        marks = [mark for field in inner for mark in field.metadata]
        said = _type(parts[0])
    elif origin in (Union, UnionType):
        marks, said = [], " or ".join(_type(part) for part in parts if part is not NoneType)
    elif origin is Literal:
        marks, said = [], " or ".join(f"`{part}`" for part in parts)
    elif origin in (list, tuple):
        marks, said = [], f"list: {_type(parts[0])}"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        marks, said = [], "mapping"
    else:
        marks, said = [], _PLAIN[annotation]
    bounds = _bounds([*marks, *(info.metadata if info is not None else ())])
    return f"{said}, {bounds}" if bounds else said


def _bounds(marks: list[Any]) -> str:
    least, most, above, below, shortest, longest = (
        next((getattr(mark, name) for mark in marks if isinstance(mark, kind)), None) for kind, name in _BOUNDS.items()
    )
    said = [
        *([f"{least:,} to {most:,}"] if None not in (least, most) else []),
        *([f"at least {least:,}"] if least is not None and most is None else []),
        *([f"above {above:,}"] if above is not None else []),
        *([f"at most {most:,}"] if most is not None and least is None else []),
        *([f"below {below:,}"] if below is not None else []),
        *([f"{shortest or 0:,} to {longest:,} characters"] if longest is not None else []),
    ]
    return ", ".join(said)
