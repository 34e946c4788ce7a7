"""Where a request went and what a server said in, the sentence that client, queue and audit are given out."""

from __future__ import annotations

import msgspec

from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.judging import JudgedReply


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
        case "no_answer":
            return "the model did not answer"
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


def said_by_server(body: bytes, secrets: tuple[str, ...]) -> str:
    """What a server's error says, without keys and on one line."""
    try:
        error = msgspec.json.decode(body)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    text = str(said)
    for secret in secrets:
        text = text.replace(secret, "***")
    return one_line(text, 200).rstrip(".")
