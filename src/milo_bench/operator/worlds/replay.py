"""An event log in, the same episode played again out; a log that does not repeat is refused."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.operator.worlds.records import CallMade, EpisodeFinished, LogLine, Rejected, Started
from milo_bench.operator.worlds.session import BENCH_VERSION, VERSIONS, Session
from milo_bench.operator.worlds.tasks import find_task


def replay(log: Sequence[LogLine]) -> Session:
    """Make the calls of ``log`` again in a new world.

    Calls that were rejected changed nothing and are left out. Raises DataError where the log does
    not start as one, is of another version of the bench, or gives other lines when it is repeated.
    """
    if not log or not isinstance(log[0], Started):
        message = "This log does not start with an episode line."
        raise DataError(message, hint="give the complete log of one episode.")
    head = log[0]
    if head.bench_version not in VERSIONS:
        message = (
            f"This episode ran on version {head.bench_version} of the worlds, but this is version {BENCH_VERSION}."
        )
        raise DataError(message, hint="grade it with the version of Milo Bench that wrote it.")
    session = Session(find_task(head.task), head.seed, head.form, secret=head.secret, version=head.bench_version)
    for line in log:
        if isinstance(line, CallMade):
            session.call(line.tool, line.arguments)
        elif isinstance(line, EpisodeFinished):
            session.end(line.finish)
    kept = [line for line in log if not isinstance(line, Rejected)]
    encode = msgspec.json.Encoder(order="deterministic").encode
    if [encode(line) for line in kept] != [encode(line) for line in session.log]:
        message = f"The log of '{head.task}' at seed {head.seed} does not match its replayed calls."
        raise DataError(message, hint="the log was changed after it was written.")
    return session
