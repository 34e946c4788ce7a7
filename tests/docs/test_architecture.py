"""The architecture page names the rooms that exist, in the lines of the import contract, and who reads a clock."""

import importlib
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from milo_bench.core.records import Record

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/milo_bench"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
ROWS = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, flags=re.MULTILINE)
RECORDS = re.findall(r"^\| `([\w.]+)\.(\w+)` \|", PAGE, flags=re.MULTILINE)

READS_A_CLOCK = re.compile(r"\bdatetime\.now\(|\bdate\.today\(|\btime\.(?:time|monotonic|perf_counter)(?:_ns)?\b")
DRAWS_WITHOUT_A_SEED = re.compile(r"\bsecrets\.(?:token|choice)|\buuid4\(|\bos\.urandom\(|default_rng\(\)|Random\(\)")


def _named(sentence: str) -> set[str]:
    """The rooms between ``sentence`` and the full stop after it."""
    found = re.search(re.escape(sentence) + r"([^.]*)\.", PAGE)
    assert found, f"the page no longer has the sentence '{sentence} …'"
    return set(re.findall(r"`(\w+)`", found[1]))


def _rooms_with(pattern: re.Pattern[str]) -> set[str]:
    return {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }


def test_the_lines_of_rooms_are_those_of_the_import_contract() -> None:
    lines: dict[int, list[str]] = {}
    for number, room in ROWS:
        lines.setdefault(int(number), []).append(room)
    (layers,) = [contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"]
    assert list(lines) == list(range(1, len(layers) + 1))
    assert [sorted(rooms) for rooms in lines.values()] == [
        sorted(room.strip() for room in layer.split("|")) for layer in layers
    ]


def test_every_room_is_a_folder_and_every_folder_a_room() -> None:
    folders = {folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists()}
    assert {room for _, room in ROWS} == folders


def test_the_pure_rooms_are_those_of_the_contract() -> None:
    (forbidden,) = [contract for contract in CONTRACTS if contract["name"].startswith("Judging")]
    assert _named("These rooms are pure:") == {name.removeprefix("milo_bench.") for name in forbidden["source_modules"]}


def test_clocks_and_unseeded_draws_are_where_the_page_says() -> None:
    clocks, draws = _rooms_with(READS_A_CLOCK), _rooms_with(DRAWS_WITHOUT_A_SEED)
    assert clocks == _named("These rooms read a clock:")
    assert draws == _named("for keys, run ids and canary words that must not be guessed:")
    assert not (clocks | draws) & _named("These rooms are pure:")


@pytest.mark.parametrize(("module", "record"), RECORDS, ids=lambda value: value.rpartition(".")[2])
def test_every_record_is_where_the_page_says(module: str, record: str) -> None:
    assert hasattr(importlib.import_module(f"milo_bench.{module}"), record)


def test_the_page_names_every_kind_of_log_line() -> None:
    kinds = {kind.__name__ for kind in get_args(Record)}
    assert kinds
    assert kinds <= {record for _, record in RECORDS}
