"""A gate that failed in, what another model would have to reach on the same fixtures out."""

from __future__ import annotations

from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.further import least_without_data
from milo_bench.decide.records import GateResult, LinkedText
from milo_bench.decide.wording import spell_out
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.unfound import Unfound


def needed_from_another(gate: GateResult, figures: Figures) -> LinkedText | None:
    """The result on as many fixtures that proves the gate's threshold; the fixtures it takes if none can.

    The bound is the gate's own: exact and one-sided (Clopper and Pearson 1934) at the confidence of its
    interval. None for a gate on something else than a rate of fixtures, or against a baseline.
    """
    measured, threshold = figures[gate.figure], figures[gate.bound].value
    if measured.unit != "share" or not measured.n or not measured.confidence or gate.against == "baseline":
        return None
    if threshold is None or not 0 < threshold < 1:
        return None
    name = spell_out(f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure)
    unfound = Unfound(gate.unfound) if gate.unfound else None
    count = _enough(gate, measured.n, threshold, measured.confidence, unfound)
    n = figures.ref(gate.figure, "n")
    if count == 0 and gate.direction == "at_most":
        return (f"another model with no {name.removesuffix(' rate')} in ", n, " fixtures")
    if count is not None:
        title = f"fixtures that prove {name} of another model"
        id = figures.count(f"another/{gate.id}", title, count, key="another_model", of=gate.candidate.text)
        least_or_most = "at least" if gate.direction == "at_least" else "at most"
        return (f"another model {_doing(name, gate)} {least_or_most} ", figures.ref(id), " of ", n, " fixtures")
    least = least_without_data(threshold, gate.direction, measured.confidence, unfound=unfound)
    if least is None:
        return None
    title = f"fixtures without an error that prove {name} of another model"
    id = figures.count(f"another/{gate.id}", title, least, key="another_model", of=gate.candidate.text)
    without = f"with no {name.removesuffix(' rate')}" if gate.direction == "at_most" else f"with no failure of {name}"
    if gate.direction == "at_least" and name.startswith("pass rate"):
        without = f"with no failure{name.removeprefix('pass rate')}"
    return (f"another model {without} in at least ", figures.ref(id), " fixtures")


def _doing(name: str, gate: GateResult) -> str:
    """What another model does in a number of fixtures: "that passes the check facts in", "with a failure in"."""
    if gate.direction == "at_most" and name.endswith(" rate"):
        article = "an" if name[0] in "aeiou" else "a"
        return f"with {article} {name.removesuffix(' rate')} in"
    if gate.direction == "at_least" and name == "pass rate":
        return "that passes"
    if gate.direction == "at_least" and name.startswith("pass rate of the check "):
        return f"that passes {name.removeprefix('pass rate of ')} in"
    return f"whose {name} is"


def _enough(gate: GateResult, n: int, threshold: float, confidence: float, unfound: Unfound | None) -> int | None:
    """The least good, or the most bad, of ``n`` whose bound clears ``threshold``; None if not even all good do."""
    up = gate.direction == "at_least"
    most = 1 - threshold if up else threshold

    def clears(bad: int) -> bool:
        high = 1 - exact_ends(n - bad, n, confidence)[0] if up else exact_ends(bad, n, confidence)[1]
        return (high if unfound is None else unfound.most(bad / n, high, confidence)) <= most

    bad = next((bad for bad in range(n, -1, -1) if clears(bad)), None)
    return None if bad is None else n - bad if up else bad
