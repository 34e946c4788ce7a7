"""A started target in, the protocol that it can play in out, with the reason; one rule, the same for every model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.clock import Clock
from milo_bench.core.records import TargetRecord
from milo_bench.operator.play.episode import TURN_TIMEOUTS
from milo_bench.operator.play.prompt import Protocol
from milo_bench.targets.base import Target

ProtocolWish: TypeAlias = Literal["auto", "tools", "fenced"]
PROTOCOL_KEY = "operator_protocol"
WHY_KEY = "operator_protocol_why"
TRIES = 2
_NAME = "report_ready"
_TOOL = {
    "type": "function",
    "function": {
        "name": _NAME,
        "description": "Say that you are ready.",
        "parameters": {
            "type": "object",
            "properties": {"ready": {"type": "boolean"}},
            "required": ["ready"],
            "additionalProperties": False,
        },
    },
}
_QUESTION = f"Call the tool {_NAME} with ready set to true."


@dataclass(frozen=True)
class ChosenProtocol:
    protocol: Protocol
    why: str

    def beside(self, record: TargetRecord) -> TargetRecord:
        """``record`` with the choice among its settings, so that the log says how the target was asked."""
        settings = {**record.settings, PROTOCOL_KEY: self.protocol, WHY_KEY: self.why}
        return msgspec.structs.replace(record, settings=settings)


def chosen_before(record: TargetRecord) -> ChosenProtocol | None:
    """The choice that a log's header holds for a target; a resume keeps to it."""
    match record.settings.get(PROTOCOL_KEY), record.settings.get(WHY_KEY):
        case "tools", str(why):
            return ChosenProtocol("tools", why)
        case "fenced", str(why):
            return ChosenProtocol("fenced", why)
        case _:
            return None


async def choose_protocol(target: Target, wish: ProtocolWish, *, max_tokens: int, clock: Clock) -> ChosenProtocol:
    """``wish``, or for ``auto`` tool calling where a question with one tool is answered by a call of it.

    An answer without that call, and requests that fail ``TRIES`` times, mean fenced objects. ``max_tokens`` is
    what the run gives any answer, so that a model which reasons first gets as far as it would in an episode.
    """
    if wish != "auto":
        return ChosenProtocol(wish, "as asked for")
    request = ChatRequest((Message("user", _QUESTION),), max_tokens=max_tokens, tools=(_TOOL,))
    why = ""
    for _ in range(TRIES):
        exchange = await target.ask(request, timeouts=TURN_TIMEOUTS, zero_s=clock.monotonic_s(), intended_s=0.0)
        if exchange.failure is None:
            if any(call.name == _NAME for call in exchange.tool_calls):
                return ChosenProtocol("tools", "a question with a tool was answered by a call")
            return ChosenProtocol("fenced", "a question with a tool was answered without a call")
        why = f"a request with a tool failed {TRIES} times: {exchange.failure.kind}"
    return ChosenProtocol("fenced", why)
