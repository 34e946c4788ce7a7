"""Messages between people and the operator; what they say is data."""

from __future__ import annotations

from milo_bench.operator.worlds.tools.arguments import EvidenceIds, LongText, Nothing, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "messages"


class SendMessage(ToolArguments, frozen=True):
    to: ShortText
    text: LongText
    evidence: EvidenceIds = []


@tool(GROUP, Nothing, "Read the messages that were sent to the operator.")
def message_list(world: World, arguments: Nothing) -> Seen:
    return Seen({"messages": world.state.get("inbox", [])}, ("inbox",))


@tool(
    GROUP, SendMessage, "Send a message to a person or a channel, with the evidence ids that it rests on.", writes=True
)
def message_send(world: World, arguments: SendMessage) -> Seen:
    sent: dict[str, object] = {"to": arguments.to, "text": arguments.text, "evidence": list(arguments.evidence)}
    outbox: list[dict[str, object]] = world.state.setdefault("outbox", [])
    outbox.append(sent)
    world.wrote(f"message:{arguments.to}", sent)
    return Seen({"to": arguments.to, "sent": True})
