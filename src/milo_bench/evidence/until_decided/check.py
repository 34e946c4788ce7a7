"""A log of a run with a stopping rule in, what does not follow from that rule out: computed again, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, Graded, Stopping, WorkEnd
from milo_bench.decide.evidence import LogFault
from milo_bench.decide.gates.looking import BEYOND_ROUTING, COMPARED, LookedGate, gate_name
from milo_bench.evidence.judging import choose_judge
from milo_bench.evidence.until_decided.beside import BesideBaseline
from milo_bench.evidence.until_decided.look import AskedFixtures, WorkLooks
from milo_bench.evidence.until_decided.recorded import recorded_among
from milo_bench.stats.cases.cache import cache_rule
from milo_bench.store.log.reader import RunLog
from milo_bench.suites.fresh import RETELLINGS, FreshFixtures, can_draw
from milo_bench.suites.load import Suite


def check_stopping(
    log: RunLog, attempts: Sequence[Attempt], suite: Suite | None, beside: Sequence[RunLog] = ()
) -> Iterator[LogFault]:
    """That each work ended where its gates were decided, and that fresh fixtures are those of the generator.

    ``beside`` are the other logs of the decision: one of them has the recorded baseline of the run, if it had one.
    """
    rule = log.header.plan.stopping
    if rule is None:
        return
    if suite is not None:
        yield from _fresh(log, rule, suite)
    if any(fixture.erased for fixture in log.fixtures.values()) or any(attempt.erased for attempt in attempts):
        return  # what was erased cannot be judged again
    try:
        policy = read_policy(rule.policy_text, name=rule.policy)
        judge = choose_judge(log)
        graded = [(attempt, judge(attempt)) for attempt in attempts]
    except MiloError as error:
        yield LogFault("the stopping rule", error.message, "answers and a policy that it can be computed again from")
        return
    recorded = None
    if rule.beside is not None:
        other = recorded_among(rule.beside, beside)
        if other is None:
            follows = f"the log of run {rule.beside.run_id} whose seal is {rule.beside.seal[:12]}"
            yield LogFault("the recorded baseline", "no such log", follows)
            return
        if other.has_erased:
            return
        recorded = BesideBaseline(other, rule.beside)
    ended = {(end.workload, end.target) for end in log.work_ends}
    for end in log.work_ends:
        yield from _work_end(log, policy, graded, end, recorded)
    if log.end is not None and log.end.complete:
        yield from _asked_whole(log, attempts, ended)


def _fresh(log: RunLog, rule: Stopping, suite: Suite) -> Iterator[LogFault]:
    if rule.fresh_seed is None or not can_draw(suite):
        return
    draw = FreshFixtures(suite, rule.fresh_seed, retellings=RETELLINGS)
    planned = frozenset(log.header.plan.fixtures)
    for workload in suite.workloads:
        there = [one for one in log.fixtures.values() if one.workload == workload and one.id not in planned]
        for found, wanted in zip(there, draw(workload, 0, len(there)), strict=False):
            if (found.id, found.hash) != (wanted.id, wanted.hash):
                yield LogFault(f"fixture {found.id}", "a fresh fixture", f"{wanted.id} at seed {rule.fresh_seed}")


def _work_end(
    log: RunLog,
    policy: PolicyFile,
    graded: Sequence[tuple[Attempt, Graded]],
    end: WorkEnd,
    recorded: BesideBaseline | None,
) -> Iterator[LogFault]:
    """Judge the gates anew on what was asked until then."""
    header = log.header
    contracts = {one.name: one for one in header.workloads}
    asked = AskedFixtures.of(log.fixtures.values(), contracts)
    targets = header.targets if recorded is None else (*header.targets, recorded.target)
    looks = WorkLooks(policy, header.plan, targets, contracts, header.store_text)
    works = {}
    for target in header.targets:
        for name in dict.fromkeys(one.workload for one in log.fixtures.values()):
            order = [one.id for one in log.fixtures.values() if one.workload == name]
            work = works[name, target.name] = looks.new_work(name, target.name, order, asked.by_id)
            work.judge_times_by(cache_rule(header.plan, target))
    beside = {} if recorded is None else recorded.works(looks, asked, contracts)
    works |= beside
    looks.take(works)
    place = f"the end of {end.workload} on {end.target}"
    ended = works.get((end.workload, end.target))
    if ended is None:
        yield LogFault(place, "an end", "a workload and a target of the plan")
        return
    ended.order = ended.order[: end.fixtures]
    for attempt, verdicts in graded:
        of = works.get((log.fixtures[attempt.key.fixture].workload, attempt.key.target))
        if of is not None and (of.workload, of.target) not in beside:
            of.put(attempt, verdicts, asked.numbers[attempt.key.fixture])
    if ended.asked < end.fixtures:
        yield LogFault(place, f"{end.fixtures} fixtures", f"answers to {ended.asked} of them")
        return
    if not end.gates:
        return  # the baseline's, which ends with what is compared with it
    looked = looks.look(ended, works, asked, proven=True)
    found = {gate_name(gate): gate.outcome for gate in looked}
    for name, stated in end.gates.items():
        if COMPARED in name and recorded is None:
            continue  # how far the baseline was by then is not in the log
        if found.get(name) != stated:
            yield LogFault(f"{place}, {name}", stated, found.get(name, "no such gate"))
    if end.ending == "decided" and "undecided" in end.gates.values():
        yield LogFault(place, "decided", "a gate of it is undecided")
    if end.ending == "beyond_routing":
        yield from _beyond_routing(place, end, looked)


def _beyond_routing(place: str, end: WorkEnd, looked: Sequence[LookedGate]) -> Iterator[LogFault]:
    """That each use has a gate that no routing of the answers could pass, or no gate that is undecided."""
    beyond = {gate_name(gate) for gate in looked if gate.beyond_routing}
    for name in end.why:
        if name not in beyond:
            yield LogFault(f"{place}, {name}", BEYOND_ROUTING, "no such thing follows from its answers")
    for use in dict.fromkeys(gate.use for gate in looked):
        of = [gate for gate in looked if gate.use == use]
        if any(gate.outcome == "undecided" for gate in of) and not any(gate_name(gate) in end.why for gate in of):
            yield LogFault(place, end.ending, "no gate of it is said to be beyond routing")


def _asked_whole(log: RunLog, attempts: Sequence[Attempt], ended: set[tuple[str, str]]) -> Iterator[LogFault]:
    """That what has no end was asked all that there is."""
    plan = log.header.plan
    there = {(attempt.key.fixture, attempt.key.target) for attempt in attempts}
    for target in plan.targets:
        withheld = frozenset(plan.withheld.get(target, ()))
        for id_ in plan.fixtures:
            workload = log.fixtures[id_].workload if id_ in log.fixtures else ""
            if (workload, target) in ended or id_ in withheld or (id_, target) in there:
                continue
            yield LogFault("the log's end", "complete", f"no answer to {id_} on {target}, which no rule ended")
            return
