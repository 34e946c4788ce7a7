"""Work of a run until decided in, what is open or over and why, in a line each, out."""

from __future__ import annotations

from collections.abc import Sequence

from milo_bench.core.records import WorkEnd
from milo_bench.decide.wording import join_words, spell_out_gate
from milo_bench.run.events import OpenGate, OpenWork

_MOST_SHOWN = 2


def work_lines(ends: Sequence[WorkEnd], still_open: Sequence[OpenWork]) -> list[str]:
    """What a run decided, and what it did not; [] for a run without a stopping rule."""
    return [*map(work_end_line, ends), *map(_open_line, still_open)]


def work_end_line(end: WorkEnd) -> str:
    """``smollm2 extraction: decided after 8 fixtures (valid JSON fails)``."""
    after = f"after {end.fixtures:,} {'fixture' if end.fixtures == 1 else 'fixtures'}"
    if end.ending == "beyond_routing":
        gates, fails = join_words([spell_out_gate(name) for name in end.why]), "fails" if len(end.why) == 1 else "fail"
        return f"{end.target} {end.workload}: decided {after}: {gates} {fails} by so much that no routing could pass"
    failed = [spell_out_gate(name) for name, outcome in end.gates.items() if outcome == "fail"]
    passed = sum(outcome == "pass" for outcome in end.gates.values())
    said = [f"{join_words(failed)} failed"] if failed else []
    said += [f"{passed} {'gate' if passed == 1 else 'gates'} passed"] if passed else []
    said += [_needs(name, end) for name, outcome in end.gates.items() if outcome == "undecided"]
    what = "decided" if end.ending == "decided" else "left undecided"
    because = f": {', '.join(said)}" if said else ""
    return f"{end.target} {end.workload}: {what} {after}{because}"


def open_text(works: Sequence[OpenWork]) -> str:
    """The works that go on, each with the gate that takes longest: for a line of progress."""
    shown = [f"{work.target} {work.workload} ({_longest(work)})" for work in works if work.gates][:_MOST_SHOWN]
    more = len(works) - len(shown)
    return "; ".join(shown) + (f"; {more} more" if shown and more else "")


def _open_line(work: OpenWork) -> str:
    count = f"{work.asked:,} {'fixture' if work.asked == 1 else 'fixtures'}"
    if not work.gates:
        return f"{work.target} {work.workload}: open after {count}"
    return f"{work.target} {work.workload}: undecided after {count}: {', '.join(map(_gate_text, work.gates))}"


def _longest(work: OpenWork) -> str:
    return _gate_text(max(work.gates, key=lambda gate: gate.needs or float("inf")))


def _gate_text(gate: OpenGate) -> str:
    needs = f", needs about {gate.needs:,} fixtures" if gate.needs is not None else ""
    return f"{gate.gate} {gate.value}, required {gate.threshold}{needs}"


def _needs(name: str, end: WorkEnd) -> str:
    needs = end.needs.get(name)
    if needs is None:
        why = f", because {end.why[name]}" if name in end.why else ""
        return f"{spell_out_gate(name)} cannot be decided by this run{why}"
    return f"{spell_out_gate(name)} needs about {needs:,} fixtures"
