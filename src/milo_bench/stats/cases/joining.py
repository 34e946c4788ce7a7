"""Pieces of one candidate's columns in, one after the other as one out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milo_bench.stats.cases.columns import NOT_JUDGED, PLAIN, Cases


def join_cases(pieces: Sequence[Cases]) -> Cases:
    """Several pieces of one candidate put one after the other; labels and failure kinds are numbered anew."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    labels = tuple(dict.fromkeys(label for piece in pieces for label in piece.labels))
    kinds = tuple(dict.fromkeys(kind for piece in pieces for kind in piece.failure_kinds))
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    columns: dict[str, Any] = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in PLAIN}
    return Cases(
        workload=first.workload,
        target=first.target,
        variant=first.variant,
        decoding=first.decoding,
        **columns,
        failure_kind=np.concatenate([_renumbered(p.failure_kind, p.failure_kinds, kinds) for p in pieces]),
        failure_kinds=kinds,
        held=_joined([piece.held for piece in pieces], pieces, NOT_JUDGED),
        fields=_joined([piece.fields for piece in pieces], pieces, NOT_JUDGED),
        partly_unjudged=_joined([piece.partly_unjudged for piece in pieces], pieces, NOT_JUDGED),
        parts={
            check: (
                _joined([{k: v[0] for k, v in piece.parts.items()} for piece in pieces], pieces, 0)[check],
                _joined([{k: v[1] for k, v in piece.parts.items()} for piece in pieces], pieces, 0)[check],
            )
            for check in dict.fromkeys(check for piece in pieces for check in piece.parts)
        },
        labels=labels,
        want=np.concatenate([_renumbered(piece.want, piece.labels, labels) for piece in pieces]),
        got=np.concatenate([_renumbered(piece.got, piece.labels, labels) for piece in pieces]),
        categories={
            key: np.concatenate(
                [
                    piece.categories[key] + start
                    for piece, start in zip(pieces, starts, strict=False)
                    if key in piece.categories
                ]
            )
            for key in dict.fromkeys(key for piece in pieces for key in piece.categories)
        },
        judged=_joined([piece.judged for piece in pieces], pieces, NOT_JUDGED),
        judges={
            name: tuple(dict.fromkeys(digest for piece in pieces for digest in piece.judges.get(name, ())))
            for name in dict.fromkeys(name for piece in pieces for name in piece.judges)
        },
        judge_calls={
            name: np.concatenate([piece.judge_calls.get(name, np.zeros((len(piece), 3))) for piece in pieces])
            for name in dict.fromkeys(name for piece in pieces for name in piece.judge_calls)
        },
        thinking={
            name: np.concatenate([piece.thinking.get(name, _not_thought(name, piece)) for piece in pieces])
            for name in dict.fromkeys(name for piece in pieces for name in piece.thinking)
        },
    )


def _not_thought(name: str, piece: Cases) -> NDArray[np.float64]:
    return piece.ttft_s if name == "first_text_s" else np.full(len(piece), np.nan)


def _joined(
    columns: Sequence[Mapping[str, NDArray[Any]]], pieces: Sequence[Cases], missing: int
) -> dict[str, NDArray[Any]]:
    names = dict.fromkeys(name for column in columns for name in column)
    dtype = {name: next(column[name].dtype for column in columns if name in column) for name in names}
    return {
        name: np.concatenate(
            [
                column[name] if name in column else np.full(len(piece), missing, dtype=dtype[name])
                for column, piece in zip(columns, pieces, strict=True)
            ]
        )
        for name in names
    }


def _renumbered(column: NDArray[np.int16], old: Sequence[str], new: Sequence[str]) -> NDArray[np.int16]:
    places = np.array([*(new.index(name) for name in old), NOT_JUDGED], dtype=np.int16)
    found: NDArray[np.int16] = places[column]
    return found
