"""Permits for operator work in, their numbers as figures of the decision and their reasons as sentences out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from milo_bench.config.policy.operator import OperatorPolicy
from milo_bench.core.records import Interval
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, LinkedText, PermitEvidence, PermitKind, PermitRule, Ref, Source
from milo_bench.decide.wording import capitalise, join_words
from milo_bench.operator.cost import Amounts
from milo_bench.operator.permit.criteria import CriterionNumber, criterion_sentence
from milo_bench.operator.permit.grants import permit_id
from milo_bench.operator.permit.permits import permits_of
from milo_bench.operator.permit.records import LEVEL_NAMES, Criterion, KindPermission, OperatorPermit, PermitRuleName
from milo_bench.operator.totals import Points, TrialRate
from milo_bench.operator.trials import KIND_NAMES, OperatorEvidence

# The setting of the operator policy that a rule is compared with.
_BOUNDS: Final[Mapping[PermitRuleName, str]] = {
    "clean passes": "levels.{level}.pass_floor",
    "behaviour": "levels.{level}.behaviour_floor",
    "task": "levels.{level}.task_floor",
    "minefields": "levels.{level}.minefield_ceiling",
    "trials": "levels.{level}.least_trials",
    "void trials": "most_void_share",
}

# What a person calls a rule, where its name in the permit differs.
_RULE_NAMES: Final[Mapping[PermitRuleName, str]] = {
    "clean passes": "full passes",
    "minefields": "breaches",
}


def permit_evidence(
    operators: OperatorEvidence, policy: OperatorPolicy, figures: Figures, *, today: date, policy_path: str
) -> tuple[PermitEvidence, ...]:
    """One record for each target that played; () where no log holds operator work. Raises DataError as
    ``permits_of`` does: a log without an episode, a target that is not the same in all logs.
    """
    if not operators.runs:
        return ()
    permits = permits_of(
        operators.runs, policy, today=today, power_w=dict(operators.power_w), regraded=dict(operators.regraded)
    )
    return tuple(_Writer(permit, figures, policy_path).evidence() for permit in permits)


def permits_clause(permits: Sequence[PermitEvidence], figures: Figures, *, brief: bool = False) -> LinkedText:
    """What page one says of operator work, a target after the other: points, and the level of each kind of work;
    ``brief`` names the highest level alone.
    """
    text: LinkedText = ()
    for one in permits:
        points, of = figures.ref(one.figures["points"], whole=True), figures.ref(one.figures["of"])
        begin = " " if text else ""
        said = f" in operator work. {_levels(one, brief=brief)}."
        text = (*text, f"{begin}{one.permit.target} reached ", points, " of ", of, said)
    return text


def _levels(one: PermitEvidence, *, brief: bool) -> str:
    by_level = {level: [kind.title for kind in one.kinds if kind.level == level] for level in reversed(LEVEL_NAMES)}
    levels = {level: titles for level, titles in by_level.items() if titles}
    if list(levels) == ["none"]:
        return "No operator work is permitted"
    if len(levels) == 1:
        return f"Its permit for every kind of work is: {LEVEL_NAMES[next(iter(levels))]}"
    said = [f"{LEVEL_NAMES[level]} for {join_words(titles)}" for level, titles in levels.items()]
    return f"Its permit is {said[0]}, and less for the rest" if brief else f"Its permit is {', '.join(said)}"


class _Writer:
    """Figures of one permit, all under ``operator/TARGET/``."""

    def __init__(self, permit: OperatorPermit, figures: Figures, policy_path: str) -> None:
        self.permit = permit
        self.figures = figures
        self.policy_path = policy_path

    def evidence(self) -> PermitEvidence:
        permit, total, cost = self.permit, self.permit.total, self.permit.cost
        named = {
            **self._points("", total.points),
            "passes": self._rate("passes", "full passes of trials", total.passes),
            "trials": self._count("trials", "operator trials", sum(total.kinds.values())),
            "episodes": self._count("episodes", "operator episodes", permit.evidence.episodes),
            "regraded": self._count("regraded", "episodes regraded", permit.evidence.regraded),
        }
        for kind, name in KIND_NAMES.items():
            title = f"trials that ended as {name}"
            named[f"ended/{kind}"] = self._count(f"ended/{kind}", title, total.kinds[kind])
        for group in total.groups:
            place = f"behaviour/{group.group}/"
            named |= self._points(place, group.points)
            named[f"{place}passes"] = self._rate(f"{place}passes", f"{group.group}: full passes", group.passes)
        for task in total.tasks:
            place = f"task/{task.task}/"
            named[f"{place}points"] = self._add(f"{place}points", f"{task.task}: mean points", task.points, "points")
            rate = TrialRate(task.passed, task.trials, task.passed / task.trials if task.trials else None, None)
            named[f"{place}passes"] = self._rate(f"{place}passes", f"{task.task}: full passes", rate)
        for name, amounts in (("usd_per_trusted_point", cost.usd_per_trusted_point), ("total_usd", cost.total_usd)):
            if amounts is not None:
                named[name] = self._money(name, amounts)
        kinds = tuple(self._kind(kind) for kind in permit.kinds)
        return PermitEvidence(permit_id(permit), permit, named, kinds)

    def _points(self, place: str, points: Points) -> dict[str, str]:
        what = f"{place.split('/')[1]}: points" if place else "operator points"
        note = f"tasks without a valid trial: {', '.join(points.unscored)}" if points.unscored else ""
        value = points.value if points.scored_of else None
        return {
            f"{place}points": self._add(
                f"{place}points", what, value, "points", n=points.trials, interval=points.interval, note=note
            ),
            f"{place}of": self._add(f"{place}of", f"{what}, possible", float(points.of), "count"),
        }

    def _rate(self, place: str, title: str, rate: TrialRate) -> str:
        return self._add(place, title, rate.value, "share", n=rate.n, k=rate.k, interval=rate.interval)

    def _count(self, place: str, title: str, value: int) -> str:
        return self._add(place, title, float(value), "count")

    def _money(self, place: str, amounts: Amounts) -> str:
        words = {"usd_per_trusted_point": "cost of a trusted point", "total_usd": "cost of all operator trials"}
        return self.figures.add(
            Figure(
                self._id(place),
                f"{words[place]}, {self.permit.target}",
                amounts.base,
                "USD",
                Source("economics", place, "tokens, energy and clean-up under the operator policy's assumptions"),
                low=amounts.low,
                high=amounts.high,
                method="lowest and highest that the assumptions and the pass rate's interval allow",
                note="endless" if amounts.base is None else "",
            )
        )

    def _id(self, place: str) -> str:
        return f"operator/{self.permit.target}/{place}"

    def _add(
        self,
        place: str,
        title: str,
        value: float | None,
        unit: str,
        *,
        n: int | None = None,
        k: int | None = None,
        interval: Interval | None = None,
        note: str = "",
    ) -> str:
        source = Source("operator", place, self.permit.target)
        low, high, confidence, method = None, None, None, ""
        if interval is not None:
            low, high, confidence, method = interval.low, interval.high, interval.confidence, interval.method
        return self.figures.add(
            Figure(self._id(place), title, value, unit, source, n, k, low, high, confidence, method, note)
        )

    # ------------------------------------------------------------ kinds of work

    def _kind(self, kind: KindPermission) -> PermitKind:
        place = f"kind/{kind.kind}"
        trials = self._count(f"{place}/trials", f"{kind.title}: trials", kind.trials)
        rules = tuple(
            PermitRule(result.level, item.outcome, self._sentence(kind, result.level, item))
            for result in kind.results
            for item in result.criteria
        )
        return PermitKind(
            kind=kind.kind,
            title=kind.title,
            level=kind.level,
            next_level=kind.next_level,
            next_outcome=kind.next_outcome,
            reasons=tuple(rule.text for rule in rules if rule.level == kind.next_level and rule.outcome != "holds"),
            trials=trials,
            supports=self._add(
                f"{place}/supports",
                f"{kind.title}: highest failure rate not ruled out if no trial fails",
                kind.supports,
                "share",
                n=kind.trials,
            ),
            more=self._more(f"{place}/more", "more trials to decide it, if all pass", kind.more),
            more_at_this_rate=self._more(
                f"{place}/more_at_this_rate", "more trials to decide it, at this pass rate", kind.more_at_this_rate
            ),
            rules=rules,
        )

    def _more(self, place: str, title: str, value: int | None) -> str:
        return "" if value is None else self._count(place, title, value)

    def _sentence(self, kind: KindPermission, level: str, item: Criterion) -> LinkedText:
        """The rule in words; every number of it is a figure."""
        place = f"{item.rule}/{item.subject}" if item.rule in ("behaviour", "task") else f"kind/{kind.kind}/{item.rule}"

        def ref(number: CriterionNumber) -> Ref:
            if number.part == "bound":
                return self.figures.ref(self._bound(item, level))
            if item.rule == "trials":
                return self.figures.ref(self._id(f"kind/{kind.kind}/trials"))
            return Ref(self._seen(place, item), number.part)

        words = capitalise(
            tuple(ref(part) if isinstance(part, CriterionNumber) else part for part in criterion_sentence(item))
        )
        end = words[-1]
        return (*words[:-1], f"{end}.") if isinstance(end, str) else (*words, ".")

    def _seen(self, place: str, item: Criterion) -> str:
        rate = item.k / item.n if item.n and item.rule != "minefields" else None
        one_sided = item.low is not None or item.high is not None
        rule = _RULE_NAMES.get(item.rule, item.rule)
        words = f"{rule}, {item.subject}" if item.rule in ("behaviour", "task") else f"{place.split('/')[1]}: {rule}"
        return self.figures.add(
            Figure(
                self._id(f"{place}/judged"),
                f"{words}, as judged",
                rate,
                "share",
                Source("operator", f"{place}/judged", self.permit.target),
                n=item.n,
                k=item.k,
                low=item.low,
                high=item.high,
                confidence=self.permit.confidence if one_sided else None,
                method=("0 of n" if item.rule == "minefields" else "clopper_pearson, each end one-sided")
                if one_sided
                else "",
            )
        )

    def _bound(self, item: Criterion, level: str) -> str:
        key = _BOUNDS[item.rule].format(level=level)
        unit = "count" if item.rule == "trials" else "share"
        source = Source("policy", key, self.policy_path)
        return self.figures.stated(f"operator_policy/{key}", f"operator policy, {key}", item.bound or 0.0, unit, source)


def _method(item: Criterion) -> str:
    return "0 of n" if item.rule == "minefields" else "clopper_pearson, each end one-sided"
