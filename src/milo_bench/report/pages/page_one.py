"""A decision in, what page one says out: a title, a row for each kind of work, money, steps, risks, unknowns.

Every sentence has a budget of characters, so that the page stays one A4 side and nothing is cut. Names that a team
gave count as they are; where a model has a long one, fewer rows are whole, and risks do not repeat it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from milo_bench.config.policy.remedies import OTHER_WORK, REMEDIES
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.units import things
from milo_bench.decide.records import BacklogItem, Choice, Decision, Finding, GateResult, LinkedText, Ref, Replay
from milo_bench.decide.wording import TOO_CLOSE, join_words, sentence_case
from milo_bench.report.charts.lanes import Lane, lane_of
from milo_bench.report.pages.mistakes import mistake

TITLE_MOST: Final = 60
SENTENCE_MOST: Final = 110
LINE_MOST: Final = 56
WHOLE_ROWS: Final = 3
_MOST_WHOLE: Final = 4  # rows that the side takes where nothing comes after them
_LANES: Final = 2
_LONG_NAME: Final = 20  # characters of a model's name that the lines have room for
_NUMBERS: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
CALLS: Final = {
    "keep": "Keep",
    "fix": "Fix, then keep",
    "undecided": "Undecided",
    "defer": "Defer",
    "reject": "Reject",
}
Mark: TypeAlias = Literal["keep", "fix", "undecided", "defer", "reject"]


@dataclass(frozen=True)
class JobRow:
    """One row. ``automated`` … ``worth`` are ids of figures, "" where there is none; ``wrong`` has k and n."""

    workload: str
    finding: Finding
    call: str
    sentence: LinkedText
    lanes: tuple[Lane, ...]
    automated: str
    wrong: str
    worth: str
    forgone: str
    first: LinkedText
    others: tuple[LinkedText, ...]


@dataclass(frozen=True)
class Step:
    """One of the next three: what, who, and the ids of its day and hours."""

    text: LinkedText
    owner: str
    due: str
    hours: str


@dataclass(frozen=True)
class PageOne:
    title: LinkedText
    jobs: tuple[JobRow, ...]
    more: tuple[JobRow, ...]  # one line each
    steps: tuple[Step, ...]
    risks: tuple[LinkedText, ...]
    unknown: tuple[LinkedText, ...]
    reasons: tuple[LinkedText, ...]  # why the models of the whole rows were chosen


def page_one(decision: Decision) -> PageOne:
    """What goes live comes first, then by how the policy lists the work."""
    order = {"keep": 0, "fix": 1, "undecided": 2, "defer": 3, "reject": 4}
    by_id = {finding.id: finding for finding in decision.findings}
    chosen = [(choice, by_id[choice.finding]) for choice in decision.choices if choice.finding in by_id]
    chosen.sort(key=lambda pair: order[pair[1].shown_kind])
    jobs = tuple(_job(decision, choice, finding) for choice, finding in chosen)
    reasons = {choice.workload: choice.reason for choice, _ in chosen}
    few = len(jobs) <= _MOST_WHOLE and len({workload_of(job.workload) for job in jobs}) <= WHOLE_ROWS
    few = few and all(len(target.name) <= _LONG_NAME for target in decision.targets)
    whole = _MOST_WHOLE if few else WHOLE_ROWS
    return PageOne(
        title=_title(decision, [finding for _, finding in chosen]),
        jobs=jobs[:whole],
        more=jobs[whole:],
        steps=tuple(_step(item, jobs) for item in decision.backlog[:3]),
        risks=tuple(_risks(decision, [finding for _, finding in chosen]))[:3],
        unknown=tuple(_unknown(decision, [finding for _, finding in chosen]))[:3],
        reasons=tuple(_why_chosen(jobs[:whole], reasons)),
    )


def budgets(page: PageOne) -> Iterator[tuple[LinkedText, int]]:
    """Every generated sentence with the characters that it may have."""
    yield page.title, TITLE_MOST
    for job in (*page.jobs, *page.more):
        yield job.sentence, SENTENCE_MOST
        yield job.first, TITLE_MOST
    for step in page.steps:
        yield step.text, TITLE_MOST
    for text in (*page.risks, *page.unknown):
        yield text, LINE_MOST


def _count(decision: Decision, number: int, figure: str) -> str | Ref:
    return _NUMBERS[number] if number < len(_NUMBERS) else Ref(figure)


def _title(decision: Decision, chosen: Sequence[Finding]) -> LinkedText:
    live = sum(finding.kind in ("keep", "fix") for finding in chosen)
    every = len(chosen)
    if not every:
        return ("Only operator work was measured.",) if decision.permits else ("Nothing was decided.",)
    first = "Fix, then move" if live and all(one.kind != "keep" for one in chosen) else "Move"
    whole = _count(decision, every, "count/works")
    all_jobs = ("both jobs",) if every == 2 else ("all ", whole, " jobs")
    if not live and _some_hosted(chosen):
        return ("Leave this job where it is.",) if every == 1 else ("Leave ", *all_jobs, " where they are.")
    if not live:
        return ("People keep this job for now.",) if every == 1 else ("People keep ", *all_jobs, " for now.")
    if live == every:
        return (first, " this job to a model.") if every == 1 else (first, " ", *all_jobs, " to models.")
    rest = "Leave the rest." if _some_hosted(chosen) else "People keep the rest."
    return (first, " ", _count(decision, live, "count/ships"), " of ", whole, f" jobs. {rest}")


def _some_hosted(chosen: Sequence[Finding]) -> bool:
    """Whether some of the work that no model here gets goes to the hosted one."""
    return any(finding.kind not in ("keep", "fix") and finding.route == "hosted" for finding in chosen)


def _job(decision: Decision, choice: Choice, finding: Finding) -> JobRow:
    replay = _replay(decision, choice, finding)
    live = finding.kind in ("keep", "fix")
    worth, forgone = (f"economics/{kind}.{finding.workload}" for kind in ("worth", "forgone"))
    return JobRow(
        workload=finding.workload,
        finding=finding,
        call="Keep, with guardrails" if finding.kind == "keep" and finding.remedies else CALLS[finding.shown_kind],
        sentence=_sentence(decision, finding, live),
        lanes=_lanes(decision, finding, replay),
        automated=replay.live("automated_share") if live and replay is not None else "",
        wrong=_undetected(replay, live),
        worth=worth if worth in decision.figures else "",
        forgone=forgone if forgone in decision.figures else "",
        first=_first(decision, finding),
        others=tuple(_other(decision, one, finding) for one in decision.findings if _passed_over(one, finding)),
    )


def _undetected(replay: Replay | None, live: bool) -> str:
    """The id of the errors that would reach a reader: of what goes live, those that its guardrails let through."""
    if replay is None:
        return ""
    return replay.live("error_passing_rate") if live else replay.figures.get("error_passing_rate", "")


def _replay(decision: Decision, choice: Choice, finding: Finding) -> Replay | None:
    """The policy that goes live: the chosen fix, or the work as it is."""
    mine = [one for one in decision.replays if (one.workload, one.target) == (finding.workload, finding.target)]
    return next((one for one in mine if one.id == choice.replay), next((one for one in mine if not one.remedies), None))


def _passed_over(other: Finding, finding: Finding) -> bool:
    return other.workload == finding.workload and other.id != finding.id


def short(work: str) -> str:
    """``queue cap``: a piece of work in two or three words."""
    if work in OTHER_WORK:
        named = {"more_fixtures": "more cases", "run_probes": "probes run", "label_answers": "labels"}
        return named.get(work, work.replace("_", " "))
    known = REMEDIES.get(work)
    return known.short or known.title


def _unjudged(decision: Decision, finding: Finding) -> str:
    """The id of how many answers the check that could judge the fewest could not judge; "" where each was judged."""
    start = f"unjudged/{finding.candidate.text}/"
    found = [id for id in decision.figures if id.startswith(start) and f"{id}/of" in decision.figures]
    return max(found, key=lambda id: decision.figures[id].value or 0.0, default="")


def _is_unjudged(decision: Decision, finding: Finding) -> bool:
    """Whether a check could not judge most of the answers, as where no rule reads their language."""
    id = _unjudged(decision, finding)
    return bool(id) and 2 * (decision.figures[id].value or 0.0) > (decision.figures[f"{id}/of"].value or 0.0)


def _assists(decision: Decision, finding: Finding) -> bool:
    rules = decision.routing.get("rules", ())
    return any(rule.get("route") == "assist" and rule.get("finding") == finding.id for rule in rules)


def _sentence(decision: Decision, finding: Finding, live: bool) -> LinkedText:
    target = finding.target
    if not live and _assists(decision, finding):
        return (f"People keep this work. {target} may draft for staff while its flag is on.",)
    if not live and finding.route == "hosted":
        why = "Moving it is not worth the effort yet." if _by_value(finding) else "No local model passed every gate."
        return (f"The hosted model takes this work. {why}",)
    match finding.shown_kind:
        case "keep":
            return (f"{target} does this work without any fix. An answer that breaks a check goes to a person.",)
        case "fix" if finding.route == "mixed":
            return (f"{target} answers once the fix below is in place. People take the rest.",)
        case "fix":
            return (f"{target} answers well enough. It goes live when the fix below is done.",)
        case "undecided" if _is_unjudged(decision, finding):
            return ("People keep this work. Its answers are unjudged: no rule could read most of them.",)
        case "undecided" if _waits_for_probes(finding):
            return ("People keep this work. A probe that it needs was not run.",)
        case "undecided":
            return ("People keep this work. The cases tested do not decide it yet.",)
        case "defer":
            return ("People keep this work. Moving it is not worth the effort yet.",)
        case "reject":
            return ("People keep this work. No model that was tested is good enough.",)


def _waits_for_probes(finding: Finding) -> bool:
    """Whether the gates that are undecided are probes, which no number of cases decides."""
    undecided = [gate.measure for gate in finding.gates if gate.outcome == "undecided"]
    return bool(undecided) and all(measure.startswith("probe:") for measure in undecided)


def _first(decision: Decision, finding: Finding) -> LinkedText:
    works = list(dict.fromkeys(item.work for item in decision.backlog if finding.id in item.findings and item.work))
    hours = f"backlog/{finding.id}/hours"
    # What is done to this work comes before what is done to its server.
    works.sort(key=lambda work: work in OTHER_WORK or REMEDIES.get(work).follows is not None)
    if works and hours in decision.figures and finding.kind in ("keep", "fix"):
        names = join_words([*(short(work) for work in works[:2]), *(["more"] if works[2:] else [])])
        return (f"{names[:1].upper()}{names[1:]}: ", Ref(hours))
    if finding.kind in ("keep", "fix"):
        return ("Nothing",)
    undecided = [gate for gate in finding.gates if gate.outcome == "undecided"]
    if finding.shown_kind == "undecided" and undecided and all(gate.by_people for gate in undecided):
        return ("People's labels of a sample of the answers",)
    further = [gate.further for gate in undecided if gate.further in decision.figures]
    if finding.shown_kind == "undecided" and _is_unjudged(decision, finding):
        return ("A person's judgement of the answers",)
    if finding.shown_kind == "undecided" and any(decision.figures[one].note == TOO_CLOSE for one in further):
        return (f"A better model: {finding.target} is {TOO_CLOSE}",)
    if finding.shown_kind == "undecided" and further:
        most = max(further, key=lambda id: decision.figures[id].value or 0.0)
        more = decision.figures[most].value
        return (
            "About ",
            Ref(most, "about"),
            f" more {things(more, 'case')} that {'goes' if more == 1 else 'go'} as well as these",
        )
    if finding.shown_kind == "undecided" and undecided:
        return ("A run of the probes",)
    if _by_value(finding):
        return ("A higher value than the assumptions give",)
    replaced = next((one for one in finding.remedies if one.replay and _replaces(decision, one.replay)), None)
    if replaced is not None:
        return (f"Another way of working: {short(replaced.name)}",)
    return ("A better model or another way of working",)


def _by_value(finding: Finding) -> bool:
    """Whether the work is deferred because it is worth too little, whatever its gates say."""
    return finding.shown_kind == "defer"


def _replaces(decision: Decision, replay: str) -> bool:
    found = next((one for one in decision.replays if one.id == replay), None)
    return found is not None and any(REMEDIES.get(name).needs_variant for name in found.remedies)


def _lanes(decision: Decision, finding: Finding, replay: Replay | None) -> tuple[Lane, ...]:
    """At most two: the gates that decide; of a fix the worst gate as it is, and with the fix."""
    gates = [gate for gate in finding.gates if lane_of(decision, gate) is not None]
    worst = {"fail": 0, "undecided": 1, "pass": 2}
    gates.sort(key=lambda gate: (worst[gate.outcome], not gate.safety, _margin(decision, gate)))
    found: list[Lane | None] = []
    if finding.kind == "fix" and replay is not None and replay.remedies and gates:
        first = gates[0]
        fixed = next((one for one in replay.gates if (one.measure, one.slice) == (first.measure, first.slice)), None)
        found = [lane_of(decision, first, ", unchanged")]
        found += [lane_of(decision, fixed, ", with the fix")] if fixed is not None else []
    else:
        found = [lane_of(decision, gate) for gate in gates]
    return tuple(lane for lane in found if lane is not None)[:_LANES]


def _margin(decision: Decision, gate: GateResult) -> float:
    lane = lane_of(decision, gate)
    return 1.0 if lane is None else lane.bound - (lane.high if lane.high is not None else lane.value)


def _other(decision: Decision, other: Finding, chosen: Finding) -> LinkedText:
    bad = [gate for gate in other.gates if gate.outcome != "pass"]
    bad.sort(key=lambda gate: (gate.outcome != "fail", not gate.safety))
    if other.kind in ("keep", "fix"):
        what = "also passes every gate" if other.kind == "keep" else "passes with a fix"
        return (f"{other.target} {what}.",)
    if not bad:
        return (f"{other.target} passes its gates, but the runtime does not.",)
    gate = bad[0]
    if gate.measure.startswith("probe:"):
        name = gate.measure.removeprefix("probe:")
        fault = _FAULTS.get(name, f"fails the probe {name.replace('_', ' ')}")
        said = fault if gate.outcome == "fail" else f"was not probed: {name.replace('_', ' ')}"
        return (f"{other.target} {said}.",)
    said = mistake(gate.measure, gate.slice).removeprefix("Failed: ").replace(": ", " ")
    what = "has too many mistakes" if gate.outcome == "fail" else "is undecided"
    return (f"{other.target} {what}: {said[:1].lower()}{said[1:]}.",)


# What to do where the title of the work is too long: names that a team gave count as they are.
_OTHER_STEPS: Final = {
    "label_answers": "Label a sample of the answers",
    "more_fixtures": "Add more fixtures",
    "better_model": "Try a better model",
    "run_probes": "Run the probes that are missing",
}


def _step(item: BacklogItem, jobs: Sequence[JobRow]) -> Step:
    """What to do, on which model or for which of the jobs as the page numbers them."""
    known = REMEDIES.get(item.work) if item.work in REMEDIES.names() else None
    title = sentence_case(item.title)
    if item.work in OTHER_WORK and (verb := OTHER_WORK[item.work].verb):
        title = f"{sentence_case(verb)} {title[:1].lower()}{title[1:]}"
    if known is not None and known.step:
        place = title.removeprefix(sentence_case(known.title))
        places = [place for place, job in enumerate(jobs, start=1) if job.finding.id in item.findings]
        numbers = [_NUMBERS[place] for place in places if place < len(_NUMBERS)]
        of_jobs = f" for job{'s' if numbers[1:] else ''} {join_words(numbers)}" if numbers else ""
        # A model is named where there is room; then the jobs are, so that two steps do not read alike.
        tried = [of_jobs or place] if place.startswith(" for ") else [place, of_jobs]
        ways = [*(_placed(known.step, one) for one in tried), known.step]
        title = next((one for one in ways if len(one) < TITLE_MOST), known.short)
    if len(title) >= TITLE_MOST:
        title = _OTHER_STEPS.get(item.work, sentence_case(short(item.work)))
    return Step((f"{title}.",), item.owner, item.due, item.hours[1])


def _placed(step: str, place: str) -> str:
    """``For job two, cut sentences that cite nothing``: at the end it would read as a part of the last word."""
    if not place.startswith(" for "):
        return f"{step}{place}"
    return f"{place[1:2].upper()}{place[2:]}, {step[:1].lower()}{step[1:]}"


def _why_chosen(jobs: Sequence[JobRow], reasons: Mapping[str, LinkedText]) -> Iterator[LinkedText]:
    """Each reason once, after the jobs it is for; of jobs that go live, or of all where none does."""
    live = [place for place, job in enumerate(jobs) if job.finding.kind in ("keep", "fix")]
    places = live or range(len(jobs))
    by_reason: dict[LinkedText, list[str]] = {}
    for place in places:
        by_reason.setdefault(reasons[jobs[place].workload], []).append(_NUMBERS[place + 1])
    for reason, numbers in by_reason.items():
        first = reason[0]
        if len(by_reason) == 1 or not isinstance(first, str):
            yield reason
        else:
            noun = "Job" if len(numbers) == 1 else "Jobs"
            yield (f"{noun} {join_words(numbers)}: {first[:1].lower()}{first[1:]}", *reason[1:])


# What a failed probe means, after the name of the model.
_FAULTS: Final = {
    "cancellation": "works on for clients that left",
    "cold_start": "answers its first request late",
    "egress": "sends data out",
    "errors": "stops after a bad request",
    "exposure": "can be reached from outside",
    "memory_growth": "uses more and more memory",
    "overload": "breaks under too many requests",
    "privacy_leak": "writes your texts into a log",
    "readiness": "says it is ready too early",
    "recovery": "does not come back by itself",
    "repeatable": "answers the same question differently",
    "truncation": "cuts long texts silently",
}


def _risks(decision: Decision, chosen: Sequence[Finding]) -> Iterator[LinkedText]:
    live = [finding for finding in chosen if finding.kind in ("keep", "fix")]
    targets = list(dict.fromkeys(finding.target for finding in live))
    for one in decision.probes:
        if one.result.target in targets and one.result.outcome == "fail":
            said = _FAULTS.get(one.result.probe, f"fails the probe {one.result.probe.replace('_', ' ')}")
            yield (f"{sentence_case(_named(one.result.target))} {said}. Repair first.",)
    for target in targets:
        cap = f"load/{target}/cap"
        if cap in decision.figures:
            yield ("Above ", Ref(cap), f", {_named(target, targets)} slows down: cap it.")
    if any(finding.kind == "fix" for finding in live):
        yield ("New wording can get past a rule. Review it monthly.",)
    if any(job.gates for job in live):
        yield ("A new model or prompt voids this page: test again.",)
    if not live:
        yield ("None while people keep the work.",)


def _named(target: str, targets: Sequence[str] = ()) -> str:
    """The model's name where a line has room for it; the row of its work has it in full."""
    if len(target) <= _LONG_NAME:
        return target
    first = next((one for one in targets if len(one) > _LONG_NAME), target)
    return "one model" if target == first else "another model"


def _unknown(decision: Decision, chosen: Sequence[Finding]) -> Iterator[LinkedText]:
    live = list(dict.fromkeys(finding.target for finding in chosen if finding.kind in ("keep", "fix")))
    probed = {one.result.target for one in decision.probes}
    loaded = {one.window.target for one in decision.load}
    if any(finding.undecided for finding in chosen):
        yield ("Whether the undecided work is good enough.",)
    for finding in chosen:
        if unjudged := _unjudged(decision, finding):
            count = decision.figures[unjudged].value
            be = "is" if count == 1 else "are"
            yield (Ref(unjudged), f" {things(count, 'answer')} of {_named(finding.target)} {be} unjudged.")
            break
    for target in live:
        if target not in probed:
            yield (f"How {_named(target)} runs: no probes were run.",)
        if target not in loaded:
            yield (f"How many requests {_named(target)} serves at once.",)
    if decision.business is None:
        yield ("What it is worth: no costs were given.",)
    else:
        yield ("How much of the time saved staff really gain.",)
    if not any(figure.source.kind == "review" for figure in decision.figures.values()):
        yield ("What reviewers think: no sample was scored.",)
    yield ("Inputs of other kinds: none were tested.",)
