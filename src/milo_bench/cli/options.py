"""Words of a command line in, checked values out: what several commands take in the same form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from milo_bench.core.errors import UsageError

FILE = click.Path(path_type=Path, dir_okay=False)
JSON_FLAG = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the suite.")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class Duration(click.ParamType[float]):
    """``20s``, ``500ms``, ``2m``, ``1h`` or plain seconds; as seconds."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"'{value}' is not a duration like 20s, 500ms or 2m", param, ctx)
        return float(match[1]) * _UNIT_S[match[2]]


class NumberList(click.ParamType[Any]):
    """``1,2,4``: numbers above 0, whole ones where ``whole``."""

    name = "N,…"

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

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
        if not numbers or not all(0 < number < float("inf") for number in numbers):
            self.fail(f"'{value}' is not a list of {'whole ' if self._whole else ''}numbers above 0", param, ctx)
        return numbers


class NameList(click.ParamType[tuple[str, ...]]):
    """``a,b``: names in the order given, without the space around them."""

    name = "NAME,…"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


MODELS = click.option(
    "--models", required=True, type=NameList(), metavar="TARGET,…", help="Names of targets in bench.yaml."
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
