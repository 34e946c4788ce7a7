"""The path of a file that a person wrote in; its text, its data, the line of every key and what is wrong out."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
import yaml

from milo_bench.core.errors import ConfigError, DataError, MiloError
from milo_bench.core.files import read_at_most
from milo_bench.core.records import Frozen
from milo_bench.core.text import MOST_SAID, one_line, shorten_middle

LineMap: TypeAlias = dict[tuple[str, ...], int]
FILE_LIMIT_BYTES: Final = 64 * 1024 * 1024
VALUES_LIMIT: Final = 200_000
DEPTH_LIMIT: Final = 60
MERGED_LIMIT: Final = 10_000  # keys that YAML merges add; each is copied once more for every merge above it
SMALLEST_NUMBER: Final = -(2**63)
LARGEST_NUMBER: Final = 2**64 - 1  # a log can hold no whole number beyond these


class Problem(Frozen, frozen=True):
    """One thing that is wrong: where (file and line as far as known), what, and what to write instead.

    A ``warning`` does not keep the file from being used.
    """

    where: str
    what: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    kind: Literal["config", "data"] = "config"

    def __post_init__(self) -> None:
        # A name in it may be as long as the file itself.
        if len(self.what) > MOST_SAID:
            msgspec.structs.force_setattr(self, "what", shorten_middle(self.what, MOST_SAID))
        if len(self.hint) > MOST_SAID:
            msgspec.structs.force_setattr(self, "hint", shorten_middle(self.hint, MOST_SAID))

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def place(file: Path | str, line: int | None = None) -> str:
    """``FILE line 12``: how every message and every source of a figure names a place in a file."""
    return f"{file} line {line}" if line else str(file)


def as_error(problems: Sequence[Problem]) -> MiloError:
    """Every error among ``problems`` as one MiloError: the first with its hint, the others beside it."""
    first, *others = (_error(problem) for problem in problems if problem.severity == "error")
    first.also = tuple(others)
    return first


def _error(problem: Problem) -> MiloError:
    return (ConfigError if problem.kind == "config" else DataError)(f"{problem}.", hint=problem.hint)


@dataclass(frozen=True)
class Written:
    """What a YAML or JSON text says, as plain data, and the line of every key and list item, counted from 1."""

    name: str
    text: str
    data: Any
    lines: LineMap = field(repr=False)

    def line_of(self, *keys: str | int) -> int | None:
        """The line of the deepest of ``keys`` that the text has."""
        return line_of(self.lines, keys)

    def where(self, *keys: str | int) -> str:
        """``FILE line 12`` of the deepest of ``keys`` that the text has."""
        return place(self.name, self.line_of(*keys))


def line_of(lines: LineMap, keys: Sequence[str | int]) -> int | None:
    """The line of the deepest of ``keys`` that is in ``lines``."""
    named = tuple(str(key) for key in keys)
    return next((lines[named[:n]] for n in range(len(named), 0, -1) if named[:n] in lines), None)


def read_text(path: Path, *, where_from: str = "check the path.") -> str | Problem:
    """The UTF-8 text of ``path`` (a byte-order mark is cut), or what is wrong with the file.

    ``where_from`` is the hint if there is no such file.
    """
    try:
        raw = read_at_most(path, FILE_LIMIT_BYTES)
        if len(raw) > FILE_LIMIT_BYTES:
            return Problem(str(path), f"larger than {FILE_LIMIT_BYTES >> 20} MiB", "split it.")
    except FileNotFoundError:
        return Problem(str(path), "the file does not exist", where_from)
    except OSError as error:
        return Problem(str(path), f"cannot read it: {error.strerror}", "check the path and its permissions.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(place(path, line), f"not UTF-8 (byte {error.start})", "save it as UTF-8.")


def read_written(
    text: str, *, name: str, form: Literal["yaml", "yaml-1.2", "json"] = "yaml", texts: Collection[str] = ()
) -> Written | Problem:
    """What ``text`` says, or what keeps it from being read; ``name`` is what problems call the file.

    ``texts`` are top-level keys whose values are text as written: ``version: 1.10`` is not 1.1.
    ``yaml-1.2`` is what JavaScript's tools read: NO and 12:30 are text, and 0123 is 123.
    """
    try:
        if form == "json":
            return Written(name, text, plain_data(json.loads(text)), {})
        loader = (_Yaml12 if form == "yaml-1.2" else _Yaml)(text)
        try:
            node = loader.get_single_node()
            lines: LineMap = {}
            if node is not None:
                _keep_as_text(node, texts)
                _walk(node, (), lines, loader, {})
            data = None if node is None else _construct(node, loader)
        finally:
            loader.dispose()
        return Written(name, text, plain_data(data), lines)
    except json.JSONDecodeError as error:
        return Problem(place(name, error.lineno), f"not valid JSON: {error.msg}", "check brackets, quotes and commas.")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it ends too early")
        where = place(name, mark.line + 1 if mark is not None else None)
        if isinstance(error, _Refused):
            return Problem(where, said, error.hint)
        return Problem(where, f"not valid YAML: {said}", "check indentation, quotes and colons at that line.")
    except _CannotUse as error:
        return Problem(name, str(error), "write it out plainly, with ordinary values and few YAML aliases.")
    except RecursionError:
        return Problem(name, "its brackets are nested too deeply", f"write it with at most {DEPTH_LIMIT} levels.")
    except ValueError as error:  # an int of more digits than Python reads, in JSON
        return Problem(name, f"a value cannot be read: {one_line(str(error))}", "check its numbers.")


def _construct(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    try:
        return loader.construct_document(node)
    except _UNREADABLE as error:
        raise _CannotUse(f"contains a value that is not what its tag says ({one_line(str(error))})") from error


def _keep_as_text(node: yaml.Node, texts: Collection[str]) -> None:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value in texts and isinstance(value, yaml.ScalarNode) and value.tag != "tag:yaml.org,2002:null":
            value.tag = "tag:yaml.org,2002:str"


class _Yaml(yaml.SafeLoader):
    """PyYAML's safe reader, which takes the square of the depth, within a depth."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803  # as in PyYAML
        if self.flow_level >= DEPTH_LIMIT:
            raise self._too_deep()
        super().fetch_flow_collection_start(TokenClass)

    def add_indent(self, column: int) -> bool:
        if len(self.indents) > DEPTH_LIMIT:
            raise self._too_deep()
        return bool(super().add_indent(column))

    def _too_deep(self) -> _Refused:
        return _Refused("it is nested too deeply", self.get_mark(), f"write it with at most {DEPTH_LIMIT} levels.")


class _Yaml12(_Yaml):
    """YAML 1.2's core schema, read as js-yaml reads it."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # none of YAML 1.1

    def construct_decimal(self, node: yaml.ScalarNode) -> int:
        digits = str(node.value).replace("_", "")
        bare = digits.lstrip("+-")
        base = {"0x": 16, "0o": 8, "0b": 2}.get(bare[:2].lower(), 10)
        value = int(bare[2:] if base != 10 else bare, base)
        return -value if digits.startswith("-") else value


for _tag, _pattern, _starts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))"
        r"|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", r"<<", "<"),
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_starts))
_Yaml12.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile(r"^$")))
_Yaml12.add_constructor("tag:yaml.org,2002:int", _Yaml12.construct_decimal)


class _Refused(yaml.MarkedYAMLError):
    """What YAML allows and nobody means, with what to write instead."""

    def __init__(self, said: str, mark: yaml.Mark, hint: str) -> None:
        super().__init__(problem=said, problem_mark=mark)
        self.hint = hint


class _CannotUse(ValueError):
    """What YAML can say and JSON cannot."""


def plain_data(data: Any) -> Any:
    """YAML's data as JSON knows it: dates as ISO text, keys as text.

    Raises ValueError where aliases blow it up past ``VALUES_LIMIT`` values or ``DEPTH_LIMIT`` levels.
    """
    left = VALUES_LIMIT

    def convert(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise _CannotUse(f"more than {VALUES_LIMIT:,} values once its aliases are written out")
        if depth > DEPTH_LIMIT:
            raise _CannotUse(f"more than {DEPTH_LIMIT} levels deep")
        if isinstance(value, dict):
            return {_key(key): convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [convert(item, depth + 1) for item in value]
        if isinstance(value, (datetime.date, datetime.datetime)):
            return value.isoformat()
        if isinstance(value, bytes):
            raise _CannotUse("contains binary data, which belongs in a file of its own")
        if isinstance(value, str):
            return _whole_text(value)
        if _is_beyond(value):
            raise _CannotUse("contains a whole number that is too large")
        if isinstance(value, float) and not math.isfinite(value):
            raise _CannotUse(f"contains {value}, which is not a finite number")
        return value

    return convert(data, 0)


def _whole_text(text: str) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _CannotUse("contains half a character (an escaped surrogate)")
    return text


def _is_beyond(value: object) -> bool:
    return isinstance(value, int) and not SMALLEST_NUMBER <= value <= LARGEST_NUMBER


def _key(key: object) -> str:
    # YAML reads the bare words yes, no, on and off as truth values; as a key nobody means that.
    if isinstance(key, bool):
        return "yes" if key else "no"
    if key is None:
        return "null"
    return key.isoformat() if isinstance(key, datetime.date) else _whole_text(str(key))


# What these make of a scalar can fail: 2026-02-30, 5,000 digits, !!bool x.
_CONSTRUCTED: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp", "bool"))
_MOST_DIGITS: Final = 4_000
_NOUNS: Final = {"timestamp": "date", "bool": "truth value"}
# How PyYAML fails on a value that is not what its tag says.
_UNREADABLE: Final = (ValueError, OverflowError, AttributeError, LookupError, TypeError)
_MERGE: Final = "tag:yaml.org,2002:merge"


def _walk(node: yaml.Node, at: tuple[str, ...], lines: LineMap, loader: yaml.SafeLoader, sizes: dict[int, int]) -> int:
    """The line of every key and list item below ``node`` into ``lines``; returns the keys that a merge of it adds.

    ``sizes`` holds what was walked: an alias is the same node again, and walking it once keeps anchors from growing
    without bound. Raises _Refused where a scalar cannot be read, or where merged mappings would pass MERGED_LIMIT.
    """
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = size = 0
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, _key_text(key, at, loader))
            if here in lines:  # YAML would silently take the last
                raise _Refused(f"duplicate key '{one_line(str(key.value))}'", key.start_mark, "keep one of them.")
            lines[here] = key.start_mark.line + 1
            below = _walk(value, here, lines, loader, sizes)
            size += below if key.tag == _MERGE else 1
        if size > MERGED_LIMIT:
            raise _Refused(f"merges more than {MERGED_LIMIT:,} keys", node.start_mark, "write it out plainly.")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            here = (*at, str(index))
            lines[here] = value.start_mark.line + 1
            size += _walk(value, here, lines, loader, sizes)
    elif node.tag in _CONSTRUCTED:
        _require_readable(node, at, loader)
    sizes[id(node)] = size
    return size


def _key_text(node: yaml.Node, at: tuple[str, ...], loader: yaml.SafeLoader) -> str:
    """A key as ``plain_data`` writes it: ``~`` is null, and 0x10 is 16."""
    if not isinstance(node, yaml.ScalarNode) or node.tag in ("tag:yaml.org,2002:str", _MERGE):
        return str(node.value)
    _require_readable(node, (*at, node.value), loader)
    return _key(loader.construct_object(node))


def _require_readable(node: yaml.Node, at: tuple[str, ...], loader: yaml.SafeLoader) -> None:
    """Raises _Refused for a number or date that Python cannot hold."""
    found = f"{one_line('.'.join(at))} is {one_line(str(node.value), 40)}"
    if len(node.value) > _MOST_DIGITS:  # 1:1:1… is a number to base 60, and takes the square of its length
        raise _Refused(f"{found}, too large", node.start_mark, "write a smaller number, or put it in quotes.")
    try:
        value = loader.construct_object(node, deep=True)
    except _UNREADABLE as error:
        kind = _NOUNS.get(node.tag.rpartition(":")[2], "number")
        said = f"{found}, which cannot be read as a {kind}"
        raise _Refused(said, node.start_mark, f"write another {kind}, or put it in quotes.") from error
    if _is_beyond(value):
        raise _Refused(f"{found}, too large", node.start_mark, "write a smaller number, or put it in quotes.")
    if isinstance(value, float) and not math.isfinite(value):
        raise _Refused(f"{found}, not a finite number", node.start_mark, "write an ordinary number.")
