"""Words of a command line in, checked values out: what several commands take in the same form."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, Final

import click

from milo_bench.core import units
from milo_bench.core.errors import UsageError

FILE = click.Path(path_type=Path, dir_okay=False)


class FolderPath(click.Path):
    """A folder, or a name that nothing has yet. click itself would take a pipe, a socket or a device for one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        place = Path(os.fsdecode(super().convert(value, param, ctx)))
        if os.path.lexists(place) and not place.is_dir():
            self.fail(f"{click.format_filename(place)!r} is not a folder.", param, ctx)
        return place


FOLDER: Final = FolderPath(path_type=Path, file_okay=False)
JSON_FLAG = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
LANGUAGE = click.option(
    "--language", default="", metavar="LANGUAGE", help="Language of a built-in suite: en, de, fr or es.  [default: en]"
)
OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the suite.")

METRICS = click.option(
    "--metrics", metavar="PORT|FILE.prom", default="", help="Prometheus metrics: a loopback port, or a textfile."
)

EVENTS = click.option(
    "--events", metavar="FILE|-", default="", help="One JSON line per event, without text (-: stderr)."
)

ON = click.option(
    "--on",
    type=click.Choice(["here", "ray"]),
    default="here",
    show_default=True,
    help="Work on this machine, or on the nodes of a Ray cluster.",
)

# More than any machine serves, and little enough that a slip of the keyboard ends in a message and not in a hang.
MOST_CONCURRENT: Final = 4096
MOST_PER_SECOND: Final = 100_000
DAY_S: Final = 86_400.0
CONCURRENCY: Final = click.IntRange(1, MOST_CONCURRENT)
REPEATS: Final = click.IntRange(1, 10_000)
RETRIES: Final = click.IntRange(0, 100)
MOST: Final = 10_000_000  # cases, answers, commits, days: past it a slip of the keyboard would run for good
COUNT: Final = click.IntRange(1, MOST)
SEED: Final = click.IntRange(-(2**53), 2**53)  # what every JSON reader keeps exactly

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class FiniteRange(click.FloatRange):
    """A number within bounds. ``nan`` compares as false with every bound, so it is refused by name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number", param, ctx)
        return number


SECONDS: Final = FiniteRange(min=0, min_open=True, max=DAY_S)  # a time limit
WHOLE_DAYS: Final = click.IntRange(1, 36_500)
MINUTES: Final = FiniteRange(min=0, min_open=True, max=527_040)  # a year
DAYS: Final = FiniteRange(min=0, min_open=True, max=36_500)
USD: Final = FiniteRange(min=0, max=1e9)


class Duration(click.ParamType[float]):
    """``20s``, ``500ms``, ``2m``, ``1h`` or plain seconds, at most a day; as seconds."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"'{value}' is not a duration like 20s, 500ms or 2m", param, ctx)
        seconds = float(match[1]) * _UNIT_S[match[2]]
        if seconds > DAY_S:
            self.fail(f"'{value}' is longer than a day", param, ctx)
        return seconds


class NumberList(click.ParamType[Any]):
    """``1,2,4``: numbers above 0 and not above ``most``, whole ones where ``whole``."""

    name = "N,…"

    def __init__(self, *, whole: bool, most: int) -> None:
        self._whole = whole
        self._most = most

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...] | tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            parts = [part for part in str(value).split(",") if part.strip()]
            numbers = tuple(int(part) for part in parts) if self._whole else tuple(float(part) for part in parts)
        except ValueError:
            numbers = ()
        if not numbers or not all(0 < number < math.inf for number in numbers):
            self.fail(f"'{value}' is not a list of {'whole ' if self._whole else ''}numbers above 0", param, ctx)
        if max(numbers) > self._most:
            self.fail(
                f"{units.number(max(numbers))} is above {self._most:,}, the most that one machine can send", param, ctx
            )
        return numbers


class NameList(click.ParamType[tuple[str, ...]]):
    """``a,b``: names in the order given, without the space around them."""

    name = "NAME,…"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


MODELS = click.option(
    "--models",
    "--model",
    "models",
    required=True,
    type=NameList(),
    metavar="TARGET,…",
    help="Names of targets in bench.yaml.",
)


def variant_pairs(values: tuple[str, ...]) -> dict[str, str]:
    """``workload=variant`` words as a mapping. Raises UsageError."""
    pairs = {}
    for value in values:
        name, equals, variant = value.partition("=")
        if not equals or not name or not variant:
            message = f"--variant '{value}' is not WORKLOAD=VARIANT."
            raise UsageError(message, hint="for example: --variant timeline=raw_dump")
        pairs[name] = variant
    return pairs


OWN_TASKS = click.option(
    "--own-tasks", metavar="FOLDER", type=click.Path(path_type=Path), help="Use your own tasks in this folder."
)
TRUST_TASKS = click.option(
    "--trust-tasks", is_flag=True, help="Let the code of your own tasks run this once, in the sandbox."
)
STATE = click.option("--state", metavar="FILE|URL", help="State database of the gateway.  [default: milo-state.db]")
PERSON = click.option("--as", "person", metavar="NAME", help="Who does this.  [default: you, as the system says]")


class WorkerCount(click.ParamType[int]):
    """``auto`` as 0, or a number of processes from 1 to 64."""

    name = "auto|N"
    most: Final = 64

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if value == "auto":
            return 0
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= self.most):
            self.fail(f"'{value}' is neither 'auto' nor a number of processes from 1 to {self.most}.", param, ctx)
        return int(value)
