"""What belongs to one request on its way, and a model's reply to it in; the reply judged, counted and recorded out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from milo_bench.core.once import NotReady, in_a_hurry
from milo_bench.decide.routing.rules import AnswerFacts, Routed
from milo_bench.gateway.access import ANONYMOUS
from milo_bench.gateway.answering.outside import judge_outside
from milo_bench.gateway.answering.prompting import PreparedQuestion
from milo_bench.gateway.answering.reasons import said_by_server
from milo_bench.gateway.answering.record import RequestRecord, new_request_id
from milo_bench.gateway.answering.split_keys import said_in_pieces
from milo_bench.gateway.judging import JudgedReply, judge_reply, no_answer, read_embeddings, read_plain
from milo_bench.gateway.request import Question
from milo_bench.gateway.spans import RequestTrace
from milo_bench.gateway.table import RuleContract
from milo_bench.gateway.upstream.calls import reply_problem
from milo_bench.gateway.upstream.pool import WholeReply
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.connection import ClientConnection, HttpRequest
from milo_bench.store.state.keys import GatewayKey
from milo_bench.targets.http.answer import count
from milo_bench.telemetry.trace_context import TRACEPARENT

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway

ANSWERED: Final = AnswerFacts()
_HAS_KEY: Final = "the answer contains a key"
_UNTRACED: Final = RequestTrace("", sends_spans=False)  # calls of it carry no trace


class RequestUnderWay:
    """One request: its table, its record, and what the last call to a model came to."""

    _trace = _UNTRACED
    _last_body = b""
    _last_failure: tuple[int, str, float | None] = (0, "", None)

    def __init__(self, gateway: Gateway, client: ClientConnection, http: HttpRequest) -> None:
        self._gateway, self._client, self._http = gateway, client, http
        self._serving = serving = gateway.serving  # a request keeps the table that it began under
        self.id = new_request_id()
        if gateway.spans is not None or TRACEPARENT in http.headers:
            self._trace = RequestTrace(http.headers.get(TRACEPARENT, ""), sends_spans=gateway.spans is not None)
        self._record = RequestRecord(self.id, serving.table.mark, http.at_s, self._trace, door=http.target)
        self._prepared: dict[tuple[int, str], PreparedQuestion] = {}

    async def _read(
        self, asked: Question, key: GatewayKey, upstream: Upstream, prepared: PreparedQuestion, contract: RuleContract,
        reply: WholeReply, began_s: float,
    ) -> JudgedReply:  # fmt: skip
        """A whole reply, judged, counted and recorded; where that takes long, a thread judges it."""
        judged = self.read_here(asked, key, upstream, prepared, contract, reply, began_s)
        if judged is None:
            took_s, body = time.monotonic() - began_s, reply.body()
            judged = await judge_outside(self._gateway, prepared.asked, contract, prepared.shown, body, id=self.id)
            judged = self._settled(key, upstream, reply, judged, took_s)
        return judged

    def read_here(
        self, asked: Question, key: GatewayKey, upstream: Upstream, prepared: PreparedQuestion, contract: RuleContract,
        reply: WholeReply, began_s: float,
    ) -> JudgedReply | None:  # fmt: skip
        """As ``_read``. None where it takes so long that other requests' streams would wait; then nothing was counted.

        It is long, or the first in its language.
        """
        took_s = time.monotonic() - began_s
        problem = "" if reply.failure is None and reply.status == 200 else self._problem(reply, upstream)
        if not problem and upstream.has_keys and upstream.keys.within(reply.body()):
            problem = _HAS_KEY
        if problem:
            return self._unanswered(upstream, reply, None, problem, took_s)
        if asked.door == "embeddings":
            return self._embedded(key, upstream, reply, took_s)
        body = reply.body()
        if contract.guarded and len(body) + len(asked.text) >= self._gateway.limits.judge_inline_bytes:
            return None
        try:
            with in_a_hurry():
                judged = judge_reply(prepared.asked, contract, prepared.shown, body, id=self.id)
        except NotReady:  # the first text in its language
            return None
        return self._settled(key, upstream, reply, judged, took_s)

    def _embedded(self, key: GatewayKey, upstream: Upstream, reply: WholeReply, took_s: float) -> JudgedReply:
        """Embeddings, which no check reads."""
        read = read_embeddings(reply.body())
        if read is None:
            return self._unanswered(upstream, reply, None, "the answer has no embeddings", took_s)
        judged = self._settled(key, upstream, reply, JudgedReply(ANSWERED), took_s)
        if read.usage is not None:
            self._used(key, upstream, read.usage.prompt_tokens or 0, 0)
        return judged

    def _settled(
        self, key: GatewayKey, upstream: Upstream, reply: WholeReply, judged: JudgedReply, took_s: float
    ) -> JudgedReply:
        document = judged.document
        problem = judged.problem or (upstream.another_model(document.get("model")) if document else "")
        if upstream.has_keys and said_in_pieces(document, upstream.keys):
            problem = _HAS_KEY
        if problem:
            return self._unanswered(upstream, reply, judged, problem, took_s)
        self._last_body = reply.body()
        upstream.health.answered(time.monotonic())
        failed = judged.facts.failed
        self._record.called(upstream.name, reply.status, "", took_s, tuple(sorted(failed)) if failed else ())
        if document:
            self._count(key, upstream, document.get("usage"))
        return judged

    def _unanswered(
        self, upstream: Upstream, reply: WholeReply, judged: JudgedReply | None, problem: str, took_s: float
    ) -> JudgedReply:
        self._record.called(upstream.name, reply.status, problem, took_s)
        if reply.failure is None and reply.status == 200 and not (judged is not None and judged.late):
            upstream.health.failed(problem, time.monotonic())
            self._serving.forget_health()
        return judged if judged is not None and judged.problem else no_answer(problem)

    def is_passed_on(self, asked: Question, key: GatewayKey, routed: Routed, contract: RuleContract) -> bool:
        """Whether a whole answer leaves as its bytes, so that nobody reads what it says: no check, person or sample."""
        if contract.guarded or not routed.automated or asked.stream or asked.response is not None:
            return False
        return not (asked.role or key.permit or self._gateway.sampler.takes_any)

    def pass_on(
        self, asked: Question, key: GatewayKey, upstream: Upstream, reply: WholeReply, began_s: float
    ) -> JudgedReply | None:
        """A reply of which nothing is asked, counted and recorded; None for one that must be looked at all the same."""
        if reply.failure is not None or reply.status != 200 or upstream.has_keys:
            return None
        body = reply.body()
        plain = read_plain(asked.door, body)
        if plain is None or upstream.another_model(plain.model):
            return None
        self._last_body = body
        now_s = time.monotonic()
        upstream.health.answered(now_s)
        self._record.called(upstream.name, 200, "", now_s - began_s)
        if plain.usage is not None:
            self._used(key, upstream, plain.usage.prompt_tokens or 0, plain.usage.completion_tokens or 0)
        return JudgedReply(ANSWERED)

    def _problem(self, reply: WholeReply, upstream: Upstream) -> str:
        """Why a reply is no answer, "" where it is one; the target's health hears of its faults."""
        problem = reply_problem(reply, upstream)
        if problem.said:
            said = problem.message or said_by_server(reply.body(), upstream.keys)
            self._last_failure = (problem.status, said, problem.pause_s)
            self._serving.forget_health()
        return problem.said

    def _count(self, key: GatewayKey, upstream: Upstream, usage: Any) -> None:
        if isinstance(usage, dict):
            prompt, completion = count(usage.get("prompt_tokens")) or 0, count(usage.get("completion_tokens")) or 0
            self._used(key, upstream, prompt, completion)

    def _used(self, key: GatewayKey, upstream: Upstream, prompt: int, completion: int) -> None:
        record = self._record
        record.prompt_tokens += prompt
        record.completion_tokens += completion
        if key is not ANONYMOUS:
            self._count_tokens(key, upstream, prompt, completion)

    def _count_tokens(self, key: GatewayKey, upstream: Upstream, prompt: int, completion: int) -> None:
        price, usd = upstream.price, 0.0
        if price is not None:
            usd = (prompt * price.input_usd_per_mtok + completion * price.output_usd_per_mtok) / 1e6
        self._gateway.access.count(key, tokens=prompt + completion, usd=usd)
