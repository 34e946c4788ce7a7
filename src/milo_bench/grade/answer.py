"""A model's text in, the JSON value it holds out, with how it had to be read."""

from __future__ import annotations

from typing import Any, Literal

from milo_bench.core.records import Frozen

JsonReading = Literal["strict", "fenced", "repaired", "failed"]


class JsonAnswer(Frozen, frozen=True):
    """``strict``: the whole text is JSON. ``fenced``: it is once a code fence or the prose around
    it is cut away. ``repaired``: only a repair made it JSON. ``failed``: nothing did.
    """

    reading: JsonReading
    value: Any = None
    problem: str = ""


def read_json_answer(text: str) -> JsonAnswer:
    raise NotImplementedError
