"""A request that has ended and its line of the audit in, a span for it and one for each call to a model out."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.store.audit.records import AuditedCall, AuditedRequest
from milo_bench.telemetry.spans import Attribute, SpanSink, SpanTimes, model_attributes
from milo_bench.telemetry.trace_context import TraceContext, new_trace, read_traceparent

_OPERATIONS: Final = {"/v1/completions": "text_completion", "/v1/embeddings": "embeddings"}


@dataclass(frozen=True)
class TracedCall:
    """When a call ended, and the ids that its server was told."""

    ended_s: float
    ids: TraceContext | None


class RequestTrace:
    """The trace of one request: what the client said, and the gateway's own span where spans are sent.

    Without spans the client's ``traceparent`` goes on unchanged; without either, calls carry none.
    """

    def __init__(self, header: str, *, sends_spans: bool) -> None:
        self.parent = read_traceparent(header) if header else None
        self.own = (self.parent or new_trace()).child() if sends_spans else None
        self.call: TraceContext | None = None

    @property
    def around(self) -> str:
        """The header of calls beside those of the request."""
        context = self.own or self.parent
        return context.header if context is not None else ""

    def next_call(self) -> str:
        """The header of the call that comes now."""
        if self.own is not None:
            self.call = self.own.child()
            return self.call.header
        return self.parent.header if self.parent is not None else ""


_KIND: Final = re.compile(r"[a-z_]+")


class GatewaySpans:
    """Spans of requests. They carry what the audit carries and no more, so no text and no key."""

    def __init__(self, sink: SpanSink) -> None:
        self.sink = sink

    def served(
        self, record: AuditedRequest, started_s: float, calls: Sequence[TracedCall], trace: RequestTrace,
        upstreams: Mapping[str, Upstream],
    ) -> None:  # fmt: skip
        """``started_s`` and the ends of ``calls``, which are those of ``record``, are on the monotonic clock."""
        now_ns, now_s = time.time_ns(), time.monotonic()
        about: dict[str, Attribute] = {
            "http.request.method": "POST", "url.path": record.door, "http.response.status_code": record.status,
            "milo.request": record.request, "milo.workload": record.workload, "milo.use": record.use,
            "milo.rule": record.rule, "milo.route": record.route, "milo.cause": record.cause,
            "milo.outcome": record.outcome, "milo.target": record.target, "milo.guarded": record.guarded,
            "milo.streamed": record.streamed, "milo.shadow": record.shadow, "milo.removed": record.removed,
            "gen_ai.usage.input_tokens": record.prompt_tokens, "gen_ai.usage.output_tokens": record.completion_tokens,
        }  # fmt: skip
        if record.first_s:
            about["milo.first_byte_s"] = record.first_s
        start_ns = now_ns - round((now_s - started_s) * 1e9)
        error = record.outcome if record.outcome in ("failed", "cancelled") else ""
        said = trace.parent.header if trace.parent is not None else ""
        span = self.sink.begin(f"POST {record.door}", "server", start_ns, about, traceparent=said, ids=trace.own)
        operation = _OPERATIONS.get(record.door, "chat")
        for call, traced in zip(record.calls, calls, strict=False):
            upstream = upstreams.get(call.target)
            own: dict[str, Attribute] = {"milo.target": call.target, "milo.failed_checks": call.failed_checks}
            model = call.target
            if upstream is not None:
                target = upstream.record
                model = target.model
                own |= model_attributes(target.runtime or target.api, model, target.endpoint, operation=operation)
            if call.status:
                own["http.response.status_code"] = call.status
            end_ns = now_ns - round((now_s - traced.ended_s) * 1e9)
            times = SpanTimes(end_ns - round(call.took_s * 1e9), end_ns)
            self.sink.add(f"{operation} {model}", "client", times, own, parent=span, error=_kind(call), ids=traced.ids)
        self.sink.end(span, start_ns + round(record.took_s * 1e9), error=error)


def _kind(call: AuditedCall) -> str:
    """What kind of failure: a failure is "KIND: what happened", and what happened may be a server's words."""
    if not call.failure:
        return ""
    if call.status not in (0, 200):
        return str(call.status)
    kind = call.failure.partition(":")[0]
    return kind if _KIND.fullmatch(kind) else "bad_answer"
