"""A sample with its planted truth and its decision in, one row for each planted fact with what was found of it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.planted.models import PlantedModel
from benchmarks.planted.probing import LATE_S
from benchmarks.planted.sample import Sample
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.records import Fixture
from milo_bench.decide.records import Candidate, Decision, Finding
from milo_bench.suites.load import load_suite

CHUNKED = "chunked"
_BAD_EVERYWHERE = 50  # wrong answers of 120: no length divides such a model's work into good and bad


@dataclass(frozen=True)
class TruthRow:
    """``planted`` and ``found`` in words; ``agrees`` whether the decision says what was planted."""

    what: str
    planted: str
    found: str
    agrees: bool


def truth_rows(sample: Sample, decision: Decision) -> Iterator[TruthRow]:
    """Each model's errors, lost attempts, knee and length limit; what was chosen, and that all parts agree on it."""
    suite = load_suite(sample.suite)
    for model in sample.models:
        if model.hosted:
            continue
        for name in _names(decision, suite.workloads):
            fixtures = [one for one in suite.fixtures if one.workload == workload_of(name)]
            yield _passed(decision, model, name, fixtures)
            if workload_of(name) in model.lost:
                yield _lost(decision, model, name)
    for workload, variant, target in sample.variants:
        for name in _names(decision, (workload,)):
            fixtures = [one for one in suite.fixtures if one.workload == workload]
            yield _passed(decision, sample.model(target), name, fixtures, variant)
            if variant == CHUNKED:
                yield _chunking(decision, sample.model(target), name)
    for model_name, _, _ in sample.loads:
        yield _knee(decision, sample.model(model_name))
    yield from _limits(sample, decision)
    yield from _late(decision)
    yield from _agreement(decision)


def _names(decision: Decision, workloads: Iterable[str]) -> list[str]:
    """What the decision calls each workload: itself, or its uses."""
    named = dict.fromkeys(finding.workload for finding in decision.findings)
    return [name for workload in workloads for name in named if workload_of(name) == workload]


def _passed(
    decision: Decision, model: PlantedModel, name: str, fixtures: Sequence[Fixture], variant: str = ""
) -> TruthRow:
    work = "/".join(filter(None, (workload_of(name), variant)))
    lost = model.lost_ids(work, fixtures)
    wrong = len(set(model.faults(work, fixtures)) - lost)
    right = len(fixtures) - wrong - len(lost)
    figure = decision.figures[f"measure/{Candidate(name, model.name, variant).text}/pass_rate"]
    what = f"{name} on {model.name}{', ' if variant else ''}{variant}: right answers"
    return TruthRow(what, f"{right} of {len(fixtures)}", f"{figure.k} of {figure.n}", figure.k == right)


def _chunking(decision: Decision, model: PlantedModel, name: str) -> TruthRow:
    """In parts, the model was planted not to break past any length: as a fix, chunking has to pass where it ships."""
    tried = [one for one in decision.replays if (one.workload, one.target) == (name, model.name)]
    alone = next(one for one in tried if one.remedies == ("chunking",))
    failed = [gate.measure for gate in alone.gates if gate.outcome == "fail"]
    found = f"fails {', '.join(failed)}" if failed else "fails no gate"
    return TruthRow(f"{name} on {model.name}: long input in parts", "breaks at no length", found, not failed)


def _lost(decision: Decision, model: PlantedModel, name: str) -> TruthRow:
    figure = decision.figures[f"measure/{name}/{model.name}/failure_rate"]
    planted = model.lost[workload_of(name)]
    return TruthRow(f"{name} on {model.name}: lost attempts", f"{planted}", f"{figure.k}", figure.k == planted)


def _knee(decision: Decision, model: PlantedModel) -> TruthRow:
    figure = decision.figures.get(f"load/{model.name}/knee")
    value = None if figure is None else figure.value
    near = value is not None and abs(value - model.slots) <= 0.5
    return TruthRow(
        f"{model.name}: requests served at once", f"{model.slots}", "none" if value is None else f"{value:.2f}", near
    )


def _limits(sample: Sample, decision: Decision) -> Iterator[TruthRow]:
    for replay in decision.replays:
        id = replay.figures.get("length_limit_words", "")
        if replay.remedies != ("length_limit",):
            continue
        planted = sample.model(replay.target).breaks_past
        figure = decision.figures[id]
        assert planted is not None
        assert figure.value is not None
        inside = figure.low is not None and figure.high is not None and figure.low <= planted <= figure.high
        found = f"{figure.value:,.0f} ({figure.low:,.0f} to {figure.high:,.0f})"
        yield TruthRow(f"{replay.workload} on {replay.target}: breaks past", f"{planted:,} words", found, inside)
    named = {replay.target for replay in decision.replays if "length_limit" in replay.remedies}
    for model in sample.models:
        if model.breaks_past is None or model.hosted or model.name in named:
            continue
        bad = sum(model.errors.get("packet_summary", {}).values()) > _BAD_EVERYWHERE
        planted = "bad at every length" if bad else f"{model.breaks_past:,} words"
        yield TruthRow(f"packet_summary on {model.name}: breaks past", planted, "none", bad)


def _late(decision: Decision) -> Iterator[TruthRow]:
    for one in decision.probes:
        result = one.result
        if result.probe == "readiness" and result.outcome == "fail":
            gap = float(result.evidence.get("gap_s", 0.0))
            yield TruthRow(f"{result.target}: ready too early by", f"{LATE_S} s", f"{gap:.1f} s", abs(gap - LATE_S) < 2)


def _agreement(decision: Decision) -> Iterator[TruthRow]:
    for finding in decision.chosen:
        rules = [rule for rule in decision.routing.get("rules", ()) if rule.get("finding") == finding.id]
        named = {str(rule["target"]) for rule in rules if rule.get("route") in ("local", "mixed")}
        wanted = {finding.target} if finding.kind in ("keep", "fix") else set()
        hosted = sorted({str(rule["target"]) for rule in rules if rule.get("route") == "hosted"})
        elsewhere = ", ".join(hosted) if finding.route == "hosted" else "people"
        yield TruthRow(
            f"{finding.workload}: chosen, and routed to", _choice(finding), ", ".join(sorted(named)) or elsewhere,
            named == wanted and bool(named or elsewhere),
        )  # fmt: skip


def _choice(finding: Finding) -> str:
    return f"{finding.target} ({finding.shown_kind})"
