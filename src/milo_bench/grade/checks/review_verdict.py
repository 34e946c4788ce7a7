"""Passes if a review rejects a change that was mended later, close to those lines, or accepts one that never was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params

NEAR: Final = 3
MOST_COMMENTS: Final = 5


class ReviewVerdict:
    name = "review_verdict"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if "review" in fixture.expect else "its expectation has no verdict ('review')"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        read = _read(case.json.value if case.json.usable else None)
        if isinstance(read, str):
            return [self._verdict("fail", "malformed_json", read)]
        verdict, comments = read
        expect = case.fixture.expect["review"]
        if expect["verdict"] == "accept":
            return list(self._control(verdict, comments))
        if verdict != "reject":
            return [self._verdict("fail", "missed_fault", "it accepts a change that was mended later")]
        if any(_hits(comment, expect["lines"]) for comment in comments):
            return [self._verdict("pass", "", "")]
        reason = f"no comment is within {NEAR} lines of what was mended later"
        return [self._verdict("fail", "missed_place", reason)]

    def _control(self, verdict: str, comments: list[tuple[str, int]]) -> Iterable[Verdict]:
        for path, line in comments:
            yield self._verdict("fail", "false_alarm", f"a comment on {path[:80]}:{line}, which was never mended")
        if verdict == "reject":
            yield self._verdict("fail", "rejected_control", "it rejects a change that was never mended")
        elif not comments:
            yield self._verdict("pass", "", "")

    def _verdict(self, outcome: Any, category: str, reason: str) -> Verdict:
        return Verdict(self.name, self.version, outcome, category, reason)


def _read(value: Any) -> tuple[str, list[tuple[str, int]]] | str:
    """The verdict and the comments, or why they cannot be read."""
    if not isinstance(value, dict) or value.get("verdict") not in ("accept", "reject"):
        return "the answer is not a JSON object with 'verdict': accept or reject"
    comments = value.get("comments", [])
    if not isinstance(comments, list) or len(comments) > MOST_COMMENTS:
        return f"'comments' is not a list of at most {MOST_COMMENTS}"
    found = []
    for comment in comments:
        line = comment.get("line") if isinstance(comment, dict) else None
        if not isinstance(line, int) or isinstance(line, bool) or not isinstance(comment.get("path"), str):
            return "a comment has no 'path' or no whole number as 'line'"
        found.append((comment["path"], line))
    return value["verdict"], found


def _hits(comment: tuple[str, int], lines: Mapping[str, Iterable[int]]) -> bool:
    path, line = comment
    return any(abs(line - wanted) <= NEAR for wanted in lines.get(path.removeprefix("b/"), ()))


CHECKS.add(ReviewVerdict.name, ReviewVerdict())
