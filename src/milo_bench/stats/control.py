"""Counts of a measured baseline in, how many are still usual in a window of live work out; exact, pure.

Both limits hold their false-alarm rate over baseline and window together, whatever the true rate or distribution is,
as long as live work is like the measured work. So a small baseline gives a wide limit and never a false promise.
"""

from __future__ import annotations

import math
from typing import Final

MOST_WINDOW: Final = 10_000


def most_usual(k: int, n: int, window: int, chance: float) -> int:
    """The largest count in ``window`` requests that is no alarm, after ``k`` of ``n`` in the baseline.

    Fisher's exact test (1935) from one side: given the total, the window's count is hypergeometric where nothing
    changed. A larger count comes with at most probability ``chance``. ``window`` where even all would be no alarm.
    """
    _check(n, window, chance)
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    for count in range(window):
        if _hypergeometric_tail(count + 1, k + count + 1, window, n) <= chance:
            return count
    return window


def most_slower(rank: int, n: int, window: int, chance: float) -> int:
    """The largest count of a window's values above the ``rank``-th smallest of ``n`` baseline values that is no alarm.

    The count of exceedances is negative hypergeometric for every continuous distribution (Gumbel and von Schelling
    1950, Ann. Math. Stat. 21:247), and ties only make it smaller.
    """
    _check(n, window, chance)
    if not 1 <= rank <= n:
        raise ValueError(f"rank {rank} of {n}")
    tail, at = 0.0, window
    whole = _log_choose(n + window, n)
    while at >= 0:
        tail += math.exp(_log_choose(at + n - rank, at) + _log_choose(rank - 1 + window - at, window - at) - whole)
        if tail > chance:
            return at
        at -= 1
    return 0


def _hypergeometric_tail(least: int, total: int, window: int, n: int) -> float:
    """Probability that ``least`` or more of ``total`` marked among ``n`` + ``window`` lie in the window."""
    whole = _log_choose(n + window, total)
    most = min(total, window)
    return sum(
        math.exp(_log_choose(window, x) + _log_choose(n, total - x) - whole)
        for x in range(max(least, total - n), most + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _check(n: int, window: int, chance: float) -> None:
    if n < 1 or not 1 <= window <= MOST_WINDOW:
        raise ValueError(f"a baseline of {n}, a window of {window}")
    if not 0 < chance < 1:
        raise ValueError(f"chance must be between 0 and 1, not {chance}")
