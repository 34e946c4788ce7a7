"""Requests of a workload in, how much text all of them begin with out: what production requests share too."""

from __future__ import annotations

from typing import Final

from milo_bench.core.chat import ChatRequest
from milo_bench.run.prepare import Prepared, prepare
from milo_bench.run.spec import RunSpec

# A chat template puts its own words around every prompt, which we do not see, and tokens are not characters.
_SLACK_SHARE: Final = 0.05
_SLACK_TOKENS: Final = 64
_SOON: Final = 0.5  # of the time of a new prompt, as the quickest of three took it
_LEAST_NEW_S: Final = 0.02  # what a new prompt takes at the least, for its time to tell


def measure_shared_text(spec: RunSpec) -> dict[str, int]:
    """Characters with which every request of each workload begins.

    It makes every request once, before any model is loaded, so that a broken fixture is told in the first second:
    raises ConfigError or DataError for one. A workload with one fixture shares its instructions, as far as can be told.
    """
    first: dict[str, str] = {}
    shared: dict[str, int] = {}
    for fixture in spec.planned_fixtures():
        ready = prepare(fixture, spec.workloads[fixture.workload])
        request = ready.request
        if request is None or ready.chunked is not None:
            continue
        text = _text(request)
        if fixture.workload not in first:
            first[fixture.workload] = text
            shared[fixture.workload] = len(request.messages[0].content) if len(request.messages) > 1 else 0
            continue
        known = first[fixture.workload]
        first[fixture.workload] = known[: _common(known, text)]
        shared[fixture.workload] = len(first[fixture.workload])
    return shared


def most_shared(shared_share: float, prompt_tokens: int) -> float:
    """The most of a prompt that may be cached although its document is new, where ``shared_share`` is common text."""
    return shared_share + max(_SLACK_SHARE, _SLACK_TOKENS / max(prompt_tokens, 1))


def is_too_soon(
    waited_s: float | None, prompt_tokens: int | None, shared_share: float, new_token_s: float | None
) -> bool:
    """Whether a first token after ``waited_s`` is sooner than that of a new prompt can be.

    ``new_token_s`` is what each token of a new prompt takes. Of ``prompt_tokens`` the ``shared_share`` may be cached.
    False where one of them is unknown, or the prompt is too short for its time to tell.
    """
    if waited_s is None or not prompt_tokens or new_token_s is None:
        return False
    new_s = new_token_s * prompt_tokens * (1 - min(1.0, shared_share))
    return new_s >= _LEAST_NEW_S and waited_s < _SOON * new_s


def share_of(shared: int, request: ChatRequest) -> float:
    """The share of ``request`` that ``shared`` characters at its beginning are, to three digits."""
    size = len(_text(request))
    return round(min(1.0, shared / size), 3) if size else 0.0


def shared_share(shared: int, ready: Prepared) -> float:
    """``share_of`` what is sent for a case.

    Of a case in parts it is all but the case's own text, for each part begins with the same instructions.
    """
    if ready.request is None or ready.chunked is None:
        return 0.0 if ready.request is None else share_of(shared, ready.request)
    size = sum(len(_text(request)) for request in ready.requests)
    return round(1 - sum(len(text) for text in ready.chunked.texts) / size, 3)


def _common(first: str, second: str) -> int:
    """How many characters both begin with, by halving: slices are compared in C."""
    few, many = 0, min(len(first), len(second))
    while few < many:
        middle = (few + many + 1) // 2
        few, many = (middle, many) if first[few:middle] == second[few:middle] else (few, middle - 1)
    return few


def _text(request: ChatRequest) -> str:
    return "\n".join(message.content for message in request.messages)
