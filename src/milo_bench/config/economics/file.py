"""economics.yaml in, checked assumptions and lines out; every mistake is named with its line and what to write."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, load_checked, read_checked, require_order
from milo_bench.config.economics.lines import LineConfig
from milo_bench.config.written import Problem
from milo_bench.core.records import Decoding
from milo_bench.core.suggest import hint_for

LARGEST = 1e15
MOST_LINES = 100
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
Amount = Annotated[float, Field(strict=True, ge=0, le=LARGEST, allow_inf_nan=False)]


_WAYS: Final = "give either low, base and high, or exact, or measure, or hosted_price."


class MeasureConfig(Checked):
    """Which measured figure an assumption takes; ``slice`` as a scorecard writes it, e.g. ``tag=long``."""

    workload: str
    target: str
    name: str
    slice: str = ""
    decoding: Decoding = "free"


class HostedPriceConfig(Checked):
    """A published price: model and provider as genai-prices spells them, on the day ``as_of``."""

    model: str
    provider: str
    tokens: Literal["input", "output"]
    as_of: date


class AssumptionConfig(Checked):
    """One assumption, in one of four ways; ``source`` says where it comes from, ``title`` how pages call it.

    ``low``, ``base`` and ``high`` for what is estimated; ``exact`` for what is known (a contract,
    a definition); ``measure`` for what a run has measured, with its interval; ``hosted_price``.
    Beside ``hosted_price``, ``base`` with its ends wins over the published price.
    """

    unit: str
    title: str = Field(default="", max_length=60)
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
            raise Mistake("a value is given in more than one way", _WAYS)
        if not any(ways) and self.hosted_price is None:
            raise Mistake("has no value", _WAYS)
        if stated and any(end is None for end in ends):
            raise Mistake("low, base and high belong together", "write exact for a single value.")
        low, base, high = ends
        if low is not None and base is not None and high is not None:
            require_order(low, base, high)
        if (stated or self.exact is not None) and not self.source.strip():
            raise Mistake("source is missing", "name who says this, and where.")
        return self


class EconomicsFile(CheckedFile):
    """All of economics.yaml: assumptions by name, lines by name, and the nouns that are counted."""

    file_name: ClassVar[str] = "economics.yaml"

    title: str = ""
    counted: tuple[str, ...] = ()
    assumptions: dict[str, AssumptionConfig] = Field(min_length=1)
    lines: dict[str, LineConfig] = Field(min_length=1, max_length=MOST_LINES)
    volumes: dict[str, str] = Field(default={}, description="workload: the assumption with all its cases per month")

    def problems(self) -> Iterator[Problem]:
        yield from _unusable_names(self)
        yield from _unknown_assumptions(self)
        yield from _unusable_volumes(self)


ECONOMICS_FILE: Final = FileKind(
    EconomicsFile,
    start="start it with 'assumptions:' and 'lines:'.",
    manual="docs/how-to/economics.md",
    where_from="copy one of the examples in docs/how-to/economics.md.",
)


def load_economics(path: Path) -> EconomicsFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy."""
    return load_checked(path, ECONOMICS_FILE)


def example_path(name: Literal["case_ops", "claims", "demo"]) -> Path:
    """Where a shipped example lies."""
    return Path(str(files("milo_bench") / "economics" / "examples" / f"{name}.yaml"))


def read_economics(text: str, *, name: str = "economics.yaml") -> EconomicsFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return read_checked(text, ECONOMICS_FILE, name=name)


def _unusable_names(file: EconomicsFile) -> Iterator[Problem]:
    for group, names in (("assumptions", file.assumptions), ("lines", file.lines), ("counted", file.counted)):
        for name in names:
            if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == "over":
                hint = "use up to 40 lower-case letters, digits and _, with a letter first."
                yield Problem(file.where(group, name), f"'{name[:60]}' cannot be a name in {group}", hint)


def _unusable_volumes(file: EconomicsFile) -> Iterator[Problem]:
    for workload, name in file.volumes.items():
        where = file.where("volumes", workload)
        if name not in file.assumptions:
            what = f"volumes.{workload[:60]} is not an assumption: '{name[:60]}'"
            yield Problem(where, what, hint_for(name, file.assumptions, noun="assumptions"))
        elif not file.assumptions[name].unit.replace(" ", "").endswith("/month"):
            what = f"volumes.{workload[:60]} is in {file.assumptions[name].unit[:60]}"
            yield Problem(where, what, "name an assumption in cases per month, e.g. 'unit: note/month'.")


def _unknown_assumptions(file: EconomicsFile) -> Iterator[Problem]:
    for name, line in file.lines.items():
        for setting, wanted in line.references():
            if wanted not in file.assumptions:
                what = f"{name}.{setting} is not an assumption: '{wanted[:60]}'"
                hint = hint_for(wanted, file.assumptions, noun="assumptions")
                yield Problem(file.where("lines", name, setting), what, hint)
