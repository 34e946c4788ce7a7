"""Passes if a summary states and cites the case's current status, and gives no old status as current.

``expect``: ``current_status``, ``stale_statuses`` (optional) and ``current_status_events`` (optional), the
events that show it. With ``route`` ``human_review`` the case has no current status to state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.languages.answers import language_of
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.citations import find_citations
from milo_bench.guards.status import StatusClaim, find_status_claims, read_vocabulary


class CurrentStatusParams(Params, frozen=True):
    """``vocabulary`` names the workload's resource with statuses and wordings; ``cited`` asks for a citation."""

    vocabulary: str = "statuses"
    cited: bool = True


class CurrentStatus:
    name = "current_status"
    version = "7"
    detector = "status"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, CurrentStatusParams)
        read_vocabulary(workload.resources.get(rules.vocabulary))

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        status = fixture.expect.get("current_status")
        readable = (isinstance(status, str) and bool(status)) or fixture.expect.get("route") == "human_review"
        return unread_expectation(fixture, "current_status", readable=readable, what="current status")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, CurrentStatusParams)
        expect = case.fixture.expect
        current = expect.get("current_status")
        if not isinstance(current, str) or not current or expect.get("route") == "human_review":
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no current status")]
        stale = [status for status in _strings(expect.get("stale_statuses")) if status != current]
        vocabulary = read_vocabulary(case.workload.resources.get(rules.vocabulary), also=(current, *stale))
        claims = find_status_claims(case.output, vocabulary, expected=language_of(case.workload))
        return [self._verdict(case, rules, current, stale, claims)]

    def _verdict(
        self,
        case: GradeCase,
        rules: CurrentStatusParams,
        current: str,
        stale: list[str],
        claims: tuple[StatusClaim, ...],
    ) -> Verdict:
        said = [claim for claim in claims if claim.stance == "current"]
        changes = [claim for claim in claims if claim.stance == "change"]
        # A change is the last word on the status only where nothing is said of the status as it is now.
        last = said or changes[-1:]
        wrong = [claim for claim in last if claim.status != current]
        if wrong:
            known = "stale_status" if wrong[0].status in stale else "wrong_status"
            what = "an earlier status" if known == "stale_status" else "not the status of this case"
            reason = f"{wrong[0].text!r} is given as current, but is {what}. The current status is {current}"
            spans = tuple(Span("output", claim.start, claim.end, claim.status) for claim in wrong)
            return Verdict(
                self.name, self.version, "fail", known, reason, spans=spans, expected=current, got=wrong[0].status
            )
        right = [claim for claim in (*said, *changes) if claim.status == current]
        if not right:
            denied = next((claim for claim in claims if claim.status == current), None)
            how = f", only as {denied.stance}: {denied.text!r}" if denied else ""
            reason = f"the current status, {current}, is not stated{how}"
            return Verdict(self.name, self.version, "fail", "status_missing", reason, expected=current)
        spans = tuple(Span("output", claim.start, claim.end, current) for claim in right)
        if rules.cited and not any(self._is_cited(case, claim) for claim in right):
            wanted = ", ".join(_strings(case.fixture.expect.get("current_status_events"))) or "an event"
            reason = f"the current status, {current}, is stated without a citation of {wanted}"
            return Verdict(
                self.name, self.version, "fail", "status_uncited", reason, spans=spans, expected=current, got=current
            )
        return Verdict(self.name, self.version, "pass", spans=spans, expected=current, got=current)

    def _is_cited(self, case: GradeCase, claim: StatusClaim) -> bool:
        sentence = case.output[claim.sentence_start : claim.sentence_end]
        cited = {citation.event_id for citation in find_citations(sentence)}
        wanted = set(_strings(case.fixture.expect.get("current_status_events")))
        return bool(cited & wanted) if wanted else bool(cited)


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


CHECKS.add(CurrentStatus.name, CurrentStatus())
