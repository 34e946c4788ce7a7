"""What is known of a request and where it went in, the headers of its answer out."""

from __future__ import annotations

from typing import Final

from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.answering.record import RequestRecord
from milo_bench.gateway.wire.replies import REQUEST_HEADER, known_lines

_MOST_KNOWN: Final = 256


class AnswerHeads:
    """Header lines of answers by where their requests went: the usual ones differ in the request's id alone.

    Under one table the same ``Routed`` comes back each time a rule itself decides; it is known by identity.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, bool, str], tuple[Routed, bytes]] = {}

    def find(self, record: RequestRecord, routed: Routed, *, guarded: bool) -> bytes | None:
        """The lines for ``reply_known``; None where the answer has headers of its own."""
        if routed.cause != "rule" or routed.second or record.redacted:
            return None
        place = (id(routed), guarded, record.prompt)
        found = self._known.get(place)
        if found is None or found[0] is not routed:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            headers = answer_headers(record, routed, guarded=guarded)
            del headers[REQUEST_HEADER]
            found = self._known[place] = routed, known_lines(headers)
        return found[1]


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
