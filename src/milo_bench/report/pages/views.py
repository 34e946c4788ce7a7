"""A decision in, its rows in the order and with the labels that pages show out; numbers stay ids of figures."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from milo_bench.config.policy.measures import known_measures, split_slice
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.units import things
from milo_bench.decide.records import (
    LIVE,
    Candidate,
    ConfusionTable,
    Decision,
    ErrorShare,
    Figure,
    Finding,
    GateResult,
    JudgeEvidence,
    LinkedText,
    LoadEvidence,
    LogRef,
    ProbeEvidence,
    Remedy,
    Replay,
)
from milo_bench.decide.wording import TOO_CLOSE, join_words, more_of

KINDS = {
    "keep": ("●", "adequate unchanged for the tested work"),
    "fix": ("◐", "viable after a bounded fix"),
    "undecided": ("○", "the evidence does not decide"),
    "defer": ("⊜", "not worth moving now"),
    "reject": ("✕", "unsafe, or materially worse than the baseline"),
}
ROUTES = {
    "local": "local",
    "hosted": "hosted",
    "mixed": "partly local",
    "assist": "draft for a person to accept",
    "human_review": "human review",
    "refuse": "refused",
}
# A mark, what a gate does, what a probe did.
OUTCOMES = {
    "pass": ("✓", "passes", "passed"),
    "fail": ("✗", "fails", "failed"),
    "undecided": ("?", "undecided", "undecided"),
}
SIGNS = {"at_least": "at least", "at_most": "at most"}
FRONTIER = (
    "automated_share",
    "error_passing_rate",
    "recall",
    "review_share",
    "hosted_share",
    "latency_p95_s",
    "cost_usd_mean",
)
_MORE_LABELS = {
    "automated_share": "automated",
    "error_passing_rate": "undetected errors",
    "review_share": "human review",
    "hosted_share": "hosted calls",
    "refused_share": "refused",
    "error_of_automated": "undetected errors of the automated",
    "length_limit_words": "length limit",
    "requests_per_s": "requests per second",
    "output_tokens_per_s": "tokens per second",
    "failure_share": "failures",
    "level": "load",
}
_WORST_FIRST = {"fail": 0, "undecided": 1, "pass": 2}


@dataclass(frozen=True)
class SummaryRow:
    """One line of page one: a finding, the gate that decided it and the others."""

    finding: Finding
    deciding: GateResult | None
    others: tuple[GateResult, ...]


@dataclass(frozen=True)
class MeasureTable:
    """Measures of one workload: a row for each measure and slice, a column for each candidate."""

    workload: str
    candidates: tuple[Candidate, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]  # label, then an id or "" for each candidate


MOST_LABELS: Final = 8  # a matrix of more is listed instead
CONFUSIONS_SHOWN: Final = 40


def summary_rows(decision: Decision) -> tuple[SummaryRow, ...]:
    """A row for each finding, in the order in which they were decided."""
    return tuple(_row(finding) for finding in decision.findings)


def _row(finding: Finding) -> SummaryRow:
    ordered = sorted(finding.gates, key=lambda gate: (_WORST_FIRST[gate.outcome], not gate.safety))
    return SummaryRow(finding, ordered[0] if ordered else None, tuple(ordered[1:]))


def label(measure: str, slice: str = "") -> str:
    """``recall, class escalate``: a measure as people say it."""
    if measure == "check_pass_rate" and slice.startswith("check="):
        return f"check {slice.removeprefix('check=').replace('_', ' ')}"
    if measure.startswith("probe:"):
        return f"probe {measure.removeprefix('probe:').replace('_', ' ')}"
    known = known_measures().get(measure)
    spelt = measure.removesuffix("_s").replace("ttft", "first token").replace("_", " ")
    said = known.title if known else _MORE_LABELS.get(measure, spelt)
    # A band of lengths is a name with digits in it, and stays in one piece.
    parts = [part if part.startswith("words") else part.replace("=", " ") for part in split_slice(slice)]
    return f"{said}, {', '.join(parts)}" if slice else said


def gate_label(gate: GateResult) -> str:
    """The gate as people say it: of a rate that rules only flag, what it is once people, or a correction, settle it."""
    known = known_measures().get(gate.measure)
    if known is not None and known.settled:
        return f"{known.settled}, {gate.slice}" if gate.slice else known.settled
    return label(gate.measure, gate.slice)


@dataclass(frozen=True)
class RulesSeen:
    """How good the rules of a check are, as ids of figures; not every decision has the one on ``new_words``."""

    title: str
    recall: str
    new_words: str
    precision: str


def rules_seen(decision: Decision) -> list[RulesSeen]:
    """The rules whose recall and precision the decision states, in order of name."""
    ids = sorted(
        id.removesuffix("/recall") for id in decision.figures if id.startswith("detector/") and id.endswith("/recall")
    )
    return [
        RulesSeen(
            title=decision.figures[f"{id}/recall"].title.partition(" of the rules for ")[2],
            recall=f"{id}/recall",
            new_words=f"{id}/strangers",
            precision=f"{id}/precision",
        )
        for id in ids
    ]


def interval_figure(decision: Decision) -> str:
    """Any measure with an interval, which says at what confidence such intervals are; "" where none has one."""
    return next(
        (
            figure.id
            for figure in decision.figures.values()
            if figure.source.kind == "measure" and figure.id.startswith("measure/") and figure.low is not None
        ),
        "",
    )


def judge_of(decision: Decision, gate: GateResult) -> JudgeEvidence | None:
    """The model judge that the gate's rate rests on."""
    of = gate.candidate.text
    return next((one for one in decision.judges if gate.judge and one.name == gate.judge and of in one.of), None)


def is_too_close(decision: Decision, gate: GateResult) -> bool:
    """Whether the gate needs so many more fixtures that the number is a detail."""
    return bool(gate.further) and decision.figures[gate.further].note == TOO_CLOSE


def fixtures_more(decision: Decision, gate: GateResult) -> str:
    """The noun for as many fixtures, or labelled answers, as the gate still needs."""
    return things(decision.figures[gate.further].value, more_of(gate))


def measured_at_all(decision: Decision, gate: GateResult) -> bool:
    """Whether ``further`` is an estimate from what was measured, and not the least that any run needs."""
    return bool(decision.figures[gate.figure].n)


def own_reasons(finding: Finding) -> tuple[LinkedText, ...]:
    """The reasons that no gate of the finding gives already; those stand in the table of gates."""
    said = {_plain(gate.reason) for gate in finding.gates}
    return tuple(text for text in finding.reasons if _plain(text) not in said)


def short_reasons(finding: Finding) -> tuple[LinkedText, ...]:
    """``own_reasons`` without what another of them or the table of probes says as well."""
    reasons = own_reasons(finding)
    if any(_begins(text, "every gate passes with") for text in reasons):
        reasons = tuple(text for text in reasons if not _begins(text, "all gates pass with"))
    others = tuple(text for text in reasons if not _begins(text, "the probe "))
    return others or reasons


def _begins(text: LinkedText, start: str) -> bool:
    return bool(text) and isinstance(text[0], str) and text[0].lower().startswith(start)


def reasons_to_choose(decision: Decision) -> tuple[tuple[str, LinkedText], ...]:
    """Each reason for a choice once, after the titles of the work that it is for."""
    found: dict[LinkedText, list[str]] = {}
    for choice in decision.choices:
        found.setdefault(choice.reason, []).append(workload_title(decision, choice.workload))
    return tuple((join_words(titles), reason) for reason, titles in found.items())


def starts_with_title(remedy: Remedy) -> bool:
    """Whether the reason of a remedy starts with its title, which then need not stand before it."""
    first = remedy.reason[0] if remedy.reason else ""
    return isinstance(first, str) and first.lower().startswith(remedy.title.lower())


def _plain(text: LinkedText) -> tuple[str, ...]:
    return tuple(part.lower() if isinstance(part, str) else part.figure for part in text)


def workload_title(decision: Decision, workload: str) -> str:
    return decision.workload_titles.get(workload) or workload.replace("_", " ")


def measure_tables(decision: Decision) -> tuple[MeasureTable, ...]:
    """Every measure that the decision keeps, workload by workload."""
    known = {candidate.text: candidate for candidate in _candidates(decision)}
    by_workload: dict[str, list[Candidate]] = {}
    for text in decision.measures:
        candidate = known.get(text) or Candidate(text.partition("/")[0], text.partition("/")[2])
        by_workload.setdefault(candidate.workload, []).append(candidate)
    return tuple(_table(decision, workload, candidates) for workload, candidates in by_workload.items())


def _candidates(decision: Decision) -> Iterable[Candidate]:
    yield from (finding.candidate for finding in decision.findings)
    yield from (share.candidate for share in decision.errors)
    yield from (table.candidate for table in decision.confusions)


def _table(decision: Decision, workload: str, candidates: Sequence[Candidate]) -> MeasureTable:
    found: dict[str, dict[str, str]] = {}
    for candidate in candidates:
        for id in decision.measures[candidate.text]:
            found.setdefault(decision.figures[id].source.key, {})[candidate.text] = id
    rows = []
    for key, by_candidate in found.items():
        name, _, slice = key.removesuffix("]").partition("[")
        rows.append((label(name, slice), tuple(by_candidate.get(candidate.text, "") for candidate in candidates)))
    return MeasureTable(workload, tuple(candidates), tuple(rows))


def column_title(candidate: Candidate) -> str:
    """``local_8b``, with the variant and the decoding where they are not the shipped ones."""
    return candidate.text.removeprefix(candidate.workload + "/")


def has_many_labels(table: ConfusionTable) -> bool:
    """Whether a matrix of the labels would be wider than a page."""
    return len(table.labels) > MOST_LABELS


def top_confusions(decision: Decision, table: ConfusionTable) -> tuple[tuple[str, str, str], ...]:
    """Expected label, given label and the id of their count, the most frequent confusion first."""
    found = []
    for want, ids in zip(table.labels, table.counts, strict=True):
        for got, id in zip(table.labels, ids, strict=True):
            figure = decision.figures.get(id)
            if want != got and figure is not None and figure.value:
                found.append((-figure.value, want, got, id))
    return tuple((want, got, id) for _, want, got, id in sorted(found)[:CONFUSIONS_SHOWN])


def replays_by_workload(decision: Decision) -> Mapping[tuple[str, str], tuple[Replay, ...]]:
    """Replayed policies of each (workload, target): the chosen one first, then the frontier, then the rest."""
    found: dict[tuple[str, str], list[Replay]] = {}
    for replay in decision.replays:
        found.setdefault((replay.workload, replay.target), []).append(replay)
    return {
        key: tuple(sorted(some, key=lambda one: (not one.chosen, not one.on_frontier))) for key, some in found.items()
    }


def open_gates(replay: Replay) -> tuple[GateResult, ...]:
    """The gates that a policy fails or leaves undecided, the failed ones first."""
    some = [gate for gate in replay.gates if gate.outcome != "pass"]
    return tuple(sorted(some, key=lambda gate: _WORST_FIRST[gate.outcome]))


def remedies_heading(finding: Finding) -> str:
    """What a list of remedies is: only a finding to fix has a fix."""
    if finding.kind == "fix":
        return "Fix"
    return "Runtime guardrails" if finding.kind == "keep" else "Fixes tried"


def log_purpose(decision: Decision, log: LogRef) -> str:
    """What a log that plans no attempts is there for."""
    loaded = any(one.log == log.path for one in decision.load)
    probed = any(one.log == log.path for one in decision.probes)
    return (
        join_words([name for name, has in (("load windows", loaded), ("probe results", probed)) if has])
        or "no attempts"
    )


def replay_columns(replays: Iterable[Replay], *, most: bool = False) -> tuple[str, ...]:
    """The names of figures that any of ``replays`` has, the usual ones first; ``most`` leaves the others out."""
    names = {name for replay in replays for name in replay.figures if not name.startswith(LIVE)}
    if most:
        return tuple(name for name in FRONTIER if name in names)
    return tuple(name for name in FRONTIER if name in names) + tuple(sorted(names - set(FRONTIER)))


def errors_by_candidate(decision: Decision) -> Mapping[str, tuple[ErrorShare, ...]]:
    """Ways of going wrong of each candidate, the most frequent first; those that never happened are left out."""
    found: dict[str, list[ErrorShare]] = {}
    for share in decision.errors:
        if decision.figures[share.attempts].value:
            found.setdefault(share.candidate.text, []).append(share)

    def often(share: ErrorShare) -> float:
        return -(decision.figures[share.attempts].value or 0.0)

    return {text: tuple(sorted(shares, key=often)) for text, shares in found.items()}


def errors_of_chosen(decision: Decision) -> Mapping[str, tuple[ErrorShare, ...]]:
    """Ways of going wrong of the chosen candidates alone, by title; uses of the same answers together."""
    errors = errors_by_candidate(decision)
    titles: dict[tuple[str, str], list[str]] = {}
    found: dict[tuple[str, str], tuple[ErrorShare, ...]] = {}
    for finding in decision.chosen:
        shares = errors.get(finding.candidate.text)
        if shares:
            answers = (workload_of(finding.workload), column_title(finding.candidate))
            titles.setdefault(answers, []).append(workload_title(decision, finding.workload))
            found.setdefault(answers, shares)
    return {f"{join_words(titles[answers])} on {answers[1]}": shares for answers, shares in found.items()}


def differ(decision: Decision, first: str, last: str) -> bool:
    """Whether two figures have different values."""
    return decision.figures[first].value != decision.figures[last].value


def figures_by_kind(decision: Decision) -> Mapping[str, tuple[Figure, ...]]:
    """All figures for the sources page, grouped by the kind of their source, in the order they came."""
    found: dict[str, list[Figure]] = {}
    for figure in decision.figures.values():
        found.setdefault(figure.source.kind, []).append(figure)
    return {kind: tuple(some) for kind, some in found.items()}


def log_of(decision: Decision, figure: Figure) -> str:
    """The file that a figure rests on: a log, the policy or the economics; "" where it is all logs together."""
    kind, source = figure.source.kind, figure.source
    if kind == "policy":
        operators = decision.operator_policy
        return operators.path if operators is not None and source.of == operators.path else decision.policy.path
    if kind in ("assumption", "economics"):
        return decision.economics.path if decision.economics else ""
    if kind == "load":
        return next((one.log for one in decision.load if figure.id in one.figures.values()), "")
    if kind == "probe":
        return next((one.log for one in decision.probes if one.result.target == source.of), "")
    return decision.logs[0].path if len(decision.logs) == 1 else ""


def safety_gates(decision: Decision) -> tuple[tuple[str, GateResult], ...]:
    """Safety gates of chosen findings that did not pass, the failed ones first, each with the work that it is of.

    A gate that two uses share on the same answers is one.
    """
    found: dict[Hashable, tuple[list[str], GateResult]] = {}
    for finding in decision.chosen:
        for gate in finding.gates:
            if gate.safety and gate.outcome != "pass":
                key = (workload_of(finding.workload), column_title(finding.candidate), _as_shown(decision, gate))
                found.setdefault(key, ([], gate))[0].append(workload_title(decision, finding.workload))
    rows = [(join_words(titles), gate) for titles, gate in found.values()]
    return tuple(sorted(rows, key=lambda row: _WORST_FIRST[row[1].outcome]))


def judged_alike(decision: Decision, finding: Finding) -> Finding | None:
    """The first chosen finding before this one on the same answers and the same gates, as two uses may be."""

    def judged(one: Finding) -> Hashable:
        gates = tuple(_as_shown(decision, gate) for gate in one.gates)
        return workload_of(one.workload), column_title(one.candidate), gates

    before = list(takewhile(lambda one: one is not finding, decision.chosen))
    return next((one for one in before if one.gates and judged(one) == judged(finding)), None)


def _as_shown(decision: Decision, gate: GateResult) -> Hashable:
    """What a table shows of a gate."""
    figure, bound = decision.figures.get(gate.figure), decision.figures.get(gate.bound)
    shown = (figure.value, figure.low, figure.high, figure.n) if figure else ()
    return (
        gate.measure,
        gate.slice,
        gate.direction,
        gate.against,
        gate.safety,
        gate.outcome,
        shown,
        bound and bound.value,
    )


SOURCE_KINDS = {
    "measure": "Computed from the attempts in the run logs.",
    "replay": "A routing policy replayed on recorded attempts of held-out fixtures.",
    "load": "A load window in a run log.",
    "probe": "A probe result in a run log.",
    "inventory": "The machine named in a run log.",
    "review": "Scores from reviewers.",
    "detector": "Flags of rules, and how often they agree with labels that people gave.",
    "judge": "What a model judge said of answers in a run log, or of answers that people had labelled.",
    "operator": "Operator episodes in a run log.",
    "policy": "A setting in the policy file.",
    "assumption": "An assumption in the economics file.",
    "economics": "A formula over the assumptions.",
    "count": "A count of rows in the decision itself.",
}
_LOAD_FIRST = ("latency_p50_s", "latency_p95_s", "ttft_p95_s", "requests_per_s", "output_tokens_per_s", "failure_share")


def machines(decision: Decision) -> tuple[str, ...]:
    """Fingerprints of the machines that the logs name, each once."""
    return tuple(dict.fromkeys(log.inventory for log in decision.logs if log.inventory))


def probes_not_passed(decision: Decision) -> tuple[ProbeEvidence, ...]:
    return tuple(one for one in decision.probes if one.result.outcome != "pass")


def capacity_targets(decision: Decision) -> tuple[str, ...]:
    """Targets whose cases an hour were worked out from a load run, in the order of the decision."""
    return tuple(one.name for one in decision.targets if f"capacity/{one.name}/per_hour" in decision.figures)


def load_columns(decision: Decision, *, most: bool = False) -> tuple[str, ...]:
    """Names of the figures that load windows have, the usual ones first; ``most`` leaves the others out."""
    names = {name for one in decision.load for name in one.figures} - {"level"}
    rest = () if most else tuple(sorted(names - set(_LOAD_FIRST)))
    return (*(name for name in _LOAD_FIRST if name in names), *rest)


def loaded_of_chosen(decision: Decision) -> frozenset[str]:
    """The targets under load that work was chosen to go to; every one of them, where none was."""
    loaded = frozenset(one.window.target for one in decision.load)
    live = {finding.target for finding in decision.chosen if finding.kind in ("keep", "fix")}
    return loaded & live or loaded


def load_targets_left_out(decision: Decision) -> bool:
    return any(one.window.target not in loaded_of_chosen(decision) for one in decision.load)


def load_rows(decision: Decision, *, chosen: bool = False) -> tuple[tuple[int, LoadEvidence], ...]:
    """Load windows with their places in decision.json; ``chosen``: of ``loaded_of_chosen`` alone."""
    shown = loaded_of_chosen(decision)
    return tuple((place, one) for place, one in enumerate(decision.load) if not chosen or one.window.target in shown)
