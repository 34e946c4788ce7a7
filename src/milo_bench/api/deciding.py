"""Run logs, a policy and economics in, a decision out; the same decision again from the same files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from milo_bench.api.settings import graders
from milo_bench.config.checked import CheckedFile
from milo_bench.config.economics.file import EconomicsFile, load_economics, read_economics
from milo_bench.config.policy.file import POLICY_FILE, PolicyFile, load_policy, read_policy, shipped_policy
from milo_bench.config.policy.operator import (
    SHIPPED_OPERATOR_POLICY,
    default_operator_policy,
    default_policy_text,
    load_operator_policy,
    read_operator_policy,
)
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.paths import AnyPath, AnyPaths, as_paths
from milo_bench.core.version import __version__
from milo_bench.decide.decide import OperatorRules, decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Decision, KeptFile, LogRef
from milo_bench.decide.review import Review
from milo_bench.decide.uses import spread_evidence
from milo_bench.evidence.examples import read_examples
from milo_bench.evidence.gather import gather_evidence
from milo_bench.evidence.reviewing import review_text
from milo_bench.fleet.places import On
from milo_bench.inventory.diff import inventory_by_machine
from milo_bench.operator.permit.holds import day_of
from milo_bench.operator.permit.permits import task_behaviours
from milo_bench.probes.base import PROBES
from milo_bench.report.decision_file import decision_path
from milo_bench.report.earlier import read_earlier
from milo_bench.store.log.lines import read_header
from milo_bench.store.log.reader import RunLog
from milo_bench.suites.manifest import MANIFEST_NAME, read_manifest


class DecideOptions(Struct, frozen=True):
    """What to decide on: run logs of one suite, and files beside them.

    Without ``policy`` the policy.yaml in the suite's folder applies, or the built-in one. Logs of only operator
    episodes need no ``policy``; ``operator_policy``, or else the built-in one, sets what they permit.
    ``inventory`` is a file that ``milo-bench inventory --json`` wrote, ``review`` one that
    ``milo-bench review import`` wrote. Without ``economics`` nothing is costed.
    ``since`` is an earlier package or decision file: the decision then lists what changed, under its ``since``.
    ``on``: "ray" judges the answers on the Ray cluster of bench.yaml; the decision is the same.
    """

    logs: AnyPaths
    policy: AnyPath | None = None
    economics: AnyPath | None = None
    inventory: AnyPath | None = None
    title: str = ""
    operator_policy: AnyPath | None = None
    review: AnyPath | None = None
    on: On = "here"
    since: AnyPath | None = None


def decide_logs(options: DecideOptions, *, created_at: str | None = None) -> Decision:
    """Decide on recorded evidence: keep, fix, defer or reject for each workload and target. Calls no model.

    ``created_at`` is when the decision was made (ISO 8601), now unless given: the same logs, policy,
    economics and time give the same decision. Raises ConfigError and DataError with file and line, and
    PrerequisiteError for a file that cannot be read.
    """
    created_at = created_at or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    named = {path: str(path) for path in as_paths(options.logs)}
    review = _kept_review(_path(options.review))
    earlier = None if options.since is None else read_earlier(decision_path(options.since))
    opened: dict[Path, RunLog] = {}
    with graders(options.on) as pool:
        evidence = gather_evidence(
            named,
            inventories={} if options.inventory is None else inventory_by_machine(Path(options.inventory)),
            review=_review_of(review),
            pool=pool,
            today=day_of(created_at),
            keep=opened,
        )
    operators = _operator_rules(_path(options.operator_policy), evidence)
    policy = (
        load_policy(Path(options.policy), probes=PROBES.names())
        if options.policy
        else _policy_of_suite(evidence, operators, list(named))
    )
    economics_path = _path(options.economics)
    economics = load_economics(economics_path) if economics_path else None
    text = _kept(economics) if economics else None
    made = _decide(evidence, policy, economics, text, opened, operators, created_at=created_at, title=options.title)
    made = msgspec.structs.replace(made, review=review)
    return made if earlier is None else msgspec.structs.replace(made, since=earlier.changed(made))


_FIRST: Final = (
    "0.1."  # versions that judged each candidate alone, took flags for truth, and gave slices of single fixtures
)


def decide_again(decision: Decision, find_log: Callable[[LogRef], Path]) -> Decision:
    """Work ``decision`` out again from its logs and the texts of policy and economics that it keeps."""
    named = {find_log(log): log.path for log in decision.logs}
    # What a changed log comes to is worked out all the same: 'verify' names the change and the figures that it moves.
    opened: dict[Path, RunLog] = {}
    evidence = gather_evidence(
        named,
        inventories=decision.inventories,
        review=_review_of(decision.review),
        check_seals=False,
        today=day_of(decision.created_at),
        silver=decision.silver,
        keep=opened,
    )
    evidence = msgspec.structs.replace(
        evidence,
        logs=_as_decided_on(evidence.logs, decision),
        every_slice=decision.tool_version.startswith(_FIRST),
        flags_decide=decision.tool_version.startswith(_FIRST),
    )
    operators = _operators_of(decision, evidence)
    alone = decision.policy == decision.operator_policy
    policy = _for_operators_alone() if alone else read_policy(decision.policy.text, name=decision.policy.path)
    if decision.tool_version.startswith(_FIRST):
        policy = policy.model_copy(update={"error_family": "candidate"})
    economics = None
    if decision.economics is not None:
        economics = read_economics(decision.economics.text, name=decision.economics.path)
    made = _decide(
        evidence,
        policy,
        economics,
        decision.economics,
        opened,
        operators,
        created_at=decision.created_at,
        title=decision.title,
    )
    return msgspec.structs.replace(made, review=decision.review, since=decision.since)


def _as_decided_on(logs: Sequence[LogRef], decision: Decision) -> tuple[LogRef, ...]:
    """``logs`` with the hashes that they had: an erasure changes the file, and leaves the last seal."""
    before = {log.seal: log.sha256 for log in decision.logs if log.seal}
    return tuple(msgspec.structs.replace(log, sha256=before.get(log.seal, log.sha256)) for log in logs)


def _path(given: AnyPath | None) -> Path | None:
    return None if given is None else Path(given)


def _decide(
    evidence: Evidence,
    policy: PolicyFile,
    economics: EconomicsFile | None,
    economics_text: KeptFile | None,
    opened: Mapping[Path, RunLog],
    operators: OperatorRules | None,
    *,
    created_at: str,
    title: str,
) -> Decision:
    decision = decide(
        evidence,
        policy,
        economics=economics,
        economics_text=economics_text,
        policy_text=_policy_text(policy, operators),
        created_at=created_at,
        tool_version=__version__,
        title=title,
        operators=operators,
    )
    examples, right = read_examples(
        spread_evidence(policy, evidence),
        opened.values(),
        [finding.candidate for finding in decision.chosen],
    )
    return msgspec.structs.replace(decision, examples=examples, shown_answers=right)


def _policy_of_suite(evidence: Evidence, operators: OperatorRules | None, logs: Sequence[Path]) -> PolicyFile:
    """The policy of the suite that was run: its own, or the built-in one. Logs of operator work need neither."""
    played = {run.name for run in evidence.operators.runs}
    suites = sorted({log.suite.name for log in evidence.logs if log.attempted and log.path not in played})
    if not suites and operators is not None and len(played) == len(evidence.logs):
        return _for_operators_alone()
    found = _own_policy(logs) or shipped_policy(suites[0]) if len(suites) == 1 else None
    if not suites:
        message = "No log has an answer of a model, so there is nothing to decide."
        raise UsageError(message, hint="add a log of 'milo-bench run'. Load logs and probe results are read beside it.")
    if found is None:
        what = "several suites" if len(suites) > 1 else f"the suite '{suites[0]}'"
        message = f"There is no policy for {what}."
        raise ConfigError(message, hint="milo-bench policy new SUITE, or add --policy FILE.")
    return found


def _for_operators_alone() -> PolicyFile:
    """Nothing to judge: all that is decided is what operators may do."""
    return PolicyFile.model_construct(policy=1, title="Operator work", workloads={}, findings=())


def _policy_text(policy: PolicyFile, operators: OperatorRules | None) -> KeptFile:
    """The policy as it was read; where nothing but operator work is decided, the one that decides that."""
    if operators is not None and not policy.workloads:
        return operators.text
    return _kept(policy)


def _operator_rules(path: Path | None, evidence: Evidence) -> OperatorRules | None:
    """The policy for operator work: the one named, else the shipped one; None where there is no such work."""
    if not evidence.operators.runs:
        if path is not None:
            message = f"{path} is a policy for operator work, but no log contains an operator episode."
            raise UsageError(message, hint="add a log written by 'milo-bench operator run'.")
        return None
    tasks = task_behaviours()
    if path is None:
        text, name = default_policy_text(), SHIPPED_OPERATOR_POLICY
        return OperatorRules(default_operator_policy(tasks), KeptFile(name, sha256_text(text), text))
    policy = load_operator_policy(path, tasks)
    return OperatorRules(policy, _kept(policy))


def _operators_of(decision: Decision, evidence: Evidence) -> OperatorRules | None:
    """The operator policy that ``decision`` keeps; the shipped one where it lacks one that its logs ask for."""
    kept = decision.operator_policy
    if kept is None:
        return _operator_rules(None, evidence)
    return OperatorRules(read_operator_policy(kept.text, task_behaviours(), name=kept.path), kept)


def _kept(file: CheckedFile) -> KeptFile:
    """A file as it was read: once, because a pipe can be read no second time."""
    return KeptFile(file.path, sha256_text(file.text), file.text)


def _kept_review(path: Path | None) -> KeptFile | None:
    if path is None:
        return None
    text = review_text(path)
    return KeptFile(str(path), sha256_text(text), text)


def _review_of(text: KeptFile | None) -> Review | None:
    return None if text is None else msgspec.json.decode(text.text, type=Review)


def _own_policy(logs: Sequence[Path]) -> PolicyFile | None:
    """The policy.yaml in the folder of the suite that ``logs`` are runs of; None where there is none.

    The folder is the one that the run was given, or one of its name beside the log, and must hold a suite of that
    name still. Raises ConfigError for a policy that cannot be used.
    """
    for log in logs:
        header = read_header(log)
        if not header.suite_folder:
            continue
        given = Path(header.suite_folder)
        for folder in (given, log.parent / given.name):
            if (folder / POLICY_FILE.name).is_file() and _suite_name(folder) == header.suite.name:
                return load_policy(folder / POLICY_FILE.name, probes=PROBES.names())
    return None


def _suite_name(folder: Path) -> str:
    manifest = read_manifest(folder / MANIFEST_NAME)
    return "" if isinstance(manifest, list) else manifest.name
