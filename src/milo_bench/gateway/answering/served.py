"""One HTTP request in, one answer and one audit record out: the routing walk with real models at its steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from milo_bench.config.routing.use_names import name_of_use
from milo_bench.core.chat import ChatRequest
from milo_bench.decide.routing.rules import AnswerFacts, RequestFacts, Routed, may_leave
from milo_bench.decide.routing.walk import walk
from milo_bench.gateway.access import ANONYMOUS
from milo_bench.gateway.answering.challengers import CopiedRequest, begin_trials, drawn_canaries
from milo_bench.gateway.answering.events import EventScan
from milo_bench.gateway.answering.facts import request_facts
from milo_bench.gateway.answering.headers import answer_headers, shadow_headers
from milo_bench.gateway.answering.outside import ready
from milo_bench.gateway.answering.parts import PartReply, merge_parts, read_part
from milo_bench.gateway.answering.prompting import FREE, PreparedQuestion, in_shadow, prepare_question
from milo_bench.gateway.answering.queueing import queued_work
from milo_bench.gateway.answering.reasons import refusal, require_no_pause, unanswered_in_shadow, unrecorded, why_sent
from milo_bench.gateway.answering.relay import StreamRelay
from milo_bench.gateway.answering.shapes import as_response, as_stream, queued_document, wants_usage
from milo_bench.gateway.answering.under_way import ANSWERED, RequestUnderWay
from milo_bench.gateway.control.sampling import streamed_text
from milo_bench.gateway.judging import (
    JudgedReply,
    first_text,
    no_answer,
    rejects_review,
)
from milo_bench.gateway.permits import permit_of_key, within_permit
from milo_bench.gateway.request import DOORS, MODEL_PREFIX, Question, check_tags, check_use, read_question
from milo_bench.gateway.table import NOTHING_ASKED, RuleContract
from milo_bench.gateway.upstream.calls import body_for
from milo_bench.gateway.upstream.pool import WholeReply
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.replies import ApiError, encoded
from milo_bench.store.audit.records import AuditedRequest, AuditOutcome
from milo_bench.store.state.keys import GatewayKey

_ENCODER = msgspec.json.Encoder()
_NOTHING_CLOSED: Final[frozenset[str]] = frozenset()
_NO_CANARIES: Final[Mapping[str, str]] = {}


class EarlyReply(NamedTuple):
    """The reply of the first model, which was asked before the routing walk began; ``judged`` where it was judged."""

    reply: WholeReply
    began_s: float
    judged: JudgedReply | None


class ServedRequest(RequestUnderWay):
    """One request on its way. ``run`` ends with exactly one answer to the client, unless it went away."""

    async def run(
        self, asked: Question, key: GatewayKey, facts: RequestFacts | None, early: EarlyReply | None = None
    ) -> None:
        """Walk the table with what ``take_in`` gave. ``facts`` is None where finding them takes more than a moment."""
        try:
            if facts is None:
                tokens = await self._serving.count_tokens(asked)
                facts = await ready(self._gateway, partial(self.find_facts, asked, key, tokens))
            await self._run(asked, key, facts, early)
        except asyncio.CancelledError:
            self.gone()
            raise
        except Exception as error:
            self.fell(error)
        finally:
            self.left()

    def take_in(self) -> tuple[Question, GatewayKey]:
        """What is asked, checked, and by which key. Raises ApiError."""
        gateway, record = self._gateway, self._record
        key: GatewayKey = self._http.sender or gateway.access.check(self._http)
        if key is not ANONYMOUS:
            record.key = key.id
        table = self._serving.table
        asked = read_question(self._http, DOORS[self._http.target], table.workloads, table.role_workloads)
        record.question = asked
        if asked.use:
            check_use(asked, table.uses_of(asked.workload))
        if asked.tags:
            check_tags(asked, table.tags)
        if key.workloads:
            gateway.access.check_scope(key, asked.workload)
        if asked.callback:
            gateway.check_callback(asked.callback)
        if key is not ANONYMOUS:
            gateway.access.count(key, requests=1)
        return asked, key

    def find_facts(self, asked: Question, key: GatewayKey, tokens: Mapping[str, int]) -> RequestFacts:
        """What the routing function needs to know of the request, with the ``tokens`` of its texts by target."""
        gateway, serving, record = self._gateway, self._serving, self._record
        table = serving.table
        closed = _NOTHING_CLOSED
        if gateway.rolled_back:
            works = (asked.workload, name_of_use(asked.workload, asked.use))
            closed = closed.union(*(gateway.rolled_back.get(work, closed) for work in works))
        # A key with an operator permit is for one target: its work takes part in no trial.
        canaries = _NO_CANARIES
        if table.challengers and not key.permit:
            canaries = drawn_canaries(table, asked, self.id, gateway.stopped_trials)
        now = gateway.now() if table.asks_hours else None
        facts = request_facts(table, asked, serving.health(), serving.flags, closed, now, tokens, canaries)
        record.words = facts.words
        if facts.sensitive:
            record.sensitive = True
        return facts

    async def _run(self, asked: Question, key: GatewayKey, facts: RequestFacts, early: EarlyReply | None) -> None:
        gateway, serving = self._gateway, self._serving
        table = serving.table
        if gateway.shadow is not None:
            await self._shadow(asked, key, facts)
            return
        permit = permit_of_key(key, table.file, serving.upstreams) if key.permit else None
        final, judged, streamed = await self._walk(asked, key, facts, early)
        if permit is not None and judged is not None:
            final = within_permit(permit, gateway.settings.gateway.tools, asked, final, judged)
        guarded = self._contract(final, asked).guarded
        self._record.routed(final, guarded=guarded)
        if streamed:
            return
        if final.route == "refuse":
            self._refuse(final, judged)
        elif final.automated and judged is not None:
            await self._deliver(asked, final, judged, guarded=guarded)
        else:
            await self._queue(asked, key, final, judged)

    # ------------------------------------------------------------ the way

    async def _walk(
        self, asked: Question, key: GatewayKey, facts: RequestFacts, early: EarlyReply | None
    ) -> tuple[Routed, JudgedReply | None, bool]:
        """Where the case ends, the last answer, and whether it has already left as a stream."""
        role = self._serving.table.roles.get(asked.role)
        steps = walk(self._serving.table.file, facts, role.chain if role is not None else None)
        judged: JudgedReply | None = None
        try:
            routed = next(steps)
            self._record.first_route = routed.route
            first = True
            while True:
                prepared = await ready(self._gateway, partial(self._prepare, asked, routed))
                bypass = prepared.bypass
                if first and self._serving.table.challengers and not bypass and not key.permit:
                    copy = CopiedRequest(asked, routed, self._trace.around)
                    begin_trials(self._gateway, self._serving, self._record, facts, copy)
                first = False
                if bypass:
                    judged = JudgedReply(AnswerFacts(), problem=bypass, bypassed=True)
                    return (
                        replace(routed, route="human_review", target="", verifier="", cause="guardrail"),
                        judged,
                        False,
                    )
                if early is not None:
                    judged, streamed = await self._judged_early(asked, key, routed, prepared, early), False
                    early = None
                else:
                    judged, streamed = await self._ask(asked, key, routed, prepared)
                if streamed:
                    return routed, judged, True
                routed = steps.send(judged.facts)
        except StopIteration as end:
            final: Routed = end.value
            return final, judged, False

    async def _judged_early(
        self, asked: Question, key: GatewayKey, routed: Routed, prepared: PreparedQuestion, early: EarlyReply
    ) -> JudgedReply:
        if early.judged is not None:
            return early.judged
        upstream, contract = self._serving.upstreams[routed.target], self._contract(routed, asked)
        return await self._read(asked, key, upstream, prepared, contract, early.reply, early.began_s)

    def _contract(self, routed: Routed, asked: Question) -> RuleContract:
        return self._serving.table.contract(routed.place, asked.workload, asked.door)

    def _prepare(self, asked: Question, routed: Routed) -> PreparedQuestion:
        """The prompt of the rule with the case in it. Raises ApiError where the case cannot be put into it."""
        if asked.input is None and self._serving.table.passes_on(routed.place):
            self._record.prompt = FREE
            return PreparedQuestion(None, {}, asked, prompt=FREE)
        place = (routed.place, routed.target)
        found = self._prepared.get(place)
        if found is None:
            found = self._prepared[place] = prepare_question(self._serving.table, asked, routed, self.id)
        self._record.prompt = found.prompt
        if found.redacted:
            self._record.redacted = max(self._record.redacted, found.redacted)
        return found

    async def _full(
        self, asked: Question, key: GatewayKey, routed: Routed, upstream: Upstream, prepared: PreparedQuestion
    ) -> PreparedQuestion | str:
        """What is sent once the parts of a long case are answered; why one was not."""

        async def fetch(request: ChatRequest) -> PartReply:
            began_s, body = time.monotonic(), upstream.rendered(request, stream=False)
            limits, trace = self._serving.timeouts(self._gateway.settings, routed), self._trace.next_call()
            reply = await upstream.pool.fetch(upstream.path(asked.door), body, limits, traceparent=trace)
            part = read_part(asked.door, reply.body(), self._problem(reply, upstream))
            self._record.called(upstream.name, reply.status, part.problem, time.monotonic() - began_s)
            self._count(key, upstream, part.usage)
            return part

        return await merge_parts(prepared, fetch)

    async def _ask(
        self, asked: Question, key: GatewayKey, routed: Routed, case: PreparedQuestion
    ) -> tuple[JudgedReply, bool]:
        """Call one model once; with it its verifier, where the route has one."""
        contract = self._contract(routed, asked)
        upstream = self._serving.upstreams[routed.target]
        gate = self._serving.gate(routed.target)
        entered_s = gate.take() if gate.has_room else await gate.enter(key.id)
        try:
            prepared = case if case.chunked is None else await self._full(asked, key, routed, upstream, case)
            if isinstance(prepared, str):
                return no_answer(prepared), False
            if (
                asked.stream
                and not (contract.guarded or asked.role or key.permit)
                and routed.automated
                and asked.door != "embeddings"
            ):
                return await self._stream(asked, key, routed, upstream, prepared)
            judged = await self._whole(asked, key, routed, upstream, prepared, contract)
        finally:
            gate.leave(entered_s)
        if asked.role:
            rejects = any(rejects_review(choice.text) for choice in judged.choices)
            judged.facts = msgspec.structs.replace(judged.facts, rejects=rejects)
        if routed.route == "mixed" and judged.facts.answered and not judged.facts.failed & contract.guards:
            verified = await self._verify(asked, key, routed, judged, contract)
            judged.facts = msgspec.structs.replace(judged.facts, verified=verified)
        return judged, False

    async def _verify(
        self, asked: Question, key: GatewayKey, routed: Routed, draft: JudgedReply, contract: RuleContract
    ) -> bool | None:
        """Whether the verifier's own label for the case is the draft's, as in a replay; None where it gave none."""
        upstream = self._serving.upstreams[routed.verifier]
        gate = self._serving.gate(routed.verifier)
        entered_s = await gate.enter(key.id)
        body = self._last_body
        try:
            case = await ready(self._gateway, partial(self._prepare, asked, routed))
            prepared = await self._full(asked, key, routed, upstream, case)
            if isinstance(prepared, str):
                return None
            second = await self._whole(asked, key, routed, upstream, prepared, contract)
        finally:
            gate.leave(entered_s)
            self._last_body = body
        known = second.facts.answered and second.facts.label
        return second.facts.label == draft.facts.label if known else None

    async def _whole(
        self, asked: Question, key: GatewayKey, routed: Routed, upstream: Upstream, prepared: PreparedQuestion,
        contract: RuleContract,
    ) -> JudgedReply:  # fmt: skip
        body = body_for(asked.door, upstream, prepared.request, prepared.asked.fields, stream=False)
        limits = self._serving.timeouts(self._gateway.settings, routed)
        began_s = time.monotonic()
        reply = await upstream.pool.fetch(upstream.path(asked.door), body, limits, traceparent=self._trace.next_call())
        if self.is_passed_on(asked, key, routed, contract):
            passed = self.pass_on(asked, key, upstream, reply, began_s)
            if passed is not None:
                return passed
        return await self._read(asked, key, upstream, prepared, contract, reply, began_s)

    async def _stream(
        self, asked: Question, key: GatewayKey, routed: Routed, upstream: Upstream, prepared: PreparedQuestion,
        would: Routed | None = None,
    ) -> tuple[JudgedReply, bool]:  # fmt: skip
        """Forward a stream. A break before its first byte is no answer; one after it is a cut stream.

        ``would`` is what the table says of it, in shadow, and what is recorded.
        """
        record = self._record
        began_s = time.monotonic()

        def finish(relay: StreamRelay) -> None:
            record.called(upstream.name, 200, "", time.monotonic() - began_s)
            record.routed(would or routed, guarded=False)
            record.used(*relay.usage())
            record.first_s = relay.first_s
            written = self._gateway.write(record.ended("answered", 200))
            self._count_tokens(key, upstream, *relay.spent())
            if sampled:
                self._sample(written, asked, streamed_text(relay.kept))

        sampled = self._gateway.sampler.wants(self.id, asked)
        headers = shadow_headers(self.id) if would else answer_headers(self._record, routed, guarded=False)
        scan = EventScan(upstream.keys, upstream.another_model, hides_usage=not wants_usage(asked.fields))
        translation = None
        if asked.response is not None:
            from milo_bench.targets.responses.translating import ResponseStream

            translation = ResponseStream(asked.response, ident=self.id, created_s=int(time.time()))
        relay = StreamRelay(self._client, headers, finish, scan, keep=sampled, translation=translation)
        body = body_for(asked.door, upstream, prepared.request, prepared.asked.fields, stream=True)
        limits = self._serving.timeouts(self._gateway.settings, routed)
        traceparent = self._trace.next_call()
        path = upstream.path(asked.door)
        connection = await upstream.pool.start(path, body, relay, limits, traceparent=traceparent)
        relay.upstream = connection
        try:
            await relay.done
        except asyncio.CancelledError:
            self._count_tokens(key, upstream, *relay.spent())
            if connection is not None:
                connection.leave(relay)
            raise
        if relay.ended_whole:
            upstream.health.answered(time.monotonic())
            return JudgedReply(ANSWERED), True
        reply = WholeReply(relay.status, relay.reply_headers, [relay.document], relay.failure, relay.message)
        if connection is not None:
            connection.leave(relay)
        if relay.is_document:
            # A stream was asked for, and the server does not stream: its answer is whole, and leaves as a stream.
            contract = self._contract(routed, asked)
            return await self._read(asked, key, upstream, prepared, contract, reply, began_s), False
        problem = self._problem(reply, upstream) or "the stream did not begin"
        record.called(upstream.name, relay.status, problem, time.monotonic() - began_s)
        if not relay.started:
            return no_answer(problem), False
        record.routed(would or routed, guarded=False)
        record.first_s = relay.first_s
        self._count_tokens(key, upstream, *relay.spent())
        self._gateway.note(record.ended("failed", 200, reason=f"the stream was cut: {problem}"))
        relay.cut(problem)
        return no_answer(problem), True

    # ------------------------------------------------------------ what comes back

    async def _deliver(self, asked: Question, final: Routed, judged: JudgedReply, *, guarded: bool) -> None:
        body = self.body_of(final, judged, guarded=guarded)
        written = await self._gateway.record(self._record.ended("edited" if judged.removed else "answered", 200))
        self.hand_out(written, asked, final, judged, body, guarded=guarded)

    def body_of(self, final: Routed, judged: JudgedReply, *, guarded: bool) -> bytes:
        """The bytes of a judged answer as they leave; what was cut from it is counted."""
        if judged.removed:
            self._record.removed = len(judged.removed)
            judged.document |= {"milo": {"status": "edited", "removed": list(judged.removed), "rule": final.rule}}
        elif not (guarded and judged.document):
            return self._last_body
        # What was judged, and nothing that a second reading might find in its bytes.
        return encoded(judged.document)

    def hand_out(
        self, written: AuditedRequest, asked: Question, final: Routed, judged: JudgedReply, body: bytes, *,
        guarded: bool,
    ) -> None:  # fmt: skip
        """The answer to the client, now that it is recorded."""
        if self._gateway.sampler.takes_any:
            self._sample(written, asked, first_text(judged))
        headers = answer_headers(self._record, final, guarded=guarded)
        if judged.removed:
            headers["X-Milo-Removed"] = str(len(judged.removed))
        self._send(asked, body, judged.document, headers)

    def _send(self, asked: Question, body: bytes, document: dict[str, Any], headers: dict[str, str]) -> None:
        """A whole answer: its bytes, or for a client that asked for a stream, its document as one."""
        if asked.response is not None:
            document = as_response(document, asked.response, id=self.id)
            body = encoded(document)
        if not asked.stream:
            self._client.reply(200, body, headers)
            return
        self._client.start_stream(200, headers)
        events = list(as_stream(asked.client_door, document, with_usage=wants_usage(asked.fields)))
        self._client.end_stream(*events)

    async def _queue(self, asked: Question, key: GatewayKey, final: Routed, judged: JudgedReply | None) -> None:
        why = why_sent(final, judged)
        work = queued_work(asked, key.id, final, judged, why=why, at_s=self._gateway.clock.time_s())
        place = await self._gateway.enqueue(work)
        model = f"{MODEL_PREFIX}{asked.workload}" if asked.workload else "milo"
        document = queued_document(asked.client_door, work, model=model, place=place, why=why)
        headers = answer_headers(self._record, final, guarded=self._contract(final, asked).guarded)
        headers["Location"] = f"/v1/milo/queue/{work.id}"
        self._record.queue = work.id
        try:
            written = self._gateway.write(self._record.ended("queued", 202, reason=why))
        except OSError:
            await self._gateway.withdraw(work.id)
            raise
        self._sample(written, asked, work.draft)
        if not asked.stream:
            self._client.reply(202, _ENCODER.encode(document), headers)
            return
        self._client.start_stream(202, headers)
        events = list(as_stream(asked.client_door, document, with_usage=False))
        self._client.end_stream(*events)

    def _refuse(self, final: Routed, judged: JudgedReply | None) -> None:
        raise refusal(final, why_sent(final, judged), self._last_failure, self._serving.upstreams)

    # ------------------------------------------------------------ errors, counts

    def fell(self, error: Exception) -> None:
        """Whatever broke it off is the client's answer."""
        if isinstance(error, ApiError):
            self._fail(error)
        elif isinstance(error, OSError):
            self._unrecorded(error)
        else:
            self._gateway.report_fault(self.id, error)
            hint = "report it with the request's id."
            self._fail(ApiError(500, f"The gateway failed on {self.id}.", code="internal", hint=hint), "failed")

    def gone(self) -> None:
        """The client went away."""
        if self._record.made is None:  # else its line is written: only the bytes of its answer are lost
            self._gateway.note(self._record.ended("cancelled", 499, reason="the client went away"))

    def left(self) -> None:
        """It has ended, one way or another."""
        self._serving.leave()
        spans, record = self._gateway.spans, self._record
        if spans is not None and record.made is not None:
            spans.served(record.made, record.started_s, record.traced, self._trace, self._serving.upstreams)

    def _fail(self, error: ApiError, outcome: AuditOutcome | None = None) -> None:
        refused = error.milo is not None and error.milo.get("status") == "refused"
        if outcome is None:
            outcome = "refused" if refused and error.status == 422 else "failed" if error.status >= 500 else "rejected"
        try:
            self._gateway.write(self._record.ended(outcome, error.status, reason=error.code))
        except OSError as problem:
            self._unrecorded(problem)
            return
        error.headers = {"X-Milo-Request": self.id, **error.headers}
        self._client.fail(error)

    def _sample(self, written: AuditedRequest, asked: Question, output: str) -> None:
        if self._gateway.sampler.takes_any:
            self._gateway.sampler.offer(written, asked, output, self._serving.upstreams)

    def _unrecorded(self, error: OSError) -> None:
        """What cannot be recorded is not answered."""
        self._gateway.report_unrecorded(error)
        self._client.fail(unrecorded(error))

    # ------------------------------------------------------------ shadow

    async def _shadow(self, asked: Question, key: GatewayKey, facts: RequestFacts) -> None:
        """Ask the one target of ``--shadow``; record what the table would have done."""
        name = self._gateway.shadow or ""
        steps = walk(self._serving.table.file, facts)
        try:
            would = next(steps)
        except StopIteration as end:
            would = end.value
        self._record.shadow = True
        self._record.routed(would, guarded=False)
        if facts.sensitive and not may_leave(self._serving.table.file, facts, name):
            message = "The case is sensitive, and the gateway runs in shadow on a hosted target."
            raise ApiError(422, message, code="sensitive", hint="name a local target with --shadow.")
        upstream = self._serving.upstreams[name]
        require_no_pause(upstream)
        here = in_shadow(self._serving.table, asked, would, name, hosted=upstream.hosted)
        case = await ready(self._gateway, partial(self._prepare, asked, here))
        prepared = await self._full(asked, key, here, upstream, case)
        if isinstance(prepared, str) or prepared.bypass:
            why = prepared if isinstance(prepared, str) else prepared.bypass
            hint = "the gateway runs in shadow and has a model answer every case."
            raise ApiError(422, f"The case fits no prompt: {why}.", code="bad_input", hint=hint)
        if asked.stream:
            judged, streamed = await self._stream(asked, key, here, upstream, prepared, would)
            if streamed:
                return
        else:
            judged = await self._whole(asked, key, here, upstream, prepared, NOTHING_ASKED)
        self._record.routed(would, guarded=False)
        if not judged.facts.answered:
            raise unanswered_in_shadow(self._last_failure)
        self._gateway.write(self._record.ended("answered", 200))
        self._send(asked, self._last_body, judged.document, shadow_headers(self.id))
