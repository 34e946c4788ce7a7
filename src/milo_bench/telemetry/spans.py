"""Names, times and attributes in, OpenTelemetry spans at a collector out; off unless the environment names one.

Attributes follow the semantic conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/).
Texts of requests and answers are no attributes: a span says who, when, how long and how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from milo_bench.core.version import __version__
from milo_bench.telemetry.trace_context import TraceContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SpanKind: TypeAlias = Literal["internal", "server", "client"]
Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]
_MOST_WAITING: Final = 400  # below the queue of the SDK's exporter, 2,048, which drops what is beyond


@dataclass(frozen=True)
class SpanTimes:
    """Begin and end in nanoseconds since 1970."""

    start_ns: int
    end_ns: int


class SpanSink:
    """Where spans go. ``Any`` is the SDK's span: it is the parent of others."""

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class PlannedIds(RandomIdGenerator):
            """Random ids, but for a span whose ids were sent to a server before it is recorded."""

            planned: TraceContext | None = None

            def generate_span_id(self) -> int:
                return int(self.planned.span, 16) if self.planned is not None else super().generate_span_id()

            def generate_trace_id(self) -> int:
                return int(self.planned.trace, 16) if self.planned is not None else super().generate_trace_id()

        self._ids = PlannedIds()
        resource = Resource.create({"service.name": service, "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=self._ids)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("milo_bench", __version__)
        self._waiting = 0

    def begin(
        self, name: str, kind: SpanKind, start_ns: int, attributes: Mapping[str, Attribute], *, parent: Any = None,
        traceparent: str = "", ids: TraceContext | None = None,
    ) -> Any:  # fmt: skip
        """Start a span under ``parent``, or under what a client's ``traceparent`` header names; ``ids`` are its own."""
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = None
        if parent is not None:
            context = trace.set_span_in_context(parent)
        elif traceparent:
            context = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
        kinds = {"internal": trace.SpanKind.INTERNAL, "server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
        known = {key: value for key, value in attributes.items() if value not in ("", ())}
        self._ids.planned = ids
        try:
            return self._tracer.start_span(name, context, kinds[kind], known, start_time=start_ns)
        finally:
            self._ids.planned = None

    def end(
        self, span: Any, end_ns: int, *, error: str = "", attributes: Mapping[str, Attribute] | None = None
    ) -> None:
        """End it; ``error`` is a kind of failure, never a server's words."""
        from opentelemetry.trace import Status, StatusCode

        if attributes:
            span.set_attributes({key: value for key, value in attributes.items() if value not in ("", ())})
        if error:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_ns)
        self._waiting += 1

    def add(
        self, name: str, kind: SpanKind, times: SpanTimes, attributes: Mapping[str, Attribute], *, parent: Any = None,
        error: str = "", ids: TraceContext | None = None,
    ) -> None:  # fmt: skip
        """A span that is over."""
        span = self.begin(name, kind, times.start_ns, attributes, parent=parent, ids=ids)
        self.end(span, times.end_ns, error=error)

    def make_room(self) -> None:
        """Wait for the exporter where many spans came at once."""
        if self._waiting >= _MOST_WAITING:
            self._waiting = 0
            self._provider.force_flush(5_000)

    def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._provider.force_flush(5_000)
        self._provider.shutdown()


def open_spans(env: Mapping[str, str], service: str) -> tuple[SpanSink | None, str]:
    """Spans to the collector that the standard variables name, or None; and why not, where one is named.

    ``OTEL_SDK_DISABLED=true`` turns it off. The exporter reads its other variables itself (headers, certificates).
    """
    if not any(env.get(name) for name in ENDPOINTS) or env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None, ""
    protocol = (
        env.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or env.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
    )
    if protocol != "http/protobuf":
        return None, f"spans are not sent: the protocol '{protocol[:40]}' is not supported. hint: use http/protobuf"
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        return None, "spans are not sent: OpenTelemetry is missing. hint: pip install 'milo-bench[telemetry]'"
    return SpanSink(env.get("OTEL_SERVICE_NAME") or service, OTLPSpanExporter()), ""


def model_attributes(api: str, model: str, endpoint: str, *, operation: str = "chat") -> dict[str, Attribute]:
    """What the conventions ask of a call to a model. ``endpoint`` is ``scheme://host:port`` as far as it is known."""
    host, _, port = endpoint.partition("://")[2].partition("/")[0].rpartition(":")
    found: dict[str, Attribute] = {
        "gen_ai.operation.name": operation, "gen_ai.provider.name": api, "gen_ai.request.model": model
    }  # fmt: skip
    if host:
        found["server.address"] = host
        if port.isdigit():
            found["server.port"] = int(port)
    return found
