"""Operator run logs in, their runs with every episode graded again out; nothing calls a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import Episode
from milo_bench.operator.own.described import meet_tasks_of
from milo_bench.operator.trials import OperatorEvidence, OperatorRun
from milo_bench.operator.worlds.grade import grade
from milo_bench.operator.worlds.records import SUITE, LogLine
from milo_bench.operator.worlds.replay import replay
from milo_bench.operator.worlds.tasks import is_built_in
from milo_bench.store.log.reader import RunLog, read_run_log


def read_operator_logs(paths: Sequence[Path]) -> OperatorEvidence:
    """Read ``paths`` and check them; see ``operator_evidence``."""
    return operator_evidence([read_run_log(path) for path in paths], {path: path.name for path in paths}, every=True)


def operator_evidence(logs: Iterable[RunLog], names: Mapping[Path, str], *, every: bool = False) -> OperatorEvidence:
    """The operator runs among ``logs``, called as ``names`` says; ``every``: also a log of another suite.

    Every episode is graded again from its own event log. Raises DataError where one does not repeat
    or its points differ. Where text was redacted or kept as hashes, or the task is the user's own, nothing can be
    played again: points are taken as recorded, and the permit says so.
    """
    runs: list[OperatorRun] = []
    regraded: dict[str, int] = {}
    power: dict[str, list[float]] = {}
    for log in logs:
        if not (every or log.episodes or log.header.suite.name == SUITE):
            continue
        meet_tasks_of(log)
        for number, episode in enumerate(log.episodes, 1):
            target = episode.key.target
            if log.header.store_text == "full":
                regraded[target] = regraded.get(target, 0) + _regrade(log.path, number, episode)
        for target, watts in log.power_w.items():
            power.setdefault(target, []).extend(watts)
        runs.append(OperatorRun(names[log.path], log.header, tuple(log.episodes)))
    means = {target: sum(watts) / len(watts) for target, watts in power.items()}
    return OperatorEvidence(tuple(runs), regraded, means)


def _regrade(path: Path, number: int, episode: Episode) -> bool:
    if not episode.log or not is_built_in(episode.task):
        return False
    where = f"{path.name}, episode {number} ({episode.task[:60]})"
    try:
        session = replay(tuple(msgspec.convert(line, LogLine) for line in episode.log))
    except msgspec.ValidationError:
        message = f"{where}: its event log is unreadable."
        raise DataError(message, hint="restore the log. It was changed after it was written.") from None
    except DataError as error:
        raise DataError(f"{where}: {error.message}", hint=error.hint) from None
    score = grade(session)
    head = (session.task.name, session.seed, session.form)
    if head != (episode.task, episode.seed, episode.form):
        message = f"{where}: its event log belongs to another episode."
        raise DataError(message, hint="restore the log. It was changed after it was written.")
    if (score.points, score.minefields, score.void) != (episode.points, episode.minefields, episode.void):
        message = f"{where}: {episode.points} points are recorded, but its event log gives {score.points}."
        raise DataError(message, hint="restore the log. It was changed after it was written.")
    return True
