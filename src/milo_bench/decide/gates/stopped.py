"""Where a run ended by its stopping rule or its budget in, a sentence for each out: after how much, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.core.records import Frozen, WorkEnd
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, LinkedText, Ref, Source
from milo_bench.decide.wording import join_words, spell_out_gate


class EndedWork(Frozen, frozen=True, omit_defaults=False):
    """One work of a run under a stopping rule, and ``planned``: how many fixtures of it the run had planned."""

    log: str
    end: WorkEnd
    planned: int


class SpentBudget(Frozen, frozen=True, omit_defaults=False):
    """A run that ended because its minutes or dollars were spent, after ``attempts`` of those it had planned."""

    log: str
    attempts: int


def stopped_texts(
    ended: tuple[EndedWork, ...], spent: tuple[SpentBudget, ...], figures: Figures
) -> Iterator[LinkedText]:
    """A sentence for each work that ended early, and for each run that did."""
    for work in ended:
        yield _ended(work, figures)
    for run in spent:
        attempts = _count(
            figures, f"stopped/{run.log}/attempts", "attempts until the budget was spent", run.attempts, run.log
        )
        yield (f"{run.log} ended after ", attempts, " attempts, because the budget of the run was spent")


def _ended(work: EndedWork, figures: Figures) -> LinkedText:
    end = work.end
    place = f"stopped/{work.log}/{end.workload}/{end.target}"
    of = f"{end.workload}/{end.target}"
    after = _count(figures, f"{place}/fixtures", "fixtures until the work ended", end.fixtures, of)
    planned = _count(figures, f"{place}/planned", "fixtures planned", work.planned, of)
    first: LinkedText = (
        f"{end.workload} on {end.target} ended after ",
        after,
        " fixtures (planned: ",
        planned,
        "), because ",
    )
    if not end.gates:
        return (*first, "what it is compared with had ended")
    if end.ending == "decided":
        failed = [spell_out_gate(gate) for gate, outcome in end.gates.items() if outcome == "fail"]
        why = f"{join_words(failed)} had failed" if failed else "every gate had passed"
        return (*first, f"{why} by bounds that hold at every look")
    if end.ending == "beyond_routing":
        gates = join_words([spell_out_gate(gate) for gate in end.why])
        fails = "fails" if len(end.why) == 1 else "fail"
        return (
            *first,
            f"{gates} {fails} by so much that no routing of these answers could pass",
        )
    parts: list[LinkedText] = []
    for gate, outcome in end.gates.items():
        if outcome != "undecided":
            continue
        needs = end.needs.get(gate)
        if needs is None:
            why = f": {end.why[gate]}" if gate in end.why else ""
            parts.append((f"{spell_out_gate(gate)} cannot be decided by this run{why}",))
        else:
            ref = _count(figures, f"{place}/needs/{gate}", f"fixtures that {spell_out_gate(gate)} needs", needs, of)
            parts.append((f"{spell_out_gate(gate)} needs about ", ref, " fixtures"))
    found: list[str | Ref] = list(first)
    for number, part in enumerate(parts):
        found += [" and ", *part] if number else part
    return tuple(found)


def _count(figures: Figures, id: str, title: str, value: int, of: str) -> Ref:
    figure = Figure(id=id, title=title, value=float(value), unit="count", source=Source("measure", "stopping rule", of))
    return figures.ref(figures.add(figure))
