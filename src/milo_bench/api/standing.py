"""A package and new run logs in, what still stands out; a package and a new decision in, what changed out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.policy.file import load_policy, read_policy
from milo_bench.core.errors import DataError, MiloError, UsageError
from milo_bench.decide.changes.records import Changes
from milo_bench.decide.changes.served import check_served
from milo_bench.decide.changes.since import changes_since
from milo_bench.decide.changes.standing import TOLERANCE, StandingReport, check_against, worst_of
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Decision, LogRef
from milo_bench.decide.uses import spread_evidence, spread_policy
from milo_bench.evidence.audited.served import count_served
from milo_bench.evidence.gather import gather_evidence
from milo_bench.evidence.reviewing import read_review
from milo_bench.operator.permit.holds import day_of
from milo_bench.probes.base import PROBES
from milo_bench.report.decision_file import decision_path, read_decision, whole_decision
from milo_bench.report.runbook.alarms import served_checks
from milo_bench.store.audit.chain import KEY_VARIABLE, read_key
from milo_bench.store.audit.verify import read_audit, verify_audit
from milo_bench.store.audit.writer import audit_files, head_path, key_path
from milo_bench.store.log.lines import is_log_place, sha256_of_log
from milo_bench.store.log.reader import last_seal


def baseline_decision(path: Path) -> Decision:
    """The decision of a package folder, or of a decision file."""
    return read_decision(decision_path(path))


def gate_logs(
    logs: Sequence[Path],
    baseline: Path,
    *,
    policy: Path | None = None,
    review: Path | None = None,
    tolerance: float = TOLERANCE,
    env: Mapping[str, str] | None = None,
) -> StandingReport:
    """Hold new logs, and audits of a gateway, against a package, by its own policy unless another is named.

    ``review`` is a file that ``milo-bench review import`` wrote for the new logs.

    Where the package's own logs are still where it says, unchanged, rates are paired with them. An audit is a folder.
    Raises DataError where its chain does not hold.
    """
    decision = baseline_decision(baseline)
    audits = [path for path in logs if path.is_dir() and audit_files(path)]
    if audits:
        reports = [_gate_audit(decision, path, env or {}, tolerance) for path in audits]
        others = [path for path in logs if path not in audits]
        if others:
            reports.insert(0, gate_logs(others, baseline, policy=policy, review=review, tolerance=tolerance))
        return _joined(reports)
    if policy is None and decision.policy == decision.operator_policy:
        message = f"{baseline} covers only operator work, so it has no gates to check runs against."
        raise UsageError(
            message, hint="check operator work with 'milo-bench operator permit LOG --require LEVEL:KIND'."
        )
    rules = (
        load_policy(policy, probes=PROBES.names())
        if policy
        else read_policy(decision.policy.text, name=decision.policy.path)
    )
    if not rules.baseline:  # the one that the decision was held against, named or not
        rules = rules.model_copy(update={"baseline": decision.baseline})
    new = gather_evidence(
        {path: str(path) for path in logs},
        review=None if review is None else read_review(review),
        today=datetime.now(UTC).date(),
    )
    old = _old_evidence(decision, baseline)
    spread = None if old is None else spread_evidence(rules, old)
    with whole_decision(baseline):
        return check_against(decision, spread_policy(rules), spread_evidence(rules, new), spread, tolerance=tolerance)


def _gate_audit(decision: Decision, folder: Path, env: Mapping[str, str], tolerance: float) -> StandingReport:
    note = _check_chain(folder, env)
    report = check_served(decision, count_served(read_audit(folder), served_checks(decision)), tolerance=tolerance)
    return msgspec.structs.replace(report, notes=(*report.notes, *note))


def _check_chain(folder: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Raises DataError where a line was changed or is missing; a note where there is no key to tell."""
    given = env.get(KEY_VARIABLE, "")
    if not given and not key_path(folder).exists():
        return (f"The chain of {folder} was not verified: its key is not beside it.",)
    head = head_path(folder)
    check = verify_audit(folder, read_key(key_path(folder), given), head=head if head.exists() else None)
    if not check.ok:
        message = f"The audit in {folder} does not hold: {check.problems[0]}"
        raise DataError(message, hint=f"milo-bench audit verify {shlex.quote(str(folder))}")
    return ()


def _joined(reports: Sequence[StandingReport]) -> StandingReport:
    """Several reports as one: the worst standing, everything that each says."""

    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(item for one in reports for item in getattr(one, name)))

    again = set.intersection(*(set(one.not_run) for one in reports))
    return StandingReport(
        standing=worst_of({one.standing for one in reports}),
        results=tuple(result for one in reports for result in one.results),
        changed=all_of("changed"),
        not_run=tuple(sorted(again)),
        added=all_of("added"),
        notes=all_of("notes"),
        answered=tuple(model for one in reports for model in one.answered),
    )


def decision_changes(now: Decision, since: Path) -> Changes:
    """What changed since the decision in ``since``."""
    return changes_since(baseline_decision(since), now)


def _is_that_log(place: Path, log: LogRef) -> bool:
    """Whether the file is the log decided on; an erasure since then changes its hash and leaves its last seal."""
    return sha256_of_log(place) == log.sha256 or (bool(log.seal) and last_seal(place) == log.seal)


def _old_evidence(decision: Decision, baseline: Path) -> Evidence | None:
    named: dict[Path, str] = {}
    folder = baseline if baseline.is_dir() else baseline.parent
    for log in decision.logs:
        places = (Path(log.path), folder / log.path, folder / Path(log.path).name)
        found = next((place for place in places if is_log_place(place) and _is_that_log(place, log)), None)
        if found is None:
            return None
        named[found] = log.path
    try:
        return gather_evidence(named, today=day_of(decision.created_at), silver=decision.silver)
    except MiloError:
        return None  # what the package says of its figures is compared instead
