"""What a run saw of machines and servers beside its attempts: samples, and loads of a model."""

from __future__ import annotations

from milo_bench.core.records.frozen import Frozen, RecordedCount


class Telemetry(Frozen, frozen=True, tag="telemetry", tag_field="type"):
    """A sample of the machine or of a server's process tree."""

    at_s: float
    target: str = ""
    memory_bytes: RecordedCount | None = None  # resident, of the server's process tree
    cpu_s: float | None = None  # processor seconds used so far by that tree
    client_cpu_s: float | None = None
    others_cpu_share: float | None = None  # 0..1 of the machine used by neither
    gpu_memory_bytes: RecordedCount | None = None
    gpu_utilisation: float | None = None
    power_w: float | None = None
    others_requests: RecordedCount | None = None  # that the target's server ran or kept waiting, and that were not ours


class Warmup(Frozen, frozen=True, tag="warmup", tag_field="type"):
    """The first request after a runtime changed its model: a cold start of its own, and no attempt.

    ``server_timings`` may say what the load itself took (Ollama's ``load_duration_s``). ``problem`` says why no
    token came.
    """

    target: str
    started_s: float
    ended_s: float
    server_timings: dict[str, float] = {}
    problem: str = ""
