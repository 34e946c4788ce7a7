"""What is known of a request and where it went in, the headers of its answer out."""

from __future__ import annotations

from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.answering.record import RequestRecord
from milo_bench.gateway.wire.replies import REQUEST_HEADER


def answer_headers(record: RequestRecord, routed: Routed, *, guarded: bool) -> dict[str, str]:
    """The request's id comes first: the rest is the same for many answers, and is made into bytes once."""
    headers = {
        REQUEST_HEADER: record.id,
        "X-Milo-Rule": routed.rule,
        "X-Milo-Route": routed.route,
        "X-Milo-Guarded": "true" if guarded else "false",
    }
    if routed.target:
        headers["X-Milo-Target"] = routed.target
    if record.redacted:
        headers["X-Milo-Redacted"] = str(record.redacted)
    if record.prompt:
        headers["X-Milo-Prompt"] = record.prompt
    if routed.cause != "rule":
        headers["X-Milo-Cause"] = routed.cause
    if routed.second or routed.cause in ("max_words", "target_down", "flag_off", "rolled_back"):
        headers["X-Milo-Fallback"] = "true"
    return headers


def shadow_headers(request: str) -> dict[str, str]:
    """Those of every answer in shadow: what the table says of it stands in the audit alone."""
    return {REQUEST_HEADER: request, "X-Milo-Shadow": "true"}
