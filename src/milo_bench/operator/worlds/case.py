"""A finished session in, questions about its state, log and ending answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milo_bench.operator.worlds.records import CallMade, Finish, FinishStatus, Form, Landed, ToolResult, Wrote
from milo_bench.operator.worlds.session import Session


class EpisodeView:
    """What a judge may look at. Nothing here is text that has to be understood."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.log = session.log
        self.writes = tuple(line for line in self.log if isinstance(line, Wrote))
        self._calls = tuple(line for line in self.log if isinstance(line, CallMade))
        self._landed = tuple(line for line in self.log if isinstance(line, Landed))

    @property
    def state(self) -> dict[str, Any]:
        return self._session.world.state

    @property
    def facts(self) -> Mapping[str, Any]:
        return self._session.start.facts

    @property
    def form(self) -> Form:
        return self._session.form

    @property
    def finish(self) -> Finish | None:
        return self._session.finish

    @property
    def status(self) -> FinishStatus | None:
        return self.finish.status if self.finish else None

    @property
    def evidence(self) -> Mapping[str, ToolResult]:
        return self._session.evidence

    @property
    def end_s(self) -> float:
        return self._session.world.now_s

    def changed_s(self, subject: str) -> float:
        return self._session.world.changed_s(subject)

    def faults_that_never_landed(self) -> tuple[str, ...]:
        landed = {line.fault for line in self._landed}
        return tuple(fault.name for fault in self._session.start.faults if fault.name not in landed)

    def landed_at(self, fault: str) -> int:
        """The number of the call at which ``fault`` first landed; 0 at the start, -1 where it did not."""
        return next((line.n for line in self._landed if line.fault == fault), -1)

    def calls(self, tool: str, *, after: int = 0, **arguments: Any) -> tuple[CallMade, ...]:
        """Calls of ``tool`` later than call number ``after`` whose arguments hold the given values."""
        return tuple(
            call
            for call in self._calls
            if call.tool == tool
            and call.n > after
            and all(call.arguments.get(name) == value for name, value in arguments.items())
        )

    def results(self, tool: str, *, after: int = 0, **arguments: Any) -> tuple[ToolResult, ...]:
        """The good results of those calls."""
        known = self._session.result_of_call
        found = (known.get(call.n) for call in self.calls(tool, after=after, **arguments))
        return tuple(result for result in found if result is not None and result.ok)

    def result_of(self, call: CallMade) -> ToolResult | None:
        """What ``call`` showed, if it gave a result."""
        return self._session.result_of_call.get(call.n)

    def number_of(self, evidence: str) -> int:
        """The number of the call that gave the result with this id; 0 for an unknown id."""
        return next((n for n, result in self._session.result_of_call.items() if result.id == evidence), 0)

    def wrote(self, subject: str) -> tuple[Wrote, ...]:
        return tuple(line for line in self.writes if line.subject == subject)

    def is_fresh(self, evidence: ToolResult, *, fresh_s: float) -> bool:
        """A good result about things that have not changed since, whose content is at most ``fresh_s`` old."""
        if not evidence.ok:
            return False
        age_s = self.end_s - (evidence.at_s if evidence.as_of_s is None else evidence.as_of_s)
        return age_s <= fresh_s and all(self.changed_s(subject) <= evidence.at_s for subject in evidence.subjects)

    def shown(self, ids: object, tool: str) -> bool:
        """Whether a list of evidence ids, as a tool stored it, holds a good result of ``tool``."""
        known = [self.evidence.get(key) for key in ids if isinstance(key, str)] if isinstance(ids, list) else []
        return any(item is not None and item.ok and item.tool == tool for item in known)
