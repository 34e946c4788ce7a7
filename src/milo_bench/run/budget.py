"""Prices and requests in, dollars out: what was spent, what the requests in flight may still cost, and what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from milo_bench.core.chat import ChatRequest
from milo_bench.core.records import Attempt, AttemptKey, Price, TargetRecord
from milo_bench.core.units import number, seconds

# Bytes of a prompt for one token, before a server has said better: no tokenizer in use makes more tokens of text.
_LEAST_BYTES_A_TOKEN = 2.0


class Budget(Struct, frozen=True):
    """The most that a run may take, from its start, before its targets start; None for no limit."""

    max_minutes: float | None = None
    max_usd: float | None = None

    @property
    def is_set(self) -> bool:
        return self.max_minutes is not None or self.max_usd is not None

    def left_s(self, took_s: float) -> float | None:
        """Seconds left of ``max_minutes`` when the run has taken ``took_s``, never below 0; None without that limit."""
        return None if self.max_minutes is None else max(0.0, self.max_minutes * 60 - took_s)

    def told_at_start(self, took_s: float) -> tuple[str, ...]:
        """A sentence for a person when the targets have started, which took ``took_s``; none without a limit."""
        left_s = self.left_s(took_s)
        if left_s is None:
            return ()
        ends = f"in {seconds(left_s)}" if left_s else "now"
        return (f"--max-minutes {number(self.max_minutes or 0)} ends this run {ends}: start-up took {seconds(took_s)}",)


class Spending:
    """Keeps what a run has spent and may still spend on what is in flight, in dollars.

    A target without a price costs nothing here. A request is held at its most expensive until its answer says what
    it used: its prompt by bytes, and every token of answer that it may have.
    """

    def __init__(self, targets: Mapping[str, TargetRecord]) -> None:
        self._prices: dict[str, Price] = {
            name: record.price for name, record in targets.items() if record.price is not None
        }
        self._held: dict[AttemptKey, float] = {}
        self._bytes_a_token: dict[str, float] = {}
        self._bytes: dict[AttemptKey, int] = {}
        self.spent_usd = 0.0

    def most_usd(self, target: str, requests: Sequence[ChatRequest]) -> float:
        """The most that ``requests`` of one attempt can cost on ``target``.

        Of several, the last merges what the others answer, so each answer is paid for as prompt once more.
        """
        price = self._prices.get(target)
        if price is None:
            return 0.0
        tokens = _size(requests) / self._bytes_a_token.get(target, _LEAST_BYTES_A_TOKEN)
        tokens += sum(request.max_tokens for request in requests[:-1])
        answers = sum(request.max_tokens for request in requests)
        return (tokens * price.input_usd_per_mtok + answers * price.output_usd_per_mtok) / 1e6

    def hold(self, key: AttemptKey, requests: Sequence[ChatRequest]) -> None:
        """``requests`` are about to be sent."""
        self._held[key] = self.most_usd(key.target, requests)
        self._bytes[key] = _size(requests)

    @property
    def committed_usd(self) -> float:
        """Spent, and held for what is in flight."""
        return self.spent_usd + sum(self._held.values())

    def settle(self, attempt: Attempt) -> None:
        """An answer came, or a failure: a failure without usage is taken at its most, for the server may charge it."""
        held = self._held.pop(attempt.key, 0.0)
        size = self._bytes.pop(attempt.key, 0)
        usage, price = attempt.usage, self._prices.get(attempt.key.target)
        if price is None:
            return
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            self.spent_usd += held
            return
        if usage.prompt_tokens > 0 and size:
            least = self._bytes_a_token.get(attempt.key.target, float("inf"))
            self._bytes_a_token[attempt.key.target] = min(least, size / usage.prompt_tokens)
        tokens = usage.prompt_tokens * price.input_usd_per_mtok + usage.completion_tokens * price.output_usd_per_mtok
        self.spent_usd += tokens / 1e6

    def release(self, key: AttemptKey) -> None:
        """``key`` was cancelled; it may have been charged all the same."""
        self.spent_usd += self._held.pop(key, 0.0)
        self._bytes.pop(key, None)


def _size(requests: Sequence[ChatRequest]) -> int:
    return sum(len(message.content.encode()) for request in requests for message in request.messages)
