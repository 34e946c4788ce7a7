"""Outcomes of calls to a target in, whether it is ready, degraded or down out, and why; pure but for the clock's times.

Ready needs a real generated token within the last interval. The breaker opens on a measured share of failures,
and closes when a probe has generated a token again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from milo_bench.config.routing.rule import Health
from milo_bench.core import units
from milo_bench.core.text import one_line

WINDOW: Final = 20  # calls that a share of failures is taken over
LEAST_CALLS: Final = 5
DOWN_SHARE: Final = 0.5
DEGRADED_SHARE: Final = 0.2
_MOST_SAID: Final = 200  # characters


@dataclass
class TargetHealth:
    """What is known of one target. Times are seconds on the monotonic clock."""

    interval_s: float
    token_s: float | None = None  # when it last generated a token
    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    open_reason: str = ""  # why the breaker is open
    cool_until_s: float = 0.0  # the server asked to be left alone until then
    void_reason: str = ""  # why the rules do not hold for it any more
    permit_reason: str = ""  # why its permit as an operator holds no more
    behaviour_reason: str = ""  # it answers fixed prompts in another way than when it was measured
    last_failure: str = ""
    lost: bool = False  # its connection broke, and it has not answered since
    came_back: bool = False  # it answers again after it was lost: what came back may be another model

    def answered(self, now_s: float) -> None:
        self._is_there(now_s)
        self.outcomes.append(True)

    def failed(self, problem: str, now_s: float, retry_after_s: float | None = None) -> None:
        self.last_failure = problem
        self.outcomes.append(False)
        if retry_after_s is not None:
            self.cool_until_s = max(self.cool_until_s, now_s + retry_after_s)
        if len(self.outcomes) >= LEAST_CALLS and self.failure_share >= DOWN_SHARE:
            self.open_reason = self._share_that_failed()

    def broke(self) -> None:
        """No reply came, or it broke off."""
        self.lost = True

    def _is_there(self, now_s: float) -> None:
        self.token_s = now_s
        if self.lost:
            self.lost, self.came_back = False, True

    def probed(self, problem: str, now_s: float) -> None:
        """A probe generated a token (``problem`` is ""), or did not. A good one closes the breaker."""
        if problem:
            self.last_failure = problem
            if self.token_s is None or now_s - self.token_s > self.interval_s:
                self.open_reason = f"no token was generated: {problem}"
            return
        self._is_there(now_s)
        if self.open_reason:
            self.open_reason, self.came_back = "", True
            self.outcomes.clear()

    @property
    def failure_share(self) -> float:
        return self.outcomes.count(False) / len(self.outcomes) if self.outcomes else 0.0

    def _share_that_failed(self) -> str:
        said = f"{self.outcomes.count(False)} of the last {len(self.outcomes)} calls failed"
        return f"{said}, the latest with: {one_line(self.last_failure, _MOST_SAID)}" if self.last_failure else said

    def pause_left_s(self, now_s: float) -> float:
        """What is left of the pause that the server asked for."""
        return max(0.0, self.cool_until_s - now_s)

    def why(self, now_s: float) -> str:
        """Why it is not ready, "" where it is."""
        if self.void_reason or self.permit_reason or self.behaviour_reason:
            return self.void_reason or self.permit_reason or self.behaviour_reason
        if self.open_reason:
            return self.open_reason
        if now_s < self.cool_until_s:
            return f"it asked for a pause of {units.seconds(self.pause_left_s(now_s))} more"
        if self.token_s is None:
            return "it has generated no token yet"
        if len(self.outcomes) >= LEAST_CALLS and self.failure_share >= DEGRADED_SHARE:
            return self._share_that_failed()
        if now_s - self.token_s > 2 * self.interval_s:
            return f"its last token was {units.seconds(now_s - self.token_s)} ago"
        return ""

    def state(self, now_s: float) -> Health:
        if (
            self.void_reason
            or self.permit_reason
            or self.behaviour_reason
            or self.open_reason
            or now_s < self.cool_until_s
            or self.token_s is None
        ):
            return "down"
        return "degraded" if self.why(now_s) else "ready"
