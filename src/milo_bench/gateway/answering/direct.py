"""One HTTP request in, one answer out, from callback to callback where one whole reply of one model decides.

Most requests are such: no coroutine is made for them, and no turn of the loop. Whatever else a request needs (a place,
a new connection, a stream, another model, a thread that judges, a person) is done by ``ServedRequest.run``, which goes
on from where this one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from milo_bench.core.once import NotReady, in_a_hurry
from milo_bench.core.records import FailureKind
from milo_bench.decide.routing.rules import RequestFacts, route_answer, route_request
from milo_bench.gateway.answering.plans import RoutePlan
from milo_bench.gateway.answering.prompting import PreparedQuestion
from milo_bench.gateway.answering.served import EarlyReply, ServedRequest
from milo_bench.gateway.judging import JudgedReply
from milo_bench.gateway.request import Question
from milo_bench.gateway.upstream.calls import body_for
from milo_bench.gateway.upstream.pool import WholeReply
from milo_bench.gateway.wire.flow import Flow, Running
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.state.keys import GatewayKey

_NO_HEADERS: Final[Mapping[str, str]] = {}
_NO_TOKENS: Final[Mapping[str, int]] = {}


class DirectRequest(ServedRequest):
    """One request on its way; ``begin`` before anything else."""

    # What was sent: set by ``_sends``.
    _asked: Question
    _key: GatewayKey
    _facts: RequestFacts
    _plan: RoutePlan
    _case: PreparedQuestion
    _sent_s = 0.0
    _reply: WholeReply | None = None  # awaited now
    _rest: Flow | None = None  # what goes on from here
    # What is recorded: set by ``_record_answer``.
    _judged: JudgedReply
    _lines = b""
    _made: AuditedRequest

    def begin(self) -> Running:
        """Take it in and send it on; what can be cancelled while it is not answered."""
        self._serving.enter()
        table = self._serving.table
        try:
            asked, key = self.take_in()
            facts: RequestFacts | None = None
            if not table.asks_tokens:
                if table.asks_keywords:
                    with in_a_hurry():
                        facts = self.find_facts(asked, key, _NO_TOKENS)
                else:
                    facts = self.find_facts(asked, key, _NO_TOKENS)
                if self._sends(asked, key, facts):
                    return self
        except NotReady:
            pass
        except Exception as error:
            self.fell(error)
            self.left()
            return self
        return Flow(self.run(asked, key, facts))

    def cancel(self) -> None:
        """The client went away."""
        if self._rest is not None:
            self._rest.cancel()
        elif self._reply is not None:
            reply, self._reply = self._reply, None
            self._plan.gate.leave(self._sent_s)
            reply.dropped()
            self.gone()
            self.left()

    def _sends(self, asked: Question, key: GatewayKey, facts: RequestFacts) -> bool:
        """Send it to the model that its rule names; False where more has to be done, and nothing was.

        Raises ApiError where the case does not fit the prompt.
        """
        gateway, serving = self._gateway, self._serving
        table = serving.table
        if asked.stream or asked.role or key.permit or table.challengers:
            return False
        if gateway.shadow is not None or gateway.spans is not None:
            return False
        routed = route_request(table.file, facts)
        if not routed.automated or routed.verifier:
            return False
        plan = serving.plans.find(serving, gateway.settings, routed, asked)
        gate, upstream = plan.gate, plan.upstream
        if not gate.has_room:
            return False
        if asked.input is None and table.passes_on(routed.place):
            case = self._prepare(asked, routed)
        else:
            with in_a_hurry():
                case = self._prepare(asked, routed)
        if case.bypass or case.chunked is not None:
            return False
        body = body_for(asked.door, upstream, case.request, case.asked.fields, stream=False)
        reply = _DirectReply(self)
        if not upstream.pool.send(plan.path, body, reply, plan.limits, self._trace.next_call()):
            return False
        self._reply, self._sent_s = reply, gate.take()
        self._asked, self._key, self._facts, self._plan, self._case = asked, key, facts, plan, case
        self._record.first_route = routed.route
        return True

    def replied(self, reply: WholeReply) -> None:
        """The reply has come, or will not come."""
        if self._reply is not reply:
            return
        self._reply = None
        plan = self._plan
        plan.gate.leave(self._sent_s)
        try:
            judged = self._judge(reply, plan)
            if judged is not None:
                routed = plan.routed
                if route_answer(self._serving.table.file, self._facts, routed, judged.facts) is routed:
                    self._record_answer(plan, judged)
                    return
        except Exception as error:
            self.fell(error)
            self.left()
            return
        early = EarlyReply(reply, self._sent_s, judged)
        self._rest = Flow(self.run(self._asked, self._key, self._facts, early))

    def _judge(self, reply: WholeReply, plan: RoutePlan) -> JudgedReply | None:
        """What it came to, counted; None where that takes a thread."""
        asked, key, upstream, contract = self._asked, self._key, plan.upstream, plan.contract
        if plan.passes and asked.response is None and not self._gateway.sampler.takes_any:
            passed = self.pass_on(asked, key, upstream, reply, self._sent_s)
            if passed is not None:
                return passed
        return self.read_here(asked, key, upstream, self._case, contract, reply, self._sent_s)

    def _record_answer(self, plan: RoutePlan, judged: JudgedReply) -> None:
        record, guarded = self._record, plan.contract.guarded
        record.routed(plan.routed, guarded=guarded)
        self._judged, self._last_body = judged, self.body_of(plan.routed, judged, guarded=guarded)
        known = plan.answer(record, self._asked.use)
        if not (judged.removed or record.redacted or self._asked.response is not None):
            self._lines = known.lines
        made = record.ended_like(known.like, "edited" if judged.removed else "answered")
        self._made = self._gateway.line_up(made, self._recorded)

    def _recorded(self, error: OSError | None) -> None:
        """Its line is written, or could not be."""
        try:
            if error is not None:
                raise error
            self._gateway.heard(self._made)
            if self._lines and not self._gateway.sampler.takes_any:
                self._client.reply_known(self._lines, self.id, self._last_body)
            else:
                plan = self._plan
                self.hand_out(
                    self._made, self._asked, plan.routed, self._judged, self._last_body, guarded=plan.contract.guarded
                )
        except Exception as problem:
            self.fell(problem)
        finally:
            self.left()


class _DirectReply(WholeReply):
    """A whole reply that its request hears of."""

    __slots__ = ("_request",)

    def __init__(self, request: DirectRequest) -> None:
        # As the classes above set them, of which nobody awaits this one.
        self.status, self.headers, self.pieces, self.connection, self._request = 0, _NO_HEADERS, (), None, request

    def end(self, failure: FailureKind | None, message: str) -> None:
        self.failure, self.message = failure, message
        self._request.replied(self)
