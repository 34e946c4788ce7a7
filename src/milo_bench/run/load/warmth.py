"""Rows of a window and what is known of its server's cache in; the rows with the warm ones marked out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from milo_bench.run.asked.failed_repeats import RepeatCounts, set_aside
from milo_bench.run.load.rows import LoadRow, WindowRows


def needs_a_probe(rows: Sequence[LoadRow], again: Collection[int], *, earlier: bool = False) -> bool:
    """Whether an answer to a repeated document (``again``: their places) does not say that some of it was cached.

    ``earlier``: an earlier command may have sent any of them. A report of 0 is what a server without a cache says.
    """
    places = range(len(rows)) if earlier else again
    return any(rows[place].failure is None and not rows[place].cached_tokens for place in places)


def mark_warm(
    window: WindowRows,
    again: Collection[int],
    *,
    repeats_are_cold: bool,
    shared_share: Callable[[LoadRow], float],
    too_soon: Callable[[LoadRow], bool] | None = None,
) -> WindowRows:
    """``window`` with ``is_repeated`` at the places of ``again``, and ``is_warm`` where the server had the document.

    An answer is warm by what the server says it took from its cache, where that is more than ``shared_share``, the
    share of the prompt that each request begins with; where it does not say, each repeat is, unless
    ``repeats_are_cold``. ``too_soon`` is of a server that keeps documents and does not report it: its word is not
    taken, and what it answers sooner than a new document is warm too. For repeats that failed see
    ``failed_repeats.set_aside``.
    """
    places = range(len(window.rows))
    again = frozenset(again)
    warm = {
        place
        for place in places
        if (row := window.rows[place]).failure is None
        and (
            _is_warm(row, place in again, repeats_are_cold=repeats_are_cold, shared_share=shared_share)
            if too_soon is None
            else place in again or too_soon(row)
        )
    }
    warm |= _failed_aside(window, again, warm)
    rows = tuple(
        structs.replace(row, is_warm=place in warm, is_repeated=place in again) for place, row in enumerate(window.rows)
    )
    return structs.replace(window, rows=rows)


def _is_warm(
    row: LoadRow, is_repeat: bool, *, repeats_are_cold: bool, shared_share: Callable[[LoadRow], float]
) -> bool:
    if row.cached_tokens is None or not row.prompt_tokens:
        return is_repeat and not repeats_are_cold
    return row.cached_tokens / row.prompt_tokens > shared_share(row)


def _failed_aside(window: WindowRows, again: frozenset[int], warm: Collection[int]) -> set[int]:
    """Places of the failed repeats of the measured part that go with its warm answers."""
    rows = window.rows
    measured = [place for place, row in enumerate(rows) if window.is_measured(row.intended_s, row.ended_s)]
    answered = [place for place in measured if rows[place].failure is None]
    repeats = [place for place in answered if place in again]
    failed = [place for place in measured if rows[place].failure is not None and place in again]
    asked = RepeatCounts(
        answered=len(answered),
        warm=sum(place in warm for place in answered),
        repeats=len(repeats),
        warm_repeats=sum(place in warm for place in repeats),
        failures=len(measured) - len(answered),
        failed_repeats=len(failed),
    )
    return {failed[number] for number in set_aside(asked)}
