"""What a window of load was measured to be, as typed records; the JSON of a run log's ``load`` line.

Times are in seconds, rates per second, and None stands for what could not be measured. A request that
failed or never came back is infinite in every distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import msgspec

SteadyState: TypeAlias = Literal["steady", "drifting", "undecided"]
TimeName: TypeAlias = Literal["ttft", "latency", "queue", "time_per_token", "token_gap", "chunk_gap", "stall"]
Quantile: TypeAlias = Literal["p50", "p90", "p95", "p99"]
Ends: TypeAlias = tuple[float | None, float | None]
TIME_NAMES: Final[tuple[TimeName, ...]] = get_args(TimeName)
_FLAT_PARTS: Final = ("mean", "p50", "p90", "p95", "p99", "max")


class LoadRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """Base of the records in a window. What could not be measured is written as null, and not left out."""


class LoadDistribution(LoadRecord, frozen=True):
    """A bounded sketch: at most 2,000 sorted finite ``values`` of ``n``, of which ``infinite`` never came.

    A quantile among the infinite ones is None, and so are ``mean`` and ``max`` beside any. ``intervals``
    are at 95%, by quantile; there are none where values are weighted.
    """

    n: int = 0
    infinite: int = 0
    mean: float | None = None
    max: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    intervals: dict[Quantile, Ends] = {}
    values: tuple[float, ...] = ()

    @property
    def finite(self) -> int:
        return self.n - self.infinite

    def quantile(self, name: Quantile) -> float | None:
        found: float | None = getattr(self, name)
        return found

    def interval(self, name: Quantile) -> Ends:
        """The 95% interval of a quantile; (None, None) where there is none."""
        return self.intervals.get(name, (None, None))


class LoadDistributions(LoadRecord, frozen=True):
    """The times of a window's requests. ``queue`` is the wait before sending, ``stall`` the longest silence."""

    ttft: LoadDistribution = LoadDistribution()
    latency: LoadDistribution = LoadDistribution()
    queue: LoadDistribution = LoadDistribution()
    time_per_token: LoadDistribution = LoadDistribution()
    token_gap: LoadDistribution = LoadDistribution()
    chunk_gap: LoadDistribution = LoadDistribution()
    stall: LoadDistribution = LoadDistribution()

    def of(self, name: TimeName) -> LoadDistribution:
        found: LoadDistribution = getattr(self, name)
        return found


class LeftOut(LoadRecord, frozen=True):
    """What was sent before and after the measured part, and by which rule."""

    warmup_s: float = 0.0
    warmup_requests: int = 0
    warmup_rule: str = ""
    cooldown_s: float = 0.0
    cooldown_requests: int = 0
    cooldown_rule: str = ""


class ServerTiming(LoadRecord, frozen=True):
    """A figure that the server gave with its answers, in the server's own unit."""

    n: int
    p50: float
    p95: float


class SteadyFigures(LoadRecord, frozen=True):
    """Whether the system was steady over ``sub_windows`` equal parts; changes are shares of the median."""

    state: SteadyState = "undecided"
    note: str = ""
    sub_windows: int = 0
    requests_per_s: tuple[float, ...] = ()
    latency_p50_s: tuple[float | None, ...] = ()
    requests_per_s_change: float | None = None
    requests_per_s_note: str = ""
    latency_change: float | None = None
    latency_note: str = ""


class ClientFigures(LoadRecord, frozen=True):
    """The client's own error, and ``bound_by``: why it was itself the limit, empty where it was not."""

    read_lag_p50_s: float | None = None
    read_lag_p99_s: float | None = None
    read_lag_max_s: float | None = None
    send_lag_p99_s: float | None = None
    timer_lag_p95_s: float | None = None
    timer_lag_p99_s: float | None = None
    read_lag_limit_s: float | None = None
    send_lag_limit_s: float | None = None
    cpu_share_of_core: float | None = None
    others_cpu_share: float | None = None
    delivered_share: float | None = None
    workers: int = 1  # processes that sent the requests; ``cpu_share_of_core`` is then that of the busiest
    rule: str = ""
    bound_by: tuple[str, ...] = ()


if TYPE_CHECKING:
    _FlatTimes = LoadRecord
else:
    # ttft_p50_s and so on: what each distribution says, once more by one name, for readers of the JSON.
    _FlatTimes = msgspec.defstruct(
        "_FlatTimes",
        [(f"{name}_{part}_s", float | None, None) for name in TIME_NAMES for part in _FLAT_PARTS],
        bases=(LoadRecord,),
        frozen=True,
    )


class QualityUnderLoad(LoadRecord, frozen=True):
    """The first answers of a window beside the answers that the same ``documents`` got alone.

    ``lost`` documents pass alone and fail under load, ``gained`` the other way round. ``difference`` is the pass rate
    under load minus that alone, ``interval`` is at 95%. ``p_value`` is McNemar's exact one, two-sided, adjusted for the
    levels of the run by Holm's method; ``beyond_chance`` says that it is under .05.
    """

    documents: int
    passed_alone: int
    passed: int
    lost: int
    gained: int
    difference: float | None
    interval: Ends | None
    p_value: float
    beyond_chance: bool


class LoadFigures(_FlatTimes, frozen=True):
    """Everything that a window was measured to be.

    ``held_back`` counts requests that were due while the cap on requests in flight was reached.
    ``energy_per_thousand_j`` is for a thousand answered requests. The meters are the machine's.
    """

    measured_s: float | None = None
    requests: int = 0
    answered: int = 0
    empty: int = 0  # answers without a word, a thought or a call; they meet no service level
    failures: dict[str, int] = {}
    failure_share: float | None = None
    requests_per_s: float | None = None
    output_tokens_per_s: float | None = None
    input_tokens_per_s: float | None = None
    in_flight_max: int = 0
    left_out: LeftOut = LeftOut()
    distinct_prompts: int = 0
    repeated: int = 0  # requests on documents that this load run had sent before
    warm: int = 0  # answers whose document the server had before: their times are in the two figures below alone
    cached_share: float | None = None  # mean, of the prompt, as the server says
    warm_ttft_p50_s: float | None = None
    warm_latency_p50_s: float | None = None
    ended_early: str = ""
    scheduled: int | None = None
    scheduled_per_s: float | None = None
    held_back: int = 0
    notes: tuple[str, ...] = ()
    distributions: LoadDistributions = LoadDistributions()
    server_timings: dict[str, ServerTiming] = {}
    service_level: str = ""
    service_level_share: float | None = None
    met: int | None = None
    met_share: float | None = None
    met_share_interval: Ends | None = None
    goodput_per_s: float | None = None
    graded: int | None = None  # documents whose first answer in the measured part a check judged
    passed: int | None = None
    pass_share: float | None = None
    pass_interval: Ends | None = None
    quality: QualityUnderLoad | None = None  # worked out from all windows of a log, and not written into it
    steady: SteadyFigures = SteadyFigures()
    server_memory_max_bytes: int | None = None
    server_cpu_cores: float | None = None
    server_gpu_memory_max_bytes: int | None = None
    gpu_memory_max_bytes: int | None = None
    gpu_utilisation_mean: float | None = None
    power_mean_w: float | None = None
    energy_per_thousand_j: float | None = None
    others_requests_max: int | None = None  # that were not ours, as the server counts them; None where none was seen
    machine_notes: tuple[str, ...] = ()
    client: ClientFigures = ClientFigures()

    def quantile(self, time: TimeName, name: Quantile) -> float | None:
        """``latency`` at ``p95``, in seconds; None where there is no answer, or the quantile never came."""
        return self.distributions.of(time).quantile(name)


def flat_times(distributions: LoadDistributions) -> dict[str, float | None]:
    """The distributions' figures by one name each, as ``LoadFigures`` takes them: ``ttft_p50_s`` and so on."""
    return {f"{name}_{part}_s": getattr(distributions.of(name), part) for name in TIME_NAMES for part in _FLAT_PARTS}
