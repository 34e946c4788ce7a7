"""economics.yaml in, checked assumptions and lines out; every mistake is named with its line and what to write."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from milo_bench.config.economics.lines import LINE_KINDS, LineConfig
from milo_bench.config.text_file import read_written
from milo_bench.config.yaml_lines import LineMap, line_of, read_mapping
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Decoding
from milo_bench.core.suggest import hint_for

LARGEST = 1e15
_KEPT = ("path", "line_numbers")  # what the file object carries and no file may say
MOST_LINES = 100
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
Amount = Annotated[float, Field(strict=True, ge=0, le=LARGEST, allow_inf_nan=False)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeasureConfig(_Checked):
    """Which measured figure an assumption takes; ``slice`` as a scorecard writes it, e.g. ``tag=long``."""

    workload: str
    target: str
    name: str
    slice: str = ""
    decoding: Decoding = "free"


class HostedPriceConfig(_Checked):
    """A published price: model and provider as genai-prices spells them, on the day ``as_of``."""

    model: str
    provider: str
    tokens: Literal["input", "output"]
    as_of: date


class AssumptionConfig(_Checked):
    """One assumption, in one of four ways; ``source`` says where it comes from.

    ``low``, ``base`` and ``high`` for what is estimated; ``exact`` for what is known (a contract,
    a definition); ``measure`` for what a run has measured, with its interval; ``hosted_price``.
    Beside ``hosted_price``, ``base`` with its ends wins over the published price.
    """

    unit: str
    source: str = ""
    low: Amount | None = None
    base: Amount | None = None
    high: Amount | None = None
    exact: Amount | None = None
    measure: MeasureConfig | None = None
    hosted_price: HostedPriceConfig | None = None

    @model_validator(mode="after")
    def _one_way(self) -> AssumptionConfig:
        ends = (self.low, self.base, self.high)
        stated = any(end is not None for end in ends)
        ways = [stated, self.exact is not None, self.measure is not None]
        if sum(ways) > 1 or (self.hosted_price and any(ways[1:])):
            raise ValueError("give either low, base and high, or exact, or measure, or hosted_price")
        if not any(ways) and self.hosted_price is None:
            raise ValueError("has no value: give low, base and high, or exact, or measure, or hosted_price")
        if stated and any(end is None for end in ends):
            raise ValueError("low, base and high belong together: write exact if there is no range")
        low, base, high = ends
        if low is not None and base is not None and high is not None and not low <= base <= high:
            raise ValueError(f"low {low:g}, base {base:g}, high {high:g} are not in this order")
        if (stated or self.exact is not None) and not self.source.strip():
            raise ValueError("source is missing: name who says this, and where")
        return self


class EconomicsFile(_Checked):
    """All of economics.yaml: assumptions by name, lines by name, and the nouns that are counted."""

    title: str = ""
    counted: tuple[str, ...] = ()
    assumptions: dict[str, AssumptionConfig] = Field(min_length=1)
    lines: dict[str, LineConfig] = Field(min_length=1, max_length=MOST_LINES)
    path: str = "economics.yaml"
    line_numbers: dict[tuple[str, ...], int] = {}

    def where(self, *place: str) -> str:
        """``economics.yaml line 12`` for the nearest key that the file holds."""
        return f"{self.path}{line_of(place, self.line_numbers)}"


_SETTINGS = [field for field in EconomicsFile.model_fields if field not in _KEPT]


def load_economics(path: Path) -> EconomicsFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy."""
    text = read_written(path, where_from="copy one of the examples that docs/how-to/economics.md shows.")
    return read_economics(text, name=str(path))


def example_path(name: Literal["case_ops", "claims", "demo"]) -> Path:
    """Where a shipped example lies."""
    return Path(str(files("milo_bench") / "economics" / "examples" / f"{name}.yaml"))


def example_economics(name: Literal["case_ops", "claims", "demo"]) -> EconomicsFile:
    """One of the shipped examples."""
    return read_economics(example_path(name).read_text(encoding="utf-8"), name=f"{name}.yaml")


def read_economics(text: str, *, name: str = "economics.yaml") -> EconomicsFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    data, lines = read_mapping(
        text, name=name, start="start it with 'assumptions:' and 'lines:'.", settings=_SETTINGS, kept=_KEPT
    )
    try:
        file = EconomicsFile.model_validate({**data, "path": name, "line_numbers": lines})
    except ValidationError as error:
        raise _readable(name, error, lines, data) from None
    _names_are_usable(file)
    _references_exist(file)
    return file


def _names_are_usable(file: EconomicsFile) -> None:
    for group, names in (("assumptions", file.assumptions), ("lines", file.lines), ("counted", file.counted)):
        for name in names:
            if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == "over":
                message = f"{file.where(group, name)}: '{name[:60]}' cannot be a name in {group}."
                raise ConfigError(message, hint="use up to 40 lower-case letters, digits and _, with a letter first.")


def _references_exist(file: EconomicsFile) -> None:
    for name, line in file.lines.items():
        for setting, wanted in line.references():
            if wanted not in file.assumptions:
                message = (
                    f"{file.where('lines', name, setting)}: {name}.{setting} is not an assumption: '{wanted[:60]}'."
                )
                raise ConfigError(message, hint=hint_for(wanted, file.assumptions, noun="assumptions"))


def _readable(name: str, error: ValidationError, lines: LineMap, data: Mapping[str, object]) -> ConfigError:
    """The first mistake as a sentence; how many more there are in the hint."""
    # A misspelt setting is also a missing one; the spelling is what the person can see.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    # pydantic puts the kind of a line into the place; the file has no such key.
    parts = [str(part) for part in first["loc"]]
    place = tuple(parts[:2] + parts[3:] if parts[0] == "lines" and len(parts) > 2 else parts)
    where = ".".join(place)
    hint = ""
    match first["type"]:
        case "extra_forbidden":
            said, hint = f"unknown setting '{where}'", hint_for(place[-1], _known_at(place, data), noun="settings")
        case "missing":
            said = f"'{where}' is missing"
            hint = "add it; docs/how-to/economics.md says what it means."
        case "union_tag_invalid":
            tag = str(first["ctx"]["tag"])
            said, hint = f"{where}.kind is '{tag[:60]}'", hint_for(tag, LINE_KINDS, noun="kinds")
            place = (*place, "kind")
        case "union_tag_not_found":
            said, hint = f"'{where}.kind' is missing", f"Valid kinds are: {', '.join(sorted(LINE_KINDS))}."
        case "finite_number":
            said, hint = f"{where} is no finite number", "write an ordinary number."
        case "greater_than_equal":
            said, hint = f"{where} is negative", "volumes, times, prices and shares start at 0."
        case _:
            text = first["msg"].removeprefix("Value error, ")
            said = f"{where}: {text[0].lower()}{text[1:]}"
    if len(problems) > 1:
        hint = f"{hint} {len(problems) - 1} more after this one.".strip()
    message = f"{name}{line_of(place, lines)}: {said}."
    return ConfigError(message, hint=hint or "docs/how-to/economics.md shows each setting.")


def _known_at(place: tuple[str, ...], data: Mapping[str, object]) -> Iterable[str]:
    match place:
        case ("assumptions", _, _):
            return list(AssumptionConfig.model_fields)
        case ("assumptions", _, "measure", _):
            return list(MeasureConfig.model_fields)
        case ("assumptions", _, "hosted_price", _):
            return list(HostedPriceConfig.model_fields)
        case ("lines", name, _):
            lines = data.get("lines")
            line = lines.get(name) if isinstance(lines, dict) else None
            kind = LINE_KINDS.get(str(line.get("kind"))) if isinstance(line, dict) else None
            return list(kind.model_fields) if kind else []
        case _:
            return _SETTINGS
