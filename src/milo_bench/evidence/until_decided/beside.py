"""A baseline's answers that were recorded before a run in; what the run is compared with, fixture by fixture, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.records import Attempt, Graded, Plan, RecordedBaseline, SuiteRef, TargetRecord, Workload
from milo_bench.core.records.contract import contract_changes, contract_digests
from milo_bench.decide.decide import named_baseline
from milo_bench.decide.uses import spread_policy
from milo_bench.evidence.judging import choose_judge
from milo_bench.evidence.until_decided.look import AskedFixtures, WorkLooks
from milo_bench.evidence.until_decided.work import WatchedWork
from milo_bench.stats.cases.cache import cache_rule
from milo_bench.store.log.reader import RunLog, read_run_log

Works: TypeAlias = dict[tuple[str, str], WatchedWork]  # by workload and target


def read_baseline(path: Path, policy: PolicyFile, suite: SuiteRef, models: Sequence[TargetRecord]) -> RecordedBaseline:
    """The baseline that ``policy`` names, as the log at ``path`` has it.

    Raises DataError for a log of another suite, one that its own answers ended, or one that is not sealed; ConfigError
    where no gate compares with a baseline, or the log has none; UsageError where a target is both run and recorded.
    """
    if not _compared(policy):
        message = f"No gate of {policy.path} compares with a baseline."
        raise ConfigError(message, hint="leave out --baseline, or add a gate with not_worse_than: baseline.")
    log = read_run_log(path, strict=True)
    header = log.header
    if header.suite.hash != suite.hash:
        message = (
            f"{path} was run on {header.suite.name} {header.suite.version} ({header.suite.hash[:12]}), "
            f"and this run is on {suite.name} {suite.version} ({suite.hash[:12]})."
        )
        raise DataError(message, hint="run the baseline on this suite.")
    if header.plan.stopping is not None:
        # Which fixtures it answered would depend on how well it did.
        message = f"{path} was stopped by its own results, so it is not a baseline for other runs."
        raise DataError(message, hint="run the baseline without --until-decided.")
    if not log.seal or log.unsealed:
        message = f"{path} does not end in a seal, so a run cannot say which log it was compared with."
        raise DataError(message, hint="resume it, or run the baseline with this version.")
    records = {target.name: target for target in (*models, *header.targets)}
    target = named_baseline(policy, records, set(records)).baseline
    if target not in {one.name for one in header.targets}:
        named = f"names the baseline '{target}'" if target else "names no baseline"
        recorded = ", ".join(one.name for one in header.targets)
        message = f"{policy.path} {named}, and {path} has answers of {recorded}."
        raise ConfigError(message, hint=f"write 'baseline: {header.targets[0].name}' in the policy.")
    both = sorted({one.name for one in models} & {one.name for one in header.targets})
    if both:
        message = f"Target '{both[0]}' would be run, and {path} has answers of it."
        raise UsageError(message, hint="leave it out of --models, or leave out --baseline.")
    return RecordedBaseline(header.run_id, log.seal, target)


class BesideBaseline:
    """The answers of ``recorded`` in ``log``, judged once. They are part of the works of a run, and end nothing."""

    def __init__(self, log: RunLog, recorded: RecordedBaseline) -> None:
        self.target = next(one for one in log.header.targets if one.name == recorded.target)
        self._log = log
        judge = choose_judge(log)
        attempts = [one for one in log.attempts if one.key.target == recorded.target]
        self._graded: list[tuple[Attempt, Graded]] = [(attempt, judge(attempt)) for attempt in attempts]

    def works(self, looks: WorkLooks, asked: AskedFixtures, contracts: Mapping[str, Workload]) -> Works:
        """All its answers to the fixtures of ``asked``."""
        plan, target = self._log.header.plan, self.target
        own = frozenset(plan.fixtures)
        of_workload = {name: [one.id for one in asked.by_id.values() if one.workload == name] for name in contracts}
        found: Works = {}
        for workload, planned in of_workload.items():
            order = [id_ for id_ in planned if id_ in own]
            work = WatchedWork(
                contracts[workload],
                target.name,
                looks.candidates(workload, target.name, plan, asked.by_id),
                plan,
                order,
                price=target.price,
                store_text=self._log.header.store_text,
            )
            work.judge_times_by(cache_rule(plan, target))
            here = frozenset(order)
            for attempt, verdicts in self._graded:
                if attempt.key.fixture in here:
                    work.put(attempt, verdicts, asked.numbers[attempt.key.fixture])
            work.is_over = True
            found[workload, target.name] = work
        return found

    def require_whole(
        self,
        policy: PolicyFile,
        contracts: Mapping[str, Workload],
        plan: Plan,
        planned: Mapping[str, Sequence[str]],
        works: Works,
    ) -> None:
        """Raises DataError where ``works`` lack ``planned`` fixtures that gates compare, or were judged otherwise.

        ``planned`` are by workload. A sensitive fixture that was withheld from the baseline is not compared.
        """
        header = self._log.header
        there = {contract.name: contract for contract in header.workloads}
        for name in sorted(_compared(policy) & planned.keys()):
            work = works[name, self.target.name]
            if name in there and plan.variants.get(name, "") == header.plan.variants.get(name, ""):
                before, now = contract_digests(there[name]), contract_digests(contracts[name])
                if changed := contract_changes(name, before, now):
                    message = f"{self._log.path} was judged by another contract than this run: {', '.join(changed)}."
                    raise DataError(message, hint="run the baseline on this suite.")
            withheld = frozenset(header.plan.withheld.get(self.target.name, ()))
            missing = [id_ for id_ in planned[name] if id_ not in withheld and not work.is_answered(id_)]
            if missing:
                listed = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
                message = f"{self._log.path} has no answer of '{self.target.name}' to {listed} ({name})."
                raise DataError(message, hint="resume it, or run both with the same --limit and --tag.")


def _compared(policy: PolicyFile) -> set[str]:
    """Workloads with a gate, of some use, that compares with the baseline."""
    spread = spread_policy(policy)
    return {workload_of(name) for name in spread.workloads if any(g.not_worse_than for g in spread.gates_of(name))}
