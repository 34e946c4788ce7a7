"""Where a request went and what a server said in, the sentence that client, queue and audit are given out."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Mapping
from typing import Final

import msgspec

from milo_bench.core.hiding import KeySearch
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.judging import JudgedReply
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.replies import ApiError

_PASSED_ON: Final = frozenset({400, 413, 422})  # statuses that say that the request is at fault


def why_sent(final: Routed, judged: JudgedReply | None, *, quoting: bool = False) -> str:
    """One sentence without a full stop.

    ``quoting`` adds what the checks found, which quotes the answer: for the people of the queue, never for the
    client or the audit.
    """
    match final.cause:
        case "rule":
            said = final.action.why if final.action is not None else ""
            return one_line(said, 300) or f"rule '{final.rule}' says so"
        case "sensitive":
            return "the case is sensitive and may not reach a hosted model"
        case "max_words":
            return "the input is longer than was measured"
        case "target_down":
            return "the model is not available"
        case "flag_off":
            return "the flag of this rule is off"
        case "rolled_back":
            return "an open incident keeps this model from the workload"
        case "permit":
            said = judged.problem if judged is not None and quoting else ""
            return said or "the operator permit of this key does not allow it without a person"
        case "no_answer":
            late = judged is not None and judged.late
            return "the answer was not judged in time" if late else "the model did not answer"
        case "verifier":
            return "the verifier did not accept the draft"
        case _:
            return _failed(judged, quoting=quoting)


def _failed(judged: JudgedReply | None, *, quoting: bool) -> str:
    if judged is None or (judged.problem and not judged.bypassed):
        return "the model did not answer"
    if judged.bypassed:
        return one_line(judged.problem, 300) if quoting else "a rule before the model needs a person"
    names = sorted(judged.reasons)
    if not names:
        return "the answer failed a guardrail"
    said = [f"{name}: {one_line(judged.reasons[name], 160)}" if quoting else name for name in names]
    return f"the answer failed a guardrail ({'; '.join(said)})"


def said_by_server(body: bytes, keys: KeySearch) -> str:
    """What a server's error says, without keys and on one line."""
    try:
        error = msgspec.json.decode(body)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    return one_line(keys.hidden(str(said)), 200).rstrip(".")


def _pause_left_s(final: Routed, upstreams: Mapping[str, Upstream]) -> float:
    """What is left of the pauses that the rule's models asked for: before that, a request is sent to none of them."""
    names = {final.action.target, final.action.verifier} if final.action is not None else set()
    now_s = time.monotonic()
    return max((one.health.pause_left_s(now_s) for name, one in upstreams.items() if name in names), default=0.0)


def refusal(
    final: Routed, why: str, last: tuple[int, str, float | None], upstreams: Mapping[str, Upstream]
) -> ApiError:
    """The table says no. Where it says so because no model could answer, the status says that.

    ``last`` is the last failure of a call: its status, what the server said, and the pause that it asked for.
    ``upstreams`` know what is left of pauses that the rule's models asked for before.
    """
    milo = {"status": "refused", "rule": final.rule, "cause": final.cause, "why": why}
    status, said, pause_s = last
    if final.cause == "no_answer" and status == 429:
        return _busy(pause_s, milo)
    if final.cause == "no_answer" and status in _PASSED_ON:
        return ApiError(status, f"The model's server refused the request: {said or 'no reason given'}.",
                       code="upstream_refused", hint="correct the request.", milo=milo)  # fmt: skip
    if final.cause in ("no_answer", "target_down", "second_answer"):
        hint = "try again later. The request was sent to no other model."
        headers = _retry_after(pause_s or _pause_left_s(final, upstreams))
        return ApiError(503, f"No model can answer: {why}.", code=final.cause, hint=hint, headers=headers, milo=milo)
    hint = "routing.yaml says who may answer what. Ask its owner."
    return ApiError(422, f"Rule '{final.rule}' refuses this request: {why}.", code="refused", hint=hint, milo=milo)


def require_no_pause(upstream: Upstream) -> None:
    """Raises ApiError while the target of ``--shadow`` keeps a pause, as the table would send it nothing either."""
    left_s = upstream.health.pause_left_s(time.monotonic())
    if left_s:
        message = "The target asked for a pause, which is not over."
        raise ApiError(503, message, code="target_down", hint="try again later.", headers=_retry_after(left_s))


def unanswered_in_shadow(last: tuple[int, str, float | None]) -> ApiError:
    """The one target of ``--shadow`` gave no answer. ``last`` as for ``refusal``."""
    status, said, pause_s = last
    if status == 429:
        return _busy(pause_s)
    hint = "the gateway runs in shadow and sends each request to one target."
    message = f"The target did not answer: {said or 'no reason given'}."
    return ApiError(502, message, code="no_answer", hint=hint, headers=_retry_after(pause_s))


def _busy(pause_s: float | None, milo: Mapping[str, str] | None = None) -> ApiError:
    headers = _retry_after(pause_s or 1.0)
    hint = f"try again in {headers['Retry-After']} s."
    return ApiError(429, "The model's server is busy.", code="upstream_busy", hint=hint, headers=headers, milo=milo)


def _retry_after(pause_s: float | None) -> dict[str, str]:
    """The header, in whole seconds: who comes back after them is not too early."""
    return {"Retry-After": f"{math.ceil(pause_s)}"} if pause_s else {}


def unrecorded(error: OSError) -> ApiError:
    """A request that the audit could not take, with what the gateway's operator can do about it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            hint = "free some space."
        case errno.ENOENT:
            hint = "put the audit's folder back, or start the gateway again."
        case _:
            hint = "check the audit's folder and its permissions."
    hint += " Requests are answered again as soon as they can be recorded."
    return ApiError(503, "The request could not be recorded.", code="audit_unavailable", hint=hint)
