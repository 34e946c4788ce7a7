"""A decision's parts in, its summary out: what was decided, because of which figure, and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from milo_bench.config.policy.remedies import OTHER_WORK, REMEDIES
from milo_bench.decide.another_model import needed_from_another
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import BacklogItem, Choice, Finding, GateResult, LinkedText, Remedy, Replay
from milo_bench.decide.selection import KINDS, SHIPS
from milo_bench.decide.wording import capitalise, decapitalise, join_sentences, join_words, sentence_case

TOLD_IN_FULL: Final = 4  # kinds of work with their reasons; of the others, the summary says who does them


class SummaryFacts(Struct, frozen=True):
    """What the summary is made of. ``rules`` are those of routing.yaml."""

    findings: Sequence[Finding]
    choices: Sequence[Choice]
    replays: Sequence[Replay]
    backlog: Sequence[BacklogItem]
    rules: Sequence[Mapping[str, Any]]
    titles: Mapping[str, str]
    business: bool

    @property
    def chosen(self) -> list[tuple[Choice, Finding]]:
        """The choices with their findings, what goes live first."""
        by_id = {finding.id: finding for finding in self.findings}
        pairs = [(choice, by_id[choice.finding]) for choice in self.choices]
        return sorted(pairs, key=lambda pair: KINDS.index(pair[1].kind))

    @property
    def assists(self) -> Collection[str]:
        """Findings whose model may draft for staff."""
        return {rule["finding"] for rule in self.rules if rule.get("route") == "assist" and "finding" in rule}

    def quoted(self, workload: str) -> str:
        return f"“{self.titles.get(workload) or workload}”"


def make_summary(facts: SummaryFacts, figures: Figures) -> LinkedText:
    """Short sentences, each with one fact: how much moves, each kind of work, the value, the next step."""
    chosen = facts.chosen
    for kind in KINDS:
        number = sum(finding.kind == kind for finding in facts.findings)
        figures.count(f"count/{kind}", f"findings: {kind}", number, key=f"findings {kind}")
    figures.count("count/pairs", "pairs of target and work compared", len(facts.findings), key="pairs compared")
    figures.count("count/works", "kinds of work decided", len(chosen), key="kinds of work decided")
    ships = [finding for _, finding in chosen if finding.kind in SHIPS]
    figures.count("count/ships", "kinds of work that go live", len(ships), key="kinds of work that go live")
    if not chosen:
        return ("No local target was measured, so there is nothing to decide.",)
    said = [*_opening(len(chosen), ships, figures)]
    full = [pair for pair in chosen if len(chosen) <= TOLD_IN_FULL or pair[1].kind in SHIPS][:TOLD_IN_FULL]
    for choice, finding in full:
        said += _work(choice, finding, facts, figures)
    said += _servers([finding for _, finding in full])
    said += _who_does_what([finding for choice, finding in chosen if (choice, finding) not in full], facts)
    if facts.business and "economics/quarter_net" in figures:
        value = figures.ref("economics/quarter_net", whole=True)
        said.append(("The net value of the first quarter is ", value, ", under the stated assumptions."))
    said += _next(facts, ships, figures)
    return join_sentences(said, " ")


def _opening(every: int, ships: Sequence[Finding], figures: Figures) -> Iterator[LinkedText]:
    """How many of several jobs move."""
    if every == 1:
        return
    of, live = figures.ref("count/works"), figures.ref("count/ships")
    if not ships:
        yield ("Neither job can move yet.",) if every == 2 else ("None of the ", of, " jobs can move yet.")
        return
    fixed = [finding for finding in ships if finding.kind == "fix"]
    after = "" if not fixed else " after fixes" if len(fixed) == len(ships) else ", some after fixes"
    if len(ships) < every:
        yield (live, " of ", of, f" jobs can move{after}.")
    else:
        yield (f"Both jobs can move{after}.",) if every == 2 else ("All ", of, f" jobs can move{after}.")


def _work(choice: Choice, finding: Finding, facts: SummaryFacts, figures: Figures) -> Iterator[LinkedText]:
    if finding.kind in SHIPS:
        yield from _moves(choice, finding, facts, figures)
        return
    stays = "stays with the hosted model" if finding.route == "hosted" else "stays with people"
    yield (f"{facts.quoted(finding.workload)} {stays}.",)
    match finding.shown_kind:
        case "defer":
            yield from _deferred(finding, figures)
        case "undecided":
            yield from _undecided(finding)
        case _:
            yield from _rejected(choice, finding, figures)
    if finding.id in facts.assists:
        yield (f"{finding.target} may draft for staff while its flag is on.",)


def _moves(choice: Choice, finding: Finding, facts: SummaryFacts, figures: Figures) -> Iterator[LinkedText]:
    """Who takes the work over, what it needs first, why this target, and the figures that speak for it."""
    fixes = [REMEDIES.get(remedy.name).title for remedy in finding.remedies if not _of_server(remedy)]
    work = facts.quoted(finding.workload)
    if fixes:
        yield (f"{finding.target} can take over {work}, but first needs {join_words(fixes)}.",)
    elif finding.kind == "fix":
        yield (f"{finding.target} can take over {work} after a fix of its server.",)
    else:
        yield (f"{finding.target} can take over {work}{'' if finding.remedies else ' as it is'}.",)
    if choice.compared:
        yield ("It is ", *decapitalise(choice.reason))
    replay = _live_policy(choice, finding, facts.replays)
    if finding.kind == "keep":
        yield from _pass_rate(choice, finding, figures)
    elif replay is not None and replay.remedies:
        yield from _replayed(replay, figures)
    else:
        gates = {capitalise(gate.reason) for gate in finding.gates}
        yield from ((*reason, ".") for reason in finding.reasons[1:] if reason not in gates)
    undetected = replay.live("error_passing_rate") if replay is not None else ""
    if undetected in figures and figures[undetected].k == 0:
        yield ("None of ", figures.ref(undetected, "n"), " held-out cases had an undetected error.")
    elif undetected in figures and figures[undetected].value is not None:
        yield ("Undetected errors remain in ", figures.ref(undetected, whole=True), " of cases.")


def _of_server(remedy: Remedy) -> bool:
    """Whether it is done to the server, for all work on it, and not to one kind of work."""
    return REMEDIES.get(remedy.name).follows is not None


def _servers(findings: Sequence[Finding]) -> Iterator[LinkedText]:
    """What each target's server needs, once for all work on it."""
    needs: dict[str, list[str]] = {}
    first: set[str] = set()
    for finding in findings:
        for remedy in finding.remedies:
            if finding.kind not in SHIPS or not _of_server(remedy):
                continue
            needs.setdefault(finding.target, []).append(REMEDIES.get(remedy.name).title)
            if finding.kind == "fix":
                first.add(finding.target)
    for target, titles in needs.items():
        yield (f"{target} {'first ' if target in first else ''}needs {join_words(list(dict.fromkeys(titles)))}.",)


def _live_policy(choice: Choice, finding: Finding, replays: Sequence[Replay]) -> Replay | None:
    """The policy that goes live: the chosen fix, or the work as it is."""
    mine = [one for one in replays if (one.workload, one.target) == (finding.workload, finding.target)]
    return next((one for one in mine if one.id == choice.replay), next((one for one in mine if not one.remedies), None))


def _pass_rate(choice: Choice, finding: Finding, figures: Figures) -> Iterator[LinkedText]:
    if choice.rate:
        yield (
            "Its pass rate is ",
            figures.ref(choice.rate, whole=True),
            " on fixtures that played no part in the choice.",
        )
        return
    rate = f"measure/{finding.candidate.text}/pass_rate"
    if rate in figures and figures[rate].value is not None:
        yield ("Its pass rate is ", figures.ref(rate, whole=True), ".")


def _replayed(replay: Replay, figures: Figures) -> Iterator[LinkedText]:
    share = replay.live("automated_share")
    if share in figures and figures[share].value is not None:
        yield (figures.ref(share, whole=True), " of cases then need no person.")


def _deferred(finding: Finding, figures: Figures) -> Iterator[LinkedText]:
    yield (*finding.reasons[0], ".")
    forgone = f"economics/forgone.{finding.workload}"
    if forgone in figures:
        yield ("Moving it would be worth ", figures.ref(forgone, whole=True), ".")


def _undecided(finding: Finding) -> Iterator[LinkedText]:
    """Why, by the gate that matters most, which says what would decide it; else by the rule's reason."""
    gate = _first(finding.gates, "undecided")
    if gate is None or finding.rule in ("set_up", "licence"):
        yield (*finding.reasons[0], ".")
        needs = () if finding.rule == "set_up" else ("It needs ",)
        yield from ((*needs, *(decapitalise(text) if needs else text), ".") for text in finding.would_change[:1])
        return
    yield (f"The evidence on {finding.target} is undecided.",)
    yield (*capitalise(gate.reason), ".")


def _rejected(choice: Choice, finding: Finding, figures: Figures) -> Iterator[LinkedText]:
    gate = _first(finding.gates, "fail")
    if choice.compared:
        yield choice.reason
    elif gate is not None:
        yield (f"{finding.target} fails a gate.",)
    if gate is None:
        yield (*finding.reasons[0], ".")
        return
    yield (*capitalise(gate.reason), ".")
    another = needed_from_another(gate, figures)
    if another is not None:
        yield ("It can move to ", *another, ".")


def _first(gates: Sequence[GateResult], outcome: str) -> GateResult | None:
    """The safety gates come first; then as the policy lists them."""
    return min((gate for gate in gates if gate.outcome == outcome), key=lambda gate: not gate.safety, default=None)


def _who_does_what(findings: Sequence[Finding], facts: SummaryFacts) -> Iterator[LinkedText]:
    """One sentence for each target with what it takes over, and one for each place where work stays."""
    moves: dict[tuple[str, str], list[str]] = {}
    stays: dict[str, list[str]] = {}
    for finding in findings:
        work = facts.quoted(finding.workload)
        if finding.kind in SHIPS:
            after = "after fixes" if finding.kind == "fix" else "as it is"
            moves.setdefault((finding.target, after), []).append(work)
        else:
            stays.setdefault("the hosted model" if finding.route == "hosted" else "people", []).append(work)
    for (target, after), works in moves.items():
        how = "as they are" if after == "as it is" and works[1:] else after
        yield (f"{target} can take over {join_words(works)} {how}.",)
    for where, works in stays.items():
        yield (f"{join_words(works)} {'stay' if works[1:] else 'stays'} with {where}.",)


def _next(facts: SummaryFacts, ships: Sequence[Finding], figures: Figures) -> Iterator[LinkedText]:
    """The first work of the backlog with its hours; where there is none, the first flag to turn on."""
    for item in facts.backlog[:1]:
        yield (f"The next step is to {step_of(item)}, about ", figures.ref(item.hours[1]), " of work.")
        return
    flags = [rule["flag"] for one in ships for rule in facts.rules if rule.get("finding") == one.id and "flag" in rule]
    if flags:
        yield (f"The next step is to turn on the flag {flags[0]} for some staff.",)


def step_of(item: BacklogItem) -> str:
    """What to do, as words after "to": "add a readiness probe on local_27b"."""
    if item.work not in REMEDIES.names():
        title = f"{item.title[:1].lower()}{item.title[1:]}"
        return f"{OTHER_WORK[item.work].verb} {title}".lstrip() if item.work in OTHER_WORK else title
    known = REMEDIES.get(item.work)
    step = known.step or f"add {known.title}"
    return f"{step[:1].lower()}{step[1:]}{item.title.removeprefix(sentence_case(known.title))}"
