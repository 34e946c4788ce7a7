"""Where metrics and events go and the environment in, listeners that write them and send spans out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from milo_bench.run.events import RunListener
from milo_bench.run.observed.lines import LoadLines, RunLines
from milo_bench.run.observed.metrics import LoadMetrics, RunMetrics
from milo_bench.run.observed.spans import LoadListener, LoadSpans, RunSpans
from milo_bench.telemetry.lines import opened_events
from milo_bench.telemetry.publishing import published
from milo_bench.telemetry.spans import SpanSink, open_spans


@contextmanager
def observe_run(
    metrics: str, env: Mapping[str, str], say: Callable[[str], None], *, events: str = ""
) -> Iterator[list[RunListener]]:
    """Listeners for ``run_suite``; none where nothing is configured.

    ``metrics`` is a port of the loopback, a file that ends with ``.prom``, or "". ``events`` is a file that a JSON
    line is added to for each event, "-" for standard error, or "". Spans go to the collector that
    OTEL_EXPORTER_OTLP_ENDPOINT names. Raises UsageError or PrerequisiteError for a place that cannot be used.
    """
    kept = RunMetrics()
    with (
        opened_events(events) as write,
        _opened("milo-bench-run", kept.page, metrics, env, say) as (published_at, sink),
    ):
        listeners: list[RunListener] = [kept.listen] if published_at else []
        listeners += [RunLines(write).listen] if write is not None else []
        yield [*listeners, RunSpans(sink).listen] if sink is not None else listeners


@contextmanager
def observe_load(
    metrics: str, env: Mapping[str, str], say: Callable[[str], None], *, events: str = ""
) -> Iterator[list[LoadListener]]:
    """Listeners for ``load_target``, as ``observe_run``."""
    kept = LoadMetrics()
    with (
        opened_events(events) as write,
        _opened("milo-bench-load", kept.page, metrics, env, say) as (published_at, sink),
    ):
        listeners: list[LoadListener] = [kept.take] if published_at else []
        listeners += [LoadLines(write).take] if write is not None else []
        yield [*listeners, LoadSpans(sink).take] if sink is not None else listeners


@contextmanager
def _opened(
    service: str, page: Callable[[], str], metrics: str, env: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[tuple[str, SpanSink | None]]:
    """Where ``page`` is published, "" for nowhere, and what takes spans, if anything does; closed at the end."""
    sink, problem = open_spans(env, service)
    if problem:
        say(problem)
    with published(page, metrics) as place:
        if place.startswith("http"):
            say(f"Metrics: {place}")
        try:
            yield place, sink
        finally:
            if sink is not None:
                sink.close()
