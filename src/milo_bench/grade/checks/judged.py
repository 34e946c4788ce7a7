"""Reads what a model judge recorded of the answer. It counts only in rates, corrected for the judge's errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.errors import ConfigError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Verdict, Workload
from milo_bench.core.records.judgements import JUDGED
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class _Params(Params, frozen=True):
    """``judge``: the name of the rubric, as `judge run` recorded it, or `verifier:TARGET`."""

    judge: str = ""


class Judged:
    """No model is called here: without a recorded verdict the answer is unjudged."""

    name = JUDGED
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        if not read_params(self.name, params, _Params).judge:
            message = f"The check '{self.name}' needs the name of a judge."
            raise ConfigError(message, hint="write judge: acceptable, for example.")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = read_params(self.name, params, _Params).judge
        found = case.judgements.get(wanted)
        if found is None:
            yield self._verdict("unjudged", wanted, f"the judge '{wanted}' has recorded no verdict")
        elif not case.attempt.erased and found.answer_hash != sha256_text(case.output):
            yield self._verdict("unjudged", wanted, "the recorded verdict belongs to another answer")
        elif found.verdict in ("unread", "failed"):
            yield self._verdict("unjudged", wanted, found.reason or "the judge's reply was not a verdict")
        elif found.verdict == "accept":
            yield self._verdict("pass", wanted, found.reason)
        else:
            yield self._verdict("fail", wanted, found.reason, category="judge_rejected")

    def _verdict(self, outcome: Any, judge: str, reason: str, *, category: str = "") -> Verdict:
        return Verdict(self.name, self.version, outcome, category=category, reason=reason, subject=judge)


CHECKS.add(JUDGED, Judged())
