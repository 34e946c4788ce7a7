"""A request that a person answers in, the work that the queue keeps of it out."""

from __future__ import annotations

from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.answering.reasons import why_sent
from milo_bench.gateway.judging import JudgedReply, first_text
from milo_bench.gateway.request import Question
from milo_bench.store.state.asked import write_asked
from milo_bench.store.state.queue import QueuedWork, new_id


def queued_work(
    asked: Question, key: str, final: Routed, judged: JudgedReply | None, *, why: str, at_s: float
) -> QueuedWork:
    """``key`` is the id of the client's key, ``judged`` the last answer of a model, whose text becomes the draft.

    ``why`` is what the client is told: what people see quotes the answer.
    """
    return QueuedWork(
        id=new_id(), state="waiting", queue=final.action.queue if final.action is not None else "",
        created_at=at_s, workload=asked.workload, use=asked.use, rule=final.rule, cause=final.cause,
        why=why_sent(final, judged, quoting=True), key=key,
        request=write_asked(asked.client_door, asked.fields, asked.input, why=why), draft=first_text(judged),
        callback=asked.callback,
    )  # fmt: skip
