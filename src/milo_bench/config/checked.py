"""The text of a settings file and the model of its kind in, checked settings out; or every mistake with its line."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Generic, Self, TypeVar, Union, get_args, get_origin

import yaml
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from milo_bench.config.written import LineMap, Problem, Written, as_error, line_of, place, read_text, read_written
from milo_bench.core.suggest import closest, hint_for
from milo_bench.core.text import one_line


class Checked(BaseModel):
    """Base of everything that a person may write: frozen, and a setting that is unknown is a mistake.

    No number may be infinite or NaN, because neither can be written to a log. Validators are built when a file of that
    kind is read, not for every command that could read one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, allow_inf_nan=False)

    @classmethod
    def usual(cls) -> Self:
        """What it says where a file does not mention it: the default of every setting. No validator is built for it."""
        return cls.model_construct()


class CheckedFile(Checked):
    """Base of a whole file: it knows what it is called, its text, and the line of every setting."""

    file_name: ClassVar[str] = ""  # what such a file is usually called

    _path: str = PrivateAttr(default="")
    _text: str = PrivateAttr(default="")
    _lines: LineMap = PrivateAttr(default_factory=dict)

    @property
    def path(self) -> str:
        """What messages call the file; "" for settings that no file holds."""
        return self._path

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    def where(self, *keys: str | int) -> str:
        """``policy.yaml line 12`` for the deepest of ``keys`` that the file has."""
        return place(self._path or self.file_name, line_of(self._lines, keys))

    def has(self, *keys: str | int) -> bool:
        """Whether the file itself says something at ``keys``; False for what is a default."""
        return tuple(str(key) for key in keys) in self._lines

    def problems(self) -> Iterable[Problem]:
        """What is wrong between settings, where each is right by itself."""
        return ()


class Mistake(ValueError):
    """A mistake that a model finds, with its own hint; carried through pydantic to the person who reads it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def require_order(low: float, base: float, high: float) -> None:
    """Raises Mistake where the three points of an estimate are not in their order."""
    if not low <= base <= high:
        said = f"low {low:g}, base {base:g} and high {high:g} are not in this order"
        raise Mistake(said, "write the smallest value as low and the largest as high.")


F = TypeVar("F", bound=CheckedFile)


@dataclass(frozen=True)
class FileKind(Generic[F]):
    """A kind of file: its model, how one starts, which page explains it, where one comes from."""

    model: type[F]
    start: str
    manual: str
    where_from: str

    @property
    def name(self) -> str:
        """What such a file is usually called."""
        return self.model.file_name

    texts: tuple[str, ...] = ()  # top-level settings that are text as written, whatever YAML would make of them


def load_checked(path: Path, kind: FileKind[F]) -> F:
    """Read the file at ``path``. Raises ConfigError naming every mistake with file, line and what to write."""
    text = read_text(path, where_from=kind.where_from)
    if isinstance(text, Problem):
        raise as_error([text])
    return read_checked(text, kind, name=str(path))


def read_checked(text: str, kind: FileKind[F], *, name: str = "") -> F:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError with every mistake."""
    found = check_text(text, kind, name=name or kind.name)
    if isinstance(found, list):
        raise as_error(found)
    return found


def check_text(text: str, kind: FileKind[F], *, name: str) -> F | list[Problem]:
    """As ``read_checked``, with the mistakes as a list, in the order of their lines."""
    written = read_written(text, name=name, form="json" if name.endswith(".json") else "yaml", texts=kind.texts)
    return [written] if isinstance(written, Problem) else check_data(written, kind)


def check_data(written: Written, kind: FileKind[F]) -> F | list[Problem]:
    """As ``check_text``, for a text that was read already."""
    if not isinstance(written.data, Mapping):
        what = f"the file is {_said(written.data)}, not a mapping of settings"
        return [Problem(written.name, what if written.data is not None else "the file is empty", kind.start)]
    try:
        file = kind.model.model_validate(written.data)
    except ValidationError as error:
        return _problems(error, written, kind.model, f"see {kind.manual}.")
    file._path, file._text, file._lines = written.name, written.text, written.lines
    return list(file.problems()) or file


def mistakes_in(model: type[BaseModel], data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str, str]]:
    """(keys, what is wrong, what to write instead) of each mistake in plain data that is no file of its own."""
    try:
        model.model_validate(dict(data))
    except ValidationError as error:
        kept = _without_echoes(_one_alternative([_locate(one, model) for one in error.errors()]))
        return [(one.keys, *_worded(one, ".".join(one.keys))) for one in kept]
    return []


# ---------------------------------------------------------------- from pydantic's words to a person's


class _Found(Struct, frozen=True):
    """One of pydantic's errors with its place in the file: keys, what the mapping around it may say, its field."""

    error: Mapping[str, Any]
    keys: tuple[str, ...]
    settings: tuple[str, ...]
    info: FieldInfo | None
    branches: tuple[tuple[tuple[str, ...], str], ...]  # alternatives that were tried: where, and which

    @property
    def kind(self) -> str:
        return str(self.error["type"])


def _problems(error: ValidationError, written: Written, model: type[BaseModel], manual: str) -> list[Problem]:
    found = [_locate(one, model) for one in error.errors()]
    kept = _without_echoes(_one_alternative(found))
    kept.sort(key=lambda one: (written.line_of(*one.keys) or math.inf, one.kind != "extra_forbidden"))
    return list(dict.fromkeys(_problem(one, written, manual) for one in kept))


def _locate(error: Mapping[str, Any], model: type[BaseModel]) -> _Found:
    """Follow pydantic's place through the types: it also names alternatives, for which the file has no key."""
    keys: list[str] = []
    branches: list[tuple[tuple[str, ...], str]] = []
    settings: tuple[str, ...] = ()
    info: FieldInfo | None = None
    at: Any = model
    for part in error["loc"]:
        at, tag = _unwrapped(at)
        members = _members(at)
        if members:
            branches.append((tuple(keys), str(part)))
            at = _member(members, tag, str(part))
        elif part == "[key]":
            settings = _choices(error)
        else:
            keys.append(str(part))
            settings, info, at = _step(at, str(part))
    return _Found(error, tuple(keys), settings, info, tuple(branches))


def _step(at: Any, key: str) -> tuple[tuple[str, ...], FieldInfo | None, Any]:
    if isinstance(at, type) and issubclass(at, BaseModel):
        by_name = {field.alias or name: field for name, field in at.model_fields.items()}
        info = by_name.get(key)
        return tuple(by_name), info, None if info is None else _annotation(info)
    arguments = get_args(at)
    if not arguments:
        return (), None, None
    return (), None, arguments[1] if _is_mapping(at) and len(arguments) > 1 else arguments[0]


def _annotation(info: FieldInfo) -> Any:
    """The field's type, with what tells its alternatives apart."""
    return Annotated[info.annotation, info] if info.discriminator else info.annotation


def _unwrapped(at: Any) -> tuple[Any, str]:
    """Without Annotated and None; beside it the setting that tells alternatives apart."""
    tag = ""
    while True:
        if get_origin(at) is Annotated:
            at, *notes = get_args(at)
            found = [str(note.discriminator) for note in notes if isinstance(note, FieldInfo) and note.discriminator]
            tag = found[0] if found else tag
        elif _is_union(at) and len(kept := [one for one in get_args(at) if one is not type(None)]) == 1:
            at = kept[0]
        else:
            return at, tag


def _is_union(at: Any) -> bool:
    return get_origin(at) in (Union, types.UnionType)


def _is_mapping(at: Any) -> bool:
    origin = get_origin(at)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _members(at: Any) -> list[Any]:
    return [one for one in get_args(at) if one is not type(None)] if _is_union(at) else []


def _member(members: Sequence[Any], tag: str, label: str) -> Any:
    """The alternative that pydantic calls ``label``: the tag's value, or the name of a type."""
    for one in members:
        bare = _unwrapped(one)[0]
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            field = bare.model_fields.get(tag) if tag else None
            if (label in get_args(field.annotation)) if field is not None else (bare.__name__ in label):
                return bare
        elif not tag and label.startswith(("dict[", "list[", "tuple[")) and get_args(bare):
            return bare
    return None


def _one_alternative(found: Sequence[_Found]) -> list[_Found]:
    """Of the alternatives for one value only the one that was meant: that which got furthest into it."""
    kept = list(found)
    for at in dict.fromkeys(branch[0] for one in found for branch in one.branches):
        tried = [one for one in kept if any(branch[0] == at for branch in one.branches)]
        if len(tried) < 2:
            continue
        deepest = max(tried, key=lambda one: len(one.keys))
        if len(deepest.keys) > len(at):
            label = next(label for place, label in deepest.branches if place == at)
            meant = [one for one in tried if (at, label) in one.branches and len(one.keys) > len(at)]
        else:
            meant = [_merged(tried)]
        kept = [one for one in kept if one not in tried] + meant
    return kept


def _merged(tried: Sequence[_Found]) -> _Found:
    """Alternatives of which none was tried further: their choices together."""
    literal = [one for one in tried if one.kind == "literal_error"]
    if not literal:
        return tried[0]
    choices = ", ".join(f"'{choice}'" for one in literal for choice in _choices(one.error))
    error = {**literal[0].error, "ctx": {"expected": choices}}
    return _Found(error, literal[0].keys, literal[0].settings, literal[0].info, ())


def _without_echoes(found: Sequence[_Found]) -> list[_Found]:
    """A misspelt setting is also a missing one; the spelling is what the person can see."""
    echoes: set[tuple[str, ...]] = set()
    for one in found:
        if one.kind == "extra_forbidden":
            beside = {other.keys[-1] for other in found if other.kind == "missing" and other.keys[:-1] == one.keys[:-1]}
            meant = closest(one.keys[-1], beside)
            echoes |= {(*one.keys[:-1], meant)} if meant else set()
    return [one for one in found if one.kind != "missing" or one.keys not in echoes]


_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "int_type": ("a whole number", "write it without quotes or a point."),
    "int_parsing": ("a whole number", "write it without quotes or a point."),
    "int_from_float": ("a whole number", "write it without a point."),
    "float_type": ("a number", "write it without quotes or a unit."),
    "float_parsing": ("a number", "write it without quotes or a unit."),
    "finite_number": ("a finite number", "write an ordinary number."),
    "string_type": ("text", "put it in quotes."),
    "bool_type": ("true or false", "write true or false."),
    "bool_parsing": ("true or false", "write true or false."),
    "list_type": ("a list", "write it with dashes or in brackets: {key}: [ONE, …]"),
    "tuple_type": ("a list", "write it with dashes or in brackets: {key}: [ONE, …]"),
    "dict_type": ("a mapping", "write its settings below it, or in braces."),
    "model_type": ("a mapping", "write its settings below it, or in braces."),
    "model_attributes_type": ("a mapping", "write its settings below it, or in braces."),
    "date_type": ("a date", "write YYYY-MM-DD."),
    "date_parsing": ("a date", "write YYYY-MM-DD."),
    "date_from_datetime_parsing": ("a date", "write YYYY-MM-DD."),
    "date_from_datetime_inexact": ("a date", "write YYYY-MM-DD."),
}
_BOUNDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "greater_than_equal": ("ge", "less than", "at least"),
    "less_than_equal": ("le", "more than", "at most"),
    "greater_than": ("gt", "not above", "above"),
    "less_than": ("lt", "not below", "below"),
}
_SIZES: Final = ("too_short", "too_long", "string_too_short", "string_too_long")


def _problem(found: _Found, written: Written, manual: str) -> Problem:
    keys = found.keys
    what, hint = _worded(found, ".".join(keys))
    if found.kind.startswith("union_tag"):
        keys = (*keys, str(found.error["ctx"]["discriminator"]).strip("'"))
    return Problem(written.where(*keys), what, hint or manual)


def _worded(found: _Found, name: str) -> tuple[str, str]:
    """What is wrong, and what to write instead; one wording for each kind of mistake, in every file."""
    error, kind, last = found.error, found.kind, found.keys[-1] if found.keys else ""
    given = "" if _is_secret(last) else _said(error["input"])
    context: Mapping[str, Any] = error.get("ctx") or {}
    about = found.info.description or "" if found.info is not None else ""
    if kind == "extra_forbidden" or (kind == "literal_error" and error["loc"][-1] == "[key]"):
        return f"unknown setting '{name}'", hint_for(last, found.settings, noun="settings")
    if kind == "missing":
        examples = found.info.examples if found.info is not None else None
        return f"'{name}' is missing", f"add '{last}: {_flow(examples[0]) if examples else '…'}'."
    if kind == "literal_error":
        return f"{name} is {given or 'empty'}", hint_for(str(error["input"]), _choices(error))
    if kind == "union_tag_invalid":
        tag = str(context["discriminator"]).strip("'")
        return f"{name}.{tag} is '{one_line(str(context['tag']))}'", hint_for(str(context["tag"]), _choices(error))
    if kind == "union_tag_not_found":
        tag = str(context["discriminator"]).strip("'")
        return f"'{name}.{tag}' is missing", f"add '{tag}: …'."
    if kind in _SHAPES:
        noun, hint = _SHAPES[kind]
        if error["input"] is None:
            return f"'{name}' is empty", "write its value, or leave it out."
        return f"{name} is {given + ', ' if given else ''}not {noun}", hint.format(key=last)
    if kind in _BOUNDS:
        bound, broken, must = _BOUNDS[kind]
        return f"{name} is {given}, {broken} {context[bound]:g}", f"it must be {must} {context[bound]:g}."
    if kind in _SIZES:
        return _size(name, kind, context), about
    if kind == "string_pattern_mismatch":
        return f"{name} is {given}", f"use {about}." if about else ""
    mistake = context.get("error")
    text = str(error["msg"]).removeprefix("Value error, ")
    said = f"{name}: {text}" if name else text
    return said, mistake.hint if isinstance(mistake, Mistake) else ""


def _size(name: str, kind: str, context: Mapping[str, Any]) -> str:
    unit = "characters" if kind.startswith("string") else "entries"
    if kind.endswith("too_short"):
        least = int(context["min_length"])
        return f"'{name}' is empty" if least == 1 else f"{name} needs at least {least} {unit}"
    return f"{name} has more than {context['max_length']:,} {unit}"


def _choices(error: Mapping[str, Any]) -> tuple[str, ...]:
    context = error.get("ctx") or {}
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    return tuple(part.strip(" '") for part in listed.replace(" or ", ",").split(",") if part.strip(" '"))


def _flow(value: Any) -> str:
    """A value as one line of YAML."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("...\n").strip()


def _is_secret(setting: str) -> bool:
    return setting.rpartition("_")[2] in ("key", "token", "password", "secret")


def _said(value: object) -> str:
    """A value as its author sees it, short; "" for nothing."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return f"'{one_line(value)}'"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case Mapping():
            return "a mapping"
        case Iterable():
            return "a list"
        case _:
            return type(value).__name__
