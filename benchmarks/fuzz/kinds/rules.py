"""Each rule on texts, found by itself, against what its own patterns repeat: within the time of one input."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.fuzz.every_rule import NOT_A_TEXT, calls_of, functions, patterns_of, tried
from benchmarks.fuzz.pattern_attacks import attacks
from benchmarks.fuzz.throw import Kind

_LENGTHS = (500, 2_000, 6_000)  # beyond, what looks up every word of a text takes more than the time of an input


@cache
def _rules() -> tuple[tuple[str, str], ...]:
    """Names of rules, and of the modules whose patterns they rest on."""
    found = functions()
    return tuple((name, found[name].__module__) for name in sorted(found.keys() - NOT_A_TEXT))


def _warm() -> None:
    """What is compiled or loaded once costs no input."""
    for name, function in functions().items():
        for rule in (name not in NOT_A_TEXT and calls_of(name, function)) or ():
            tried(rule)("It was paid on 3 May.")


def _attacked(random: Random, folder: Path) -> None:
    name, module = random.choice(_rules())
    texts = [" " * 500]
    for pattern in patterns_of(sys.modules[module]):
        texts += attacks(pattern, random.choice(_LENGTHS))
    for rule in calls_of(name, functions()[name]) or ():
        tried(rule)(random.choice(texts))


KINDS = (Kind("rules", _attacked, 0.01, prepare=_warm),)
