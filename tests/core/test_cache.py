"""Arrays that follow from an installed package are made once, and whatever stops them from being kept stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from milo_bench.core.weights.cache import Arrays, kept_arrays
from milo_bench.guards.languages import evidence

NAMES = ("odd", "letters")
MADE = {"odd": np.asarray([1, 3, 5], dtype=np.uint32), "letters": np.asarray(["ä", "ß"])}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "milo-bench"


@pytest.fixture
def made() -> tuple[list[int], Callable[[], Arrays]]:
    calls: list[int] = []

    def make() -> Arrays:
        calls.append(1)
        return MADE

    return calls, make


def _same(found: Arrays) -> bool:
    return all(found[name].tolist() == MADE[name].tolist() and found[name].dtype == MADE[name].dtype for name in NAMES)


def test_the_second_process_reads_what_the_first_one_made(
    cache: Path, made: tuple[list[int], Callable[[], Arrays]]
) -> None:
    calls, make = made
    assert _same(kept_arrays("tables-1", NAMES, make))
    assert _same(kept_arrays("tables-1", NAMES, make))
    assert len(calls) == 1
    assert [one.name for one in cache.iterdir()] == ["tables-1"]  # nothing half made is left
    assert _same(kept_arrays("tables-2", NAMES, make))
    assert len(calls) == 2


@pytest.mark.parametrize("fault", ["cut", "gone", "other", "shared"])
def test_what_cannot_be_read_is_made_anew(
    cache: Path, made: tuple[list[int], Callable[[], Arrays]], fault: str
) -> None:
    calls, make = made
    kept_arrays("tables", NAMES, make)
    file = cache / "tables" / "odd.npy"
    if fault == "cut":
        file.write_bytes(file.read_bytes()[:-4])
    elif fault == "gone":
        file.unlink()
    elif fault == "other":
        file.write_bytes(b"no array")
    else:
        file.parent.chmod(0o777)  # anybody may have written what is in it
    assert _same(kept_arrays("tables", NAMES, make))
    assert len(calls) == 2


def test_a_cache_that_cannot_be_written_costs_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[list[int], Callable[[], Arrays]]
) -> None:
    (tmp_path / "milo-bench").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls, make = made
    assert _same(kept_arrays("tables", NAMES, make))
    assert _same(kept_arrays("tables", NAMES, make))
    assert len(calls) == 2


def test_the_language_model_says_the_same_from_the_cache(cache: Path) -> None:
    text = "Der Schaden wurde am Montag gemeldet, und die Werkstatt hat noch nicht geantwortet."
    said = []
    for _ in range(2):  # unpacked, then from the cache
        for one in (evidence._tables, evidence._model, evidence.likelihoods):
            one.cache_clear()
        said.append(evidence.likelihoods(text, "LATIN"))
    assert [one.name.partition("-")[0] for one in cache.iterdir()] == ["languages"]
    assert said[0] == said[1]
    assert max(said[0], key=lambda one: said[0][one]) == "de"
    for one in (evidence._tables, evidence._model):  # of a folder that is gone after this test
        one.cache_clear()
