"""Parts of run logs in, their verdicts or columns out, judged on the nodes of a cluster; order and bytes as on one.

The run's own machine reads the logs, so that nodes need no folder in common and judge the very bytes whose hash is
taken. A node that dies has its parts judged elsewhere.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import MiloError, PrerequisiteError
from milo_bench.core.version import __version__
from milo_bench.evidence.grade_columns import BadPart, Job, PartKind, judge_part
from milo_bench.fleet.cluster import Cluster
from milo_bench.store.log.attempts import ATTEMPT_START, LogRange
from milo_bench.store.log.lines import open_log

_PART_BYTES: Final = 1 << 20
_LEAST_PART_BYTES: Final = 64 << 10  # of a part: sending a smaller one costs as much as judging it
_PARTS_EACH: Final = 8  # for a processor at least, so that one that is slow holds up little
_AHEAD: Final = 6  # parts for each processor that are read and sent before one is taken in


class RayGraders:
    """A ``GradingPool`` of the processors of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._ray = cluster.ray
        self._processors = cluster.processors
        self._judge = cluster.spread_task(_judged)

    def parts(self, size: int) -> int:
        """Many more than processors, so that none waits long for the last one; which changes no byte of what comes."""
        return max(1, size // _PART_BYTES, min(_PARTS_EACH * self._processors, size // _LEAST_PART_BYTES))

    def results(self, kind: PartKind, job: Job, parts: Sequence[LogRange]) -> Iterator[Any]:
        """As ``GradingPool.results``. Raises BadPart, and PrerequisiteError where nodes die again and again."""
        common = self._ray.put(msgspec.msgpack.encode(job))
        under_way: deque[Any] = deque()
        with open_log(Path(job.path)) as file:
            for part in parts:
                file.seek(part.start)
                data = file.read(part.end - part.start)
                under_way.append(self._cluster.send(self._judge, kind, common, part.schema, data, __version__))
                if len(under_way) >= self._processors * _AHEAD:
                    yield self._taken(under_way.popleft())
            while under_way:
                yield self._taken(under_way.popleft())

    def _taken(self, result: Any) -> Any:
        try:
            what, content = pickle.loads(self._cluster.result(result))  # noqa: S301  written by our own task
        except self._ray.exceptions.RayError as error:
            message = f"The fleet could not judge a part of the log ({type(error).__name__})."
            raise PrerequisiteError(message, hint="see 'ray status', or leave out --on ray.") from None
        if what == "result":
            return content
        kinds: dict[str, type[MiloError]] = {"bad": BadPart, "missing": PrerequisiteError}
        raise kinds.get(what, MiloError)(content[0], hint=content[1])


def _judged(kind: PartKind, common: bytes, schema: int, data: bytes, version: str) -> bytes:
    """One part, on a node."""
    try:
        if version != __version__:
            message = f"A node has version {__version__} of Milo Bench, and this machine has {version}."
            raise PrerequisiteError(message, hint="install one version on all nodes.")
        job = msgspec.structs.replace(_job(bytes(common)), part=LogRange(0, len(data), schema))
        lines = ((0, line + b"\n") for line in data.split(b"\n") if line.startswith(ATTEMPT_START))
        answer: object = ("result", judge_part(kind, job, lines))
    except BadPart as error:
        answer = ("bad", (error.message, error.hint))
    except PrerequisiteError as error:
        answer = ("missing", (error.message, error.hint))
    except MiloError as error:
        answer = ("error", (error.message, error.hint))
    return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)


_decode: Callable[[bytes], Job] = msgspec.msgpack.Decoder(Job).decode


@lru_cache(maxsize=2)
def _job(common: bytes) -> Job:
    """Decoded once for all parts of a log that one process judges."""
    return _decode(common)
