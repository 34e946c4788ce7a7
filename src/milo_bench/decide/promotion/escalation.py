"""Answers of an incumbent and its escalation chain in; what each step bought, as figures and sentences, out; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from milo_bench.core import units
from milo_bench.core.records.roles import EscalationAnswer, EscalationReport, EscalationStep
from milo_bench.decide.promotion.pairs import rate_figure
from milo_bench.decide.promotion.records import RateFigure
from milo_bench.decide.promotion.wording import shown

_Answers = Sequence[EscalationAnswer]
NO_EVIDENCE: Final = (
    "Answers of escalation steps decide no role: the incumbent's rejections chose their reviews. Every model is judged "
    "by its own answers in the run."
)
WAY_HEAD: Final = ("way", "requests", "right", "faults caught", "cost", "cost per right review")


@dataclass(frozen=True)
class EscalationWay:
    """One way to get all reviews of a role answered: the incumbent alone, the chain up to a step, or all at once.

    ``right`` is the share of reviews whose last answer passes, ``caught`` the same of faulty changes alone; both None
    where no run asked. ``cost_usd`` is that of all ``requests``, None where one is unknown; ``estimated`` says that it
    is the mean cost of some, times all.
    """

    name: str
    requests: int
    right: RateFigure | None
    caught: RateFigure | None
    cost_usd: float | None
    estimated: bool = False

    @property
    def cost_per_right_usd(self) -> float | None:
        """Cost of each review that came out right; None where either is unknown, or none did."""
        if self.cost_usd is None or self.right is None or not self.right.value:
            return None
        return self.cost_usd / (self.right.value * self.right.n)


def make_step(
    target: str, number: int, answers: _Answers, incumbent: _Answers, *, log: str, at_once: _Answers
) -> EscalationStep:
    """The figures of one step from its answers, and those of the incumbent to all reviews."""
    before = {one.fixture: one.passed for one in incumbent}
    right = sum(one.passed for one in answers)
    costs = [one.cost_usd for one in answers if one.cost_usd is not None]
    latencies = [one.latency_s for one in answers if one.latency_s is not None]
    return EscalationStep(
        target=target,
        number=number,
        asked=len(answers),
        accepted=right,
        overturned=sum(one.accepts for one in answers),
        incumbent_wrong=sum(one.passed and not before[one.fixture] for one in answers),
        incumbent_right=sum(before[one.fixture] and not one.passed for one in answers),
        cost_usd=sum(costs) if costs else None,
        cost_per_accepted_usd=sum(costs) / right if costs and right else None,
        all_at_once_usd=sum(costs) / len(costs) * len(incumbent) if costs else None,
        latency_p50_s=median(latencies) if latencies else None,
        log=log,
        failed=sum(not one.answered for one in answers),
        answers=tuple(answers),
        at_once=tuple(at_once),
    )


def escalation_ways(report: EscalationReport) -> Iterator[EscalationWay]:
    """The incumbent alone, then the chain up to each step, then each step's target asked about every review at once.

    Nothing for a report that has no answers.
    """
    last = {one.fixture: one for one in report.answers}
    if not last:
        return
    costs = [one.cost_usd for one in report.answers]
    yield _way(report.incumbent, len(costs), last, _sum(costs))
    for step in report.steps:
        # Where a step gave no answer, the one before it stands.
        last |= {one.fixture: one for one in step.answers if one.answered}
        costs += _charged(step.answers)
        yield _way(f"then {step.target}", len(report.answers) + _asked(report, step), last, _sum(costs))
    for step in report.steps:
        name = f"{step.target} at once"
        if step.at_once:
            every = {one.fixture: one for one in step.at_once}
            yield _way(name, len(every), every, _sum(_charged(step.at_once)))
        else:
            yield EscalationWay(name, report.reviews, None, None, step.all_at_once_usd, estimated=True)


def recompute_escalation(report: EscalationReport) -> Iterator[str]:
    """One sentence for each step whose figures are not those of its answers."""
    for step in report.steps if report.answers else ():
        found = make_step(step.target, step.number, step.answers, report.answers, log=step.log, at_once=step.at_once)
        if found != step:
            yield f"{report.role}, escalation to {step.target}: its figures are not what its answers give"


def escalation_sentences(reports: Sequence[EscalationReport]) -> Iterator[str]:
    """One sentence or more for each role and step."""
    for report in reports:
        yield (
            f"{report.role}: the incumbent {report.incumbent} rejected {report.rejected} of {report.reviews} reviews. "
            f"After escalation {report.left} {'is' if report.left == 1 else 'are'} still rejected."
        )
        for step in report.steps:
            missing = f" {step.failed} of {step.asked} requests got no answer." if step.failed else ""
            each = f", {_usd(step.cost_per_accepted_usd)} per answer that passed" if step.accepted else ""
            yield (
                f"{report.role}, step {step.number}, {step.target}: {step.accepted} of {step.asked} answers passed, "
                f"{step.overturned} accepted the change.{missing} The incumbent was wrong and this step right in "
                f"{step.incumbent_wrong}, the reverse in {step.incumbent_right}. The step cost {_usd(step.cost_usd)}"
                f"{each}. Sending it all {report.reviews} reviews at once would cost {_usd(step.all_at_once_usd)}. "
                f"Latency p50 {_seconds(step.latency_p50_s)}."
            )


def way_cells(way: EscalationWay) -> tuple[str, ...]:
    """The cells of ``WAY_HEAD`` for one way: rates with interval and n, "unknown" for what no run has shown."""
    cost = "unknown" if way.cost_usd is None else units.dollars(way.cost_usd)
    each = way.cost_per_right_usd
    return (
        way.name,
        f"{way.requests:,}",
        "unknown" if way.right is None else shown(way.right),
        "unknown" if way.caught is None else shown(way.caught),
        f"about {cost}" if way.estimated and way.cost_usd is not None else cost,
        "unknown" if each is None else units.dollars(each),
    )


def _way(name: str, requests: int, last: Mapping[str, EscalationAnswer], cost_usd: float | None) -> EscalationWay:
    faulty = [one for one in last.values() if one.faulty]
    return EscalationWay(
        name,
        requests,
        rate_figure(sum(one.passed for one in last.values()), len(last)),
        rate_figure(sum(one.passed for one in faulty), len(faulty)),
        cost_usd,
    )


def _charged(answers: _Answers) -> list[float | None]:
    """The cost of each, without that of requests that got no answer and whose cost is unknown."""
    return [one.cost_usd for one in answers if one.answered or one.cost_usd is not None]


def _asked(report: EscalationReport, upto: EscalationStep) -> int:
    return sum(step.asked for step in report.steps if step.number <= upto.number)


def _sum(costs: Sequence[float | None]) -> float | None:
    known = [one for one in costs if one is not None]
    return sum(known) if len(known) == len(costs) else None


def _usd(value: float | None) -> str:
    return "an unknown amount" if value is None else units.dollars(value)


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else units.seconds(value)
