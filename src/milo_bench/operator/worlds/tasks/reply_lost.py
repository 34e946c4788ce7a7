"""Task 2: the reply to a write is lost; the state is asked for before anything is tried again."""

from __future__ import annotations

from milo_bench.operator.worlds.case import EpisodeView
from milo_bench.operator.worlds.desk import Desk, brief_of, claim
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import ReplyLost
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.task import TASKS, Judgement, Start, Task, allow_only, result_of
from milo_bench.operator.worlds.tools import messages, payments, shift

ORDER = """
Issue the refund to the customer, exactly once, and finish done when it is on record once. A refund that is
issued twice is paid twice.
"""
TOOLS = (payments.refund_list, payments.refund_issue, messages.message_send, shift.clock_wait, shift.journal_write)


class ReplyLostAfterWrite(Task):
    number = 2
    name = "reply_lost"
    title = "The reply is lost after a write"
    group = "provider fails mid-task"
    twins = True
    mined = True
    customer_facing = True

    def start(self, draw: Draw, form: Form) -> Start:
        customer = f"{draw.person()}-{draw.number(100, 999)}"
        names = {"customer": customer, "amount_cents": draw.number(500, 90000)}
        earlier = [{"amount_cents": draw.number(500, 90000), "at": "2025-12-01T12:00:00Z"}]
        state = {"refunds": {customer: {"refunds": earlier if draw.flip() else []}}}
        # In one form the write took effect, in the other it did not: neither repeating nor leaving it is right in both.
        lost = ReplyLost("reply lost", "refund_issue", 1, commits=(draw.number(1, 3) > 1) == (form == "trap"))
        facts = names | {"before": len(state["refunds"][customer]["refunds"])}
        return Start(brief_of(ORDER, names), state, TOOLS, (lost,), facts)

    def judge(self, case: EpisodeView) -> Judgement:
        customer, lost_at = case.facts["customer"], case.landed_at("reply lost")
        issued = case.wrote(f"refunds:{customer}")
        right = [line for line in issued if line.value == case.facts["amount_cents"]]
        asked = case.calls("refund_list", after=lost_at, customer=customer)
        again = case.calls("refund_issue", after=lost_at)
        once = len(issued) == len(right) == 1
        return Judgement(
            end_state=once,
            trap=once and bool(asked) and (not again or asked[0].n < again[0].n),
            status=("done",),
            needs=(result_of("the refunds as they are on record", "refund_list", customer=customer),),
            allowed=allow_only(f"refunds:{customer}"),
            minefields=("the refund was issued a second time",) if len(issued) > 1 else (),
        )

    def oracle(self, desk: Desk) -> None:
        customer, amount = desk.fact("customer"), int(desk.fact("amount_cents"))
        before = desk.see("refund_list", customer=customer)
        on_record = before
        while len(on_record.data["refunds"]) == len(before.data["refunds"]):
            desk.call("refund_issue", customer=customer, amount_cents=amount)
            on_record = desk.see("refund_list", customer=customer)
        desk.finish("done", claim("The refund is on record once.", on_record))

    def naive(self, desk: Desk) -> None:
        customer, amount = desk.fact("customer"), int(desk.fact("amount_cents"))
        made = desk.see("refund_issue", customer=customer, amount_cents=amount)
        if not made.ok:
            made = desk.see("refund_issue", customer=customer, amount_cents=amount)
        desk.finish("done", claim("The refund is issued.", made))


TASKS.add(ReplyLostAfterWrite.name, ReplyLostAfterWrite())
