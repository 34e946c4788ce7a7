"""A file and the arguments of ``milo-bench load`` in, our stamps beside those of the reference server in that file out.

``python -m benchmarks.load.stamps FILE load ...`` is the shipped command, in a process of its own, with a target
that also keeps what the server wrote into each chunk (``--stamps``): when the answer was begun, and when the
chunk was written. Both ends read the same monotonic clock, so what lies between is the client's own error, and
a server that a busy machine kept waiting is not held against the client.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from milo_bench.api import loading
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Timeouts
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.base import OnEnd
from milo_bench.targets.http.answer import StreamedAnswer
from milo_bench.targets.http.reply import HttpReply

_STAMPS = re.compile(rb'"t_ns":(\d+),"read_ns":(\d+)')


@dataclass
class Stamped:
    """One request: when we say it went out, and when each chunk was written there and read here, in nanoseconds."""

    sent_ns: int = 0
    begun_ns: int = 0
    written_ns: array[int] = field(default_factory=lambda: array("q"))
    read_ns: array[int] = field(default_factory=lambda: array("q"))


_CURRENT: ContextVar[Stamped | None] = ContextVar("current", default=None)


class StampedTarget(OpenAiTarget):
    """An ``openai`` target that measures as shipped and keeps the server's stamps beside ours."""

    kept: list[Stamped] = []
    zero_s = 0.0

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        stamped = Stamped()
        _CURRENT.set(stamped)
        exchange = await super().ask(request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s, on_end=on_end)
        if zero_s and exchange.failure is None and stamped.written_ns:  # without a zero it is a look beside the load
            StampedTarget.zero_s = zero_s
            self.kept.append(stamped)
        return exchange

    def read(self, reply: HttpReply, answer: StreamedAnswer) -> Iterator[None]:
        yield from super().read(reply, answer)
        stamped = _CURRENT.get()
        found = _STAMPS.findall(reply.body())
        if stamped is not None and answer.complete and len(found) == len(answer.stamps_ns):
            stamped.sent_ns, stamped.begun_ns = reply.started_ns, int(found[0][1])
            stamped.written_ns = array("q", [int(written) for written, _ in found])
            stamped.read_ns = array("q", answer.stamps_ns)


def compare(kept: Sequence[Stamped], from_ns: float, to_ns: float) -> dict[str, Any]:
    """Of the requests sent in the measured part. All in seconds; "off" is ours minus the server's own.

    ``ttft_off_mean_s`` and ``ttft_off_p99_s`` (the 99th percentile of its size) take the sending in: the server
    counts from the moment at which it read the request, we from that at which we say it went out.
    """
    kept = [one for one in kept if from_ns <= one.sent_ns < to_ns]
    if not kept:
        return {"requests": 0}
    theirs = np.array([one.written_ns[0] - one.begun_ns for one in kept]) / 1e9
    ours = np.array([one.read_ns[0] - one.sent_ns for one in kept]) / 1e9
    late = np.concatenate([np.array(one.read_ns) - np.array(one.written_ns) for one in kept]) / 1e9
    gaps = np.concatenate([np.diff(np.array(one.read_ns)) for one in kept]) / 1e9
    their_gaps = np.concatenate([np.diff(np.array(one.written_ns)) for one in kept]) / 1e9
    return {
        "requests": len(kept),
        "ttft_server_mean_s": float(theirs.mean()),
        "ttft_server_p99_s": _p99(theirs),
        "ttft_off_mean_s": float((ours - theirs).mean()),
        "ttft_off_p99_s": _p99(np.abs(ours - theirs)),
        "gap_off_mean_s": float((gaps - their_gaps).mean()),
        "gap_off_p99_s": _p99(np.abs(gaps - their_gaps)),
        "read_late_mean_s": float(late.mean()),
        "read_late_p99_s": _p99(late),
        "read_late_max_s": float(late.max()),
        "sent_to_read_mean_s": float(np.mean([one.begun_ns - one.sent_ns for one in kept]) / 1e9),
        "answer_server_mean_s": float(np.mean([one.written_ns[-1] - one.begun_ns for one in kept]) / 1e9),
    }


def _p99(values: Any) -> float:
    return float(np.quantile(values, 0.99, method="inverted_cdf"))


def _open(config: TargetConfig, env: Mapping[str, str], *, cold: bool = False) -> StampedTarget:
    return StampedTarget(config, env)


def _measured(log: Path) -> tuple[float, float]:
    """From and to of the measured part of a log's only window, in seconds since the run's zero."""
    (window,) = read_run_log(log).load_windows
    from_s = window.started_s + window.figures.left_out.warmup_s
    return from_s, from_s + (window.figures.measured_s or 0.0)


def run(out: Path, arguments: Sequence[str]) -> int:
    """The command's exit code, and ``out`` written where the command came to its end."""
    loading.open_target = _open
    code = run_command(milo_bench, "milo-bench", arguments)
    if code == 0:
        from_s, to_s = _measured(Path(arguments[arguments.index("--out") + 1]))
        zero_s = StampedTarget.zero_s
        out.write_text(json.dumps(compare(StampedTarget.kept, (zero_s + from_s) * 1e9, (zero_s + to_s) * 1e9)))
    return code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
