"""Part of the fuzzing: no traceback, nothing lost, nothing over its budget. Each of these would be seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from benchmarks.fuzz import throw
from benchmarks.fuzz.kinds import kinds
from benchmarks.fuzz.throw import Kind, Lost, throw_one

ROOT = Path(__file__).parents[1]


def test_nothing_is_found_in_ten_thousand_inputs() -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--inputs", "10000", "--workers", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
    assert ": 0 faults" in ran.stdout


def _raises(random: Random, folder: Path) -> None:
    raise KeyError("x")


def _loses(random: Random, folder: Path) -> None:
    raise Lost("a row is gone")


def _dawdles(random: Random, folder: Path) -> None:
    total = 0
    for number in range(3_000_000):
        total += number % 7


def _hangs(random: Random, folder: Path) -> None:
    while True:
        try:
            while True:
                pass
        except Exception:  # as a parser would that takes every error for a broken input
            continue


def _hoards(random: Random, folder: Path) -> None:
    bytearray(64 << 20)


@pytest.mark.parametrize(
    ("thrown", "said"),
    [
        (_raises, "KeyError"),
        (_loses, "a row is gone"),
        (_dawdles, "of processor time"),
        (_hangs, "not done after"),
        (_hoards, "MiB more memory"),
    ],
)
def test_each_kind_of_fault_is_seen(
    thrown: throw.Throw, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throw, "SECONDS", 0.01)
    monkeypatch.setattr(throw, "_STOP_S", 0.5)
    monkeypatch.setattr(throw, "MEMORY_BYTES", 1 << 20)
    peaks = iter((0, 64 << 20)) if thrown is _hoards else iter((0, 0))
    monkeypatch.setattr(throw, "_peak_bytes", lambda: next(peaks))
    if thrown is _hoards:
        monkeypatch.setattr(throw, "SECONDS", 60.0)
    fault = throw_one(Kind("planted", thrown, 1), 0, 7, tmp_path)
    assert fault is not None and said in fault.what
    assert fault.name == "planted:7"


def test_an_input_is_the_same_for_the_same_seed_and_number(tmp_path: Path) -> None:
    seen: list[float] = []
    kind = Kind("seen", lambda random, folder: seen.append(random.random()), 1)
    for seed, number in ((0, 1), (0, 1), (0, 2), (1, 1)):
        assert throw_one(kind, seed, number, tmp_path) is None
    assert seen[0] == seen[1] and len(set(seen)) == 3


def test_every_kind_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in kinds()]
    assert len(names) == len(set(names)) >= 35
