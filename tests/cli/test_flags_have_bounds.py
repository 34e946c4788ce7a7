"""Every number on a command line has two finite bounds: no slip of the keyboard runs for good or writes a NaN."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from milo_bench.cli.main import milo_bench
from milo_bench.cli.options import FiniteRange


def _options(command: click.Command, name: str) -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        for inner in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), inner)
            assert found is not None
            yield from _options(found, f"{name} {inner}")
        return
    for option in command.params:
        yield f"{name} {option.opts[0]}", option


NUMBERS = [
    (name, option.type)
    for name, option in _options(milo_bench, "milo-bench")
    if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType)
]


def test_the_commands_have_numbers_to_look_at() -> None:
    assert {"milo-bench run --repeats", "milo-bench sample export --days"} <= {name for name, _ in NUMBERS}


@pytest.mark.parametrize(("name", "kind"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_a_number_has_bounds_and_is_finite(name: str, kind: click.ParamType[object]) -> None:
    assert isinstance(kind, click.IntRange | FiniteRange), f"{name} takes any number"
    assert kind.min is not None and kind.max is not None, f"{name} has no upper bound"
    for written in ("nan", "inf", "-inf", "1e999", "1" + "0" * 400):
        with pytest.raises(click.UsageError):
            kind.convert(written, None, None)
