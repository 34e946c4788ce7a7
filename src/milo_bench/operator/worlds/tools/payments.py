"""Refunds: issue one, list those of a customer. Issuing twice pays twice."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from milo_bench.operator.worlds.tools.arguments import ShortText
from milo_bench.operator.worlds.world import Seen, ToolArguments, World, tool

GROUP = "payments"


class Customer(ToolArguments, frozen=True):
    customer: ShortText


class Refund(ToolArguments, frozen=True):
    customer: ShortText
    amount_cents: Annotated[int, Meta(ge=1, le=10_000_000)]


@tool(GROUP, Customer, "List the refunds of a customer.")
def refund_list(world: World, arguments: Customer) -> Seen:
    refunds = world.entry("refunds", arguments.customer, noun="customer")["refunds"]
    return Seen({"customer": arguments.customer, "refunds": refunds}, (f"refunds:{arguments.customer}",))


@tool(GROUP, Refund, "Issue a refund to a customer.", writes=True, cost_s=15)
def refund_issue(world: World, arguments: Refund) -> Seen:
    refunds = world.entry("refunds", arguments.customer, noun="customer")["refunds"]
    refunds.append({"amount_cents": arguments.amount_cents, "at": world.stamp(world.now_s)})
    world.wrote(f"refunds:{arguments.customer}", arguments.amount_cents)
    return Seen({"customer": arguments.customer, "amount_cents": arguments.amount_cents, "issued": True})
