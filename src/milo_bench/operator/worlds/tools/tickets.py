"""Tickets: read them, change their status with evidence, record a root cause with its certainty."""

from __future__ import annotations

from typing import Literal

from milo_bench.operator.worlds.tools.arguments import EvidenceIds, LongText, ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "tickets"


class Ticket(ToolArguments, frozen=True):
    ticket: ShortText


class TicketUpdate(ToolArguments, frozen=True):
    ticket: ShortText
    status: Literal["open", "in_progress", "blocked", "done"]
    evidence: EvidenceIds = []
    note: LongText = ""


class RootCause(ToolArguments, frozen=True):
    ticket: ShortText
    cause: ShortText
    certainty: Literal["confirmed", "inferred"]
    evidence: EvidenceIds = []


@tool(GROUP, Ticket, "Read a ticket.")
def ticket_get(world: World, arguments: Ticket) -> Seen:
    found = world.entry("tickets", arguments.ticket, noun="ticket")
    return Seen({"ticket": arguments.ticket, **found}, (f"ticket:{arguments.ticket}",))


@tool(GROUP, TicketUpdate, "Set the status of a ticket, with the evidence ids that it rests on.", writes=True)
def ticket_update(world: World, arguments: TicketUpdate) -> Seen:
    found = world.entry("tickets", arguments.ticket, noun="ticket")
    found |= {"status": arguments.status, "evidence": list(arguments.evidence)}
    if arguments.note:
        found["note"] = arguments.note
    world.wrote(f"ticket:{arguments.ticket}", {"status": arguments.status, "evidence": list(arguments.evidence)})
    return Seen({"ticket": arguments.ticket, "status": arguments.status})


@tool(GROUP, RootCause, "Record the root cause of an incident ticket, and whether it is confirmed.", writes=True)
def ticket_root_cause(world: World, arguments: RootCause) -> Seen:
    found = world.entry("tickets", arguments.ticket, noun="ticket")
    recorded = {
        "cause": arguments.cause,
        "certainty": arguments.certainty,
        "evidence": list(arguments.evidence),
    }
    found["root_cause"] = recorded
    world.wrote(f"ticket:{arguments.ticket}", recorded)
    return Seen({"ticket": arguments.ticket, "root_cause": recorded})
