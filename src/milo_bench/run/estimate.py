"""A plan, requests and what earlier runs took in; how many requests, seconds and dollars it will take out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from milo_bench.core.chat import ChatRequest
from milo_bench.core.records import Plan, Price
from milo_bench.run.budget import Budget

# Of a token, where no earlier run of the target has said: text of any tokenizer is between these.
_LIKELY_BYTES, _LEAST_BYTES = 4.0, 2.0
_LIKELY_SHARE_OF_ANSWER = 0.5  # of the tokens that an answer may have


@dataclass(frozen=True)
class RequestPace:
    """What an earlier run of a target took: seconds for an answer, tokens of an answer, bytes for a token."""

    latency_s: float
    output_tokens: float | None = None
    bytes_a_token: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Extent:
    """How much of a workload will be asked of a target: fixtures ``likely`` and ``at_most``, and why that many."""

    likely: float
    at_most: float
    why: str = ""


@dataclass(frozen=True)
class Estimate:
    """One target. Seconds and dollars are None where nothing says them; a retry is in ``at_most`` alone."""

    target: str
    requests_likely: int
    requests_at_most: int
    likely_s: float | None
    at_most_s: float
    likely_usd: float | None
    at_most_usd: float | None
    pace: RequestPace | None = None


def estimate_target(
    target: str,
    plan: Plan,
    requests: Mapping[str, Sequence[ChatRequest]],
    extents: Mapping[str, Extent],
    *,
    price: Price | None,
    pace: RequestPace | None,
) -> Estimate:
    """What ``plan`` takes of one target; ``requests`` are those of each workload, one for each fixture."""
    each = plan.repeats
    likely = at_most = 0.0
    usd = most_usd = 0.0
    for workload, of_it in requests.items():
        extent = extents[workload]
        decodings = len(plan.decodings)
        likely += extent.likely * each * decodings
        at_most += extent.at_most * each * decodings * (1 + plan.retries)
        if price is not None and of_it:
            usd += extent.likely * each * decodings * _likely_usd(of_it, price, pace)
            most_usd += extent.at_most * each * decodings * (1 + plan.retries) * _most_usd(of_it, price)
    seconds = None if pace is None else likely * pace.latency_s / plan.concurrency
    return Estimate(
        target=target,
        requests_likely=math.ceil(likely),
        requests_at_most=math.ceil(at_most),
        likely_s=seconds,
        at_most_s=at_most * (plan.timeouts.connect_s + plan.timeouts.total_s) / plan.concurrency,
        likely_usd=None if price is None else usd,
        at_most_usd=None if price is None else most_usd,
        pace=pace,
    )


def _likely_usd(requests: Sequence[ChatRequest], price: Price, pace: RequestPace | None) -> float:
    """The mean of a request."""
    bytes_a_token = (pace.bytes_a_token if pace is not None else None) or _LIKELY_BYTES
    answer = pace.output_tokens if pace is not None else None
    total = 0.0
    for request in requests:
        tokens = answer if answer is not None else request.max_tokens * _LIKELY_SHARE_OF_ANSWER
        total += _usd(_size(request) / bytes_a_token, tokens, price)
    return total / len(requests)


def _most_usd(requests: Sequence[ChatRequest], price: Price) -> float:
    """The dearest of them: fresh fixtures may all be as long as that one."""
    return max(_usd(_size(request) / _LEAST_BYTES, request.max_tokens, price) for request in requests)


def _usd(prompt: float, answer: float, price: Price) -> float:
    return (prompt * price.input_usd_per_mtok + answer * price.output_usd_per_mtok) / 1e6


def _size(request: ChatRequest) -> int:
    return sum(len(message.content.encode()) for message in request.messages)


@dataclass(frozen=True)
class RunEstimate:
    """What a run takes: by target, and together. Targets on one machine take turns, so their times add up.

    ``least`` maps a gate that a stopping rule judges to how many fixtures it takes if every answer is right;
    ``beyond`` names those that need more than there are.
    """

    targets: tuple[Estimate, ...]
    fixtures: Mapping[str, Extent]
    least: Mapping[str, int]
    beyond: tuple[str, ...]
    budget: Budget

    @property
    def requests_likely(self) -> int:
        return sum(one.requests_likely for one in self.targets)

    @property
    def requests_at_most(self) -> int:
        return sum(one.requests_at_most for one in self.targets)

    @property
    def likely_usd(self) -> float | None:
        return at_most(_known([one.likely_usd for one in self.targets]), self.budget.max_usd)

    @property
    def at_most_usd(self) -> float | None:
        return at_most(_known([one.at_most_usd for one in self.targets]), self.budget.max_usd)

    likely_s: float | None = None
    at_most_s: float = 0.0

    def as_record(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {
            "requests": {"likely": self.requests_likely, "at_most": self.requests_at_most},
            "minutes": {
                "likely": None if self.likely_s is None else self.likely_s / 60,
                "at_most": self.at_most_s / 60,
            },
            "usd": {"likely": self.likely_usd, "at_most": self.at_most_usd},
            "fixtures": {name: asdict(extent) for name, extent in self.fixtures.items()},
            "least_fixtures": dict(self.least),
            "beyond_the_suite": list(self.beyond),
            "targets": [asdict(one) for one in self.targets],
        }


def at_most(value: float | None, limit: float | None) -> float | None:
    """``value``, or the budget where that ends the run before."""
    if limit is None or value is None:
        return value if limit is None else limit
    return min(value, limit)


def _known(parts: Sequence[float | None]) -> float | None:
    """Dollars of the targets that have a price; None where none has."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
