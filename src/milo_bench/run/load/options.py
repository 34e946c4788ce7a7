"""Flags, settings and a suite in; the windows to drive and the requests to send out, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.files import read_whole
from milo_bench.core.records import CacheWish, Fixture, Timeouts
from milo_bench.run.load.arrivals import Arrival, Arrivals, arrivals_at, parse_trace, trace_rate
from milo_bench.run.load.rows import Mode
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.window import LoadRequest, Profile
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import RunSpec
from milo_bench.suites.pictures import with_pictures

DEFAULT_DRAIN_S = 60.0


@dataclass(frozen=True)
class LoadOptions:
    """What ``milo-bench load`` was asked for. Durations in seconds; None is the rule's choice.

    One of ``concurrency``, ``rates`` and ``trace`` says what load there is; ``find_capacity``
    searches from the first of ``concurrency`` or ``rates`` upwards. ``targets`` are used beside those
    of bench.yaml, by name, and win over them.
    """

    suite: str
    model: str
    duration_s: float
    concurrency: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()
    trace: Path | None = None
    arrivals: Arrivals = "poisson"
    find_capacity: bool = False
    highest: float | None = None
    service_level: ServiceLevel = field(default_factory=ServiceLevel)
    workloads: tuple[str, ...] = ()
    warmup_s: float | None = None
    max_in_flight: int = 512
    drain_s: float | None = None
    total_timeout_s: float | None = None
    seed: int = 0
    out: Path | None = None
    config: Path | None = None
    allow_hosted: bool = False
    cache: CacheWish = "cold"
    grade: bool = False
    workers: int = 1  # 0 leaves it to ``workers.workers_for``
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)


def profiles(options: LoadOptions, timeouts: Timeouts, trace: tuple[Arrival, ...]) -> Iterator[Profile]:
    """The windows that were asked for, in order."""
    if trace:
        length_s = trace[-1].at_s
        yield Profile(
            mode="trace",
            level=round(trace_rate(trace), 6),
            duration_s=length_s + 0.001,  # the last arrival is in it
            warmup_s=options.warmup_s or 0.0,
            arrivals=partial(iter, trace),  # such as can be sent to another process
            max_in_flight=options.max_in_flight,
            drain_s=options.drain_s if options.drain_s is not None else DEFAULT_DRAIN_S,
            timeouts=timeouts,
            keep_answers=options.grade,
        )
        return
    for streams in options.concurrency:
        yield profile_at(options, timeouts, "closed", streams)
    for rate in options.rates:
        yield profile_at(options, timeouts, "open", rate)


def profile_at(options: LoadOptions, timeouts: Timeouts, mode: Mode, level: float) -> Profile:
    """One window of ``mode`` at ``level``."""
    drain_s = options.drain_s if options.drain_s is not None else max(DEFAULT_DRAIN_S, 2 * options.duration_s)
    return Profile(
        mode=mode,
        level=level,
        duration_s=options.duration_s,
        warmup_s=options.warmup_s,
        arrivals=None if mode == "closed" else partial(arrivals_at, options.arrivals, level, seed=options.seed),
        max_in_flight=options.max_in_flight,
        drain_s=min(drain_s, timeouts.total_s),
        timeouts=timeouts,
        keep_answers=options.grade,
    )


def prepared_requests(spec: RunSpec, target: str) -> tuple[list[LoadRequest], int]:
    """Every fixture's request as ``run.prepare`` makes it; and how many a rail keeps from any model."""
    withheld = frozenset(spec.plan.withheld.get(target, ()))
    requests, bypassed = requests_of(spec, spec.planned_fixtures(), withheld)
    if not requests:
        message = "No selected fixture can be sent to this target."
        raise UsageError(
            message, hint="select more with --workload. Sensitive fixtures are not sent to hosted targets."
        )
    return requests, bypassed


def requests_of(
    spec: RunSpec, fixtures: Iterable[Fixture], withheld: frozenset[str] = frozenset()
) -> tuple[list[LoadRequest], int]:
    """The requests of ``fixtures``, without those withheld; and how many a rail keeps from any model."""
    requests, bypassed = [], 0
    for fixture in fixtures:
        if fixture.id in withheld:
            continue
        ready = prepare(fixture, spec.workloads[fixture.workload], seed=spec.plan.seed)
        if ready.chunked is not None:
            message = f"Workload '{fixture.workload}' sends long cases in parts, and load is one request at a time."
            raise UsageError(message, hint="put load on the workload without that variant.")
        if ready.request is None:
            bypassed += 1
        else:
            request = with_pictures(ready.request, spec.suite_folder)
            requests.append(LoadRequest(fixture.id, request, fixture.workload))
    return requests, bypassed


def limits_of(options: LoadOptions, run: RunConfig) -> Timeouts:
    """Limits of one request: of the flags, else of bench.yaml."""
    total_s = options.total_timeout_s or run.total_timeout_s
    return Timeouts(run.connect_timeout_s, min(run.first_token_timeout_s, total_s), total_s)


def read_trace(path: Path, spec: RunSpec) -> tuple[Arrival, ...]:
    """The trace's arrivals. Raises DataError for what is none, or names a fixture that is not in the selection."""
    try:
        text = read_whole(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        message = f"Cannot read the trace {path}: {said}."
        raise DataError(message, hint="write one arrival time per line, in seconds.") from None
    arrivals = parse_trace(text, where=str(path))
    known = frozenset(spec.plan.fixtures)
    unknown = next((a.fixture for a in arrivals if a.fixture and a.fixture not in known), None)
    if unknown is not None:
        message = f"{path} names the fixture '{unknown}', which is not selected."
        raise DataError(message, hint="use the suite of the trace, or remove the fixture names.")
    return arrivals


def check_options(options: LoadOptions) -> None:
    """Raises UsageError for a load that makes no sense."""
    given = [bool(options.concurrency), bool(options.rates), options.trace is not None]
    if sum(given) > 1:
        message = "--concurrency, --rate and --trace cannot be combined."
        raise UsageError(message, hint="keep one of them.")
    if not any(given) and not options.find_capacity:
        raise UsageError("No load was given.", hint="add --concurrency 1,2,4, --rate 5 or --trace FILE.")
    if options.find_capacity and options.trace is not None:
        raise UsageError("--find-capacity cannot be combined with --trace.", hint="remove --find-capacity.")
    if options.find_capacity and not options.service_level.is_set:
        message = "--find-capacity needs a service level."
        raise UsageError(message, hint="for example: --slo-ttft 1 --slo-latency 10")
    if not 0 < options.duration_s <= 86400:
        raise UsageError("--duration must be above 0 and at most a day.", hint="for example: --duration 20s")
