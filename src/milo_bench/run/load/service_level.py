"""A service level and a request's times in, whether it was met out; pure."""

from __future__ import annotations

from msgspec import Struct

from milo_bench.core.units import seconds, share
from milo_bench.run.load.rows import LoadRow


class ServiceLevel(Struct, frozen=True):
    """Limits in seconds, None for none; ``share`` of the requests must keep all of them at once."""

    ttft_s: float | None = None
    latency_s: float | None = None
    time_per_token_s: float | None = None
    stall_s: float | None = None
    share: float = 0.95

    @property
    def is_set(self) -> bool:
        return any(limit is not None for limit in (self.ttft_s, self.latency_s, self.time_per_token_s, self.stall_s))

    def met_by(self, row: LoadRow, time_per_token_s: float | None, *, empty_meets: bool = False) -> bool:
        """A failed request meets nothing, and neither does an empty answer, unless ``empty_meets``.

        A figure that the server does not let us know does not count against a request.
        """
        if row.failure is not None or (row.is_empty and not empty_meets):
            return False
        if self.ttft_s is not None and (
            row.first_content_s is None or row.first_content_s - row.intended_s > self.ttft_s
        ):
            return False
        if self.latency_s is not None and row.ended_s - row.intended_s > self.latency_s:
            return False
        if self.stall_s is not None and row.gaps_s and max(row.gaps_s) > self.stall_s:
            return False
        limit = self.time_per_token_s
        return limit is None or time_per_token_s is None or time_per_token_s <= limit

    def text(self) -> str:
        """``first token ≤ 0.5 s, answer ≤ 5 s for 95% of requests``."""
        parts = [
            f"{name} ≤ {seconds(limit)}"
            for name, limit in (
                ("first token", self.ttft_s),
                ("answer", self.latency_s),
                ("time per token", self.time_per_token_s),
                ("stall", self.stall_s),
            )
            if limit is not None
        ]
        return f"{', '.join(parts)} for {share(self.share)} of requests" if parts else ""
