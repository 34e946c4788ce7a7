"""A workload and a use of it in, the one name that both have in a decision out, and back."""

from __future__ import annotations

from typing import Final

_BETWEEN: Final = ":"


def name_of_use(workload: str, use: str) -> str:
    """``timeline:preview``; the workload itself without a use."""
    return f"{workload}{_BETWEEN}{use}" if use else workload


def workload_of(name: str) -> str:
    """The workload in the logs that ``name`` is a use of, or is."""
    return name.partition(_BETWEEN)[0]


def use_of(name: str) -> str:
    """The use in ``name``, "" for a workload without uses."""
    return name.partition(_BETWEEN)[2]


def said_of_use(name: str) -> str:
    """``timeline (preview)`` for a use, the plain name for a workload without uses."""
    return f"{workload_of(name)} ({use_of(name)})" if use_of(name) else name
