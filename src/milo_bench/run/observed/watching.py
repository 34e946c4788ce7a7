"""Where metrics go and the environment in, listeners that keep them and send spans out; for runs and loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from milo_bench.run.events import RunListener
from milo_bench.run.observed.metrics import LoadMetrics, RunMetrics
from milo_bench.run.observed.spans import LoadListener, LoadSpans, RunSpans
from milo_bench.telemetry.publishing import published
from milo_bench.telemetry.spans import open_spans


@contextmanager
def observe_run(metrics: str, env: Mapping[str, str], say: Callable[[str], None]) -> Iterator[list[RunListener]]:
    """Listeners for ``run_suite``; none where nothing is configured.

    ``metrics`` is a port of the loopback, a file that ends with ``.prom``, or "". Spans go to the collector that
    OTEL_EXPORTER_OTLP_ENDPOINT names. Raises UsageError or PrerequisiteError for a place that cannot be used.
    """
    kept = RunMetrics()
    sink, problem = open_spans(env, "milo-bench-run")
    if problem:
        say(problem)
    with published(kept.page, metrics) as place:
        if place.startswith("http"):
            say(f"Metrics: {place}")
        listeners: list[RunListener] = [kept.listen] if place else []
        if sink is not None:
            listeners.append(RunSpans(sink).listen)
        try:
            yield listeners
        finally:
            if sink is not None:
                sink.close()


@contextmanager
def observe_load(metrics: str, env: Mapping[str, str], say: Callable[[str], None]) -> Iterator[list[LoadListener]]:
    """Listeners for ``load_target``, as ``observe_run``."""
    kept = LoadMetrics()
    sink, problem = open_spans(env, "milo-bench-load")
    if problem:
        say(problem)
    with published(kept.page, metrics) as place:
        if place.startswith("http"):
            say(f"Metrics: {place}")
        listeners: list[LoadListener] = [kept.take] if place else []
        if sink is not None:
            listeners.append(LoadSpans(sink).take)
        try:
            yield listeners
        finally:
            if sink is not None:
                sink.close()
