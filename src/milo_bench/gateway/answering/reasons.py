"""Where a request went and what a server said in, the sentence that client, queue and audit are given out."""

from __future__ import annotations

from typing import Final

import msgspec

from milo_bench.core.hiding import KeySearch
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.judging import JudgedReply
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


def refusal(final: Routed, why: str, last: tuple[int, str, float | None]) -> ApiError:
    """The table says no. Where it says so because no model could answer, the status says that.

    ``last`` is the last failure of a call: its status, what the server said, and the pause that it asked for.
    """
    milo = {"status": "refused", "rule": final.rule, "cause": final.cause, "why": why}
    status, said, pause_s = last
    if final.cause == "no_answer" and status == 429:
        pause = f"{max(1, round(pause_s or 1.0))}"
        return ApiError(429, "The model's server is busy.", code="upstream_busy", hint=f"try again in {pause} s.",
                       headers={"Retry-After": pause}, milo=milo)  # fmt: skip
    if final.cause == "no_answer" and status in _PASSED_ON:
        return ApiError(status, f"The model's server refused the request: {said or 'no reason given'}.",
                       code="upstream_refused", hint="correct the request.", milo=milo)  # fmt: skip
    if final.cause in ("no_answer", "target_down", "second_answer"):
        hint = "try again later. The request was sent to no other model."
        headers = {"Retry-After": f"{max(1, round(pause_s))}"} if pause_s else {}
        return ApiError(503, f"No model can answer: {why}.", code=final.cause, hint=hint, headers=headers, milo=milo)
    hint = "routing.yaml says who may answer what. Ask its owner."
    return ApiError(422, f"Rule '{final.rule}' refuses this request: {why}.", code="refused", hint=hint, milo=milo)
