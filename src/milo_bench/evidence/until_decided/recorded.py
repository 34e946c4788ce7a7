"""Logs of one decision in; whether the baseline that a run was compared with is the one that is among them, out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from milo_bench.core.errors import DataError
from milo_bench.core.records import RecordedBaseline
from milo_bench.store.log.reader import RunLog


def recorded_among(recorded: RecordedBaseline, logs: Iterable[RunLog]) -> RunLog | None:
    """The log that ``recorded`` names, if it is one of ``logs``: one that grew or had texts erased is still it."""
    return next((log for log in logs if log.header.run_id == recorded.run_id and recorded.seal in log.seals), None)


def require_recorded(logs: Sequence[RunLog]) -> None:
    """Raises DataError where a run was compared with other answers of its baseline than ``logs`` have.

    Without any the gates that compare are undecided. Answers that were judged anew have a log of their own.
    """
    for log in logs:
        rule = log.header.plan.stopping
        if rule is None or rule.beside is None or log.header.regraded_from:
            continue
        others = [one for one in logs if rule.beside.target in one.header.plan.targets]
        if others and recorded_among(rule.beside, others) is None:
            message = (
                f"{log.path} was compared with the answers of '{rule.beside.target}' in run {rule.beside.run_id}, "
                f"and {others[0].path} has others."
            )
            raise DataError(message, hint="name the log that --baseline named.")
