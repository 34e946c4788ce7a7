"""Lines of the gateway's audit in, what challengers and incumbents did on live work out, in pairs; no text is read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from milo_bench.config.routing.challengers import TrialMode
from milo_bench.store.audit.records import AuditedCall, AuditedRequest, AuditedShadow, AuditLine

if TYPE_CHECKING:
    from milo_bench.config.roles.file import PromotionPolicy, ReviewMinutes
    from milo_bench.decide.promotion.records import RolePair

# Checks without which an answer cannot be used at all, as in roles.outcomes.
_HARD: Final = frozenset({"answer_present", "is_json", "json_reading", "schema"})
NO_ANSWER: Final = "no answer"


@dataclass(frozen=True)
class LiveAnswer:
    """One call and how it did. ``checked``: its rule has checks of answers. ``queued``: a person got the request."""

    call: AuditedCall
    checked: bool
    queued: bool = False

    @property
    def accepted(self) -> bool:
        return not self.call.failure and not self.call.failed_checks

    @property
    def hard(self) -> bool:
        return bool(self.call.failure) or not _HARD.isdisjoint(self.call.failed_checks)

    def pain_min(self, minutes: ReviewMinutes) -> float:
        """Minutes of a person: what passes is read, the rest is written anew."""
        pain = minutes.unparsable if self.hard else minutes.read
        return min(pain + (0.0 if self.accepted else minutes.edit), minutes.most)


@dataclass
class LiveBlock:
    """Answers that are compared as one: both to one request in shadow, those of one stretch of time in a canary."""

    challenger: list[LiveAnswer] = field(default_factory=list)
    incumbent: list[LiveAnswer] = field(default_factory=list)


@dataclass
class LiveWork:
    """Everything of one challenger under one rule, oldest first."""

    rule: str
    mode: TrialMode
    incumbent: str
    challenger: str
    workloads: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    blocks: list[LiveBlock] = field(default_factory=list)
    unpaired: int = 0

    def answers(self, side: Literal["challenger", "incumbent"]) -> list[LiveAnswer]:
        return [one for block in self.blocks for one in getattr(block, side)]

    def failed(self) -> dict[str, tuple[int, int]]:
        """By check, and for calls without an answer: how often the challenger failed, and the incumbent."""
        mine, theirs = _failures(self.answers("challenger")), _failures(self.answers("incumbent"))
        return {name: (mine[name], theirs[name]) for name in sorted(mine | theirs)}

    def p50_s(self, side: Literal["challenger", "incumbent"]) -> float | None:
        times = [one.call.took_s for one in self.answers(side) if not one.call.failure]
        from statistics import median

        return median(times) if times else None

    def pairs(self, policy: PromotionPolicy) -> tuple[RolePair, ...]:
        """Challenger minus incumbent in each block, positive where the challenger is better."""
        return tuple(_pair(str(number), block, policy) for number, block in enumerate(self.blocks))


def read_challengers(lines: Iterable[AuditLine]) -> tuple[LiveWork, ...]:
    """What each challenger did beside the incumbent, by rule.

    A canary's answers are compared with those of the incumbent that came since the canary's answers before, under the
    same table: requests that it could have had as well, and a share decided by chance. Left out: requests whose client
    left or that were wrong, and answers without a counterpart.
    """
    requests: dict[str, AuditedRequest] = {}
    copies: list[AuditedShadow] = []
    sides: dict[tuple[str, str], list[AuditedRequest]] = defaultdict(list)
    for line in lines:
        if isinstance(line, AuditedShadow):
            copies.append(line)
        elif isinstance(line, AuditedRequest) and line.outcome not in ("rejected", "cancelled") and line.calls:
            if line.copied_to:
                requests[line.request] = line
            if line.trial:
                sides[line.table, line.trial_rule].append(line)
    found: dict[tuple[str, ...], LiveWork] = {}
    for copy in copies:
        work = _work(found, copy.rule, "shadow", copy.incumbent, copy.challenger)
        work.workloads.add(copy.workload)
        request = requests.get(copy.request)
        if request is None:
            work.unpaired += 1
            continue
        checked = bool(request.trial_checks)
        work.checks.update(request.trial_checks)
        mine, theirs = LiveAnswer(copy.call, checked), LiveAnswer(first_answer(request), checked)
        work.blocks.append(LiveBlock([mine], [theirs]))
    for (_, rule), requests_of in sides.items():
        _add_canaries(found, rule, requests_of)
    return tuple(found.values())


def _add_canaries(found: dict[tuple[str, ...], LiveWork], rule: str, requests: Sequence[AuditedRequest]) -> None:
    incumbent = next((one.calls[0].target for one in requests if one.trial == "control"), "")
    for challenger in dict.fromkeys(one.calls[0].target for one in requests if one.trial == "canary"):
        work = _work(found, rule, "canary", incumbent, challenger)
        block = LiveBlock()
        for one in requests:
            mine = one.trial == "canary"
            if mine and one.calls[0].target != challenger:
                continue
            if not mine and block.challenger and block.incumbent:
                work.blocks.append(block)
                block = LiveBlock()
            answer = LiveAnswer(first_answer(one), bool(one.trial_checks), queued=one.outcome == "queued")
            work.checks.update(one.trial_checks)
            (block.challenger if mine else block.incumbent).append(answer)
            work.workloads.add(one.workload)
        if block.challenger and block.incumbent:
            work.blocks.append(block)
        else:
            work.unpaired += len(block.challenger)


def _work(
    found: dict[tuple[str, ...], LiveWork], rule: str, mode: TrialMode, incumbent: str, challenger: str
) -> LiveWork:
    return found.setdefault((rule, mode, incumbent, challenger), LiveWork(rule, mode, incumbent, challenger))


def first_answer(request: AuditedRequest) -> AuditedCall:
    """The answer of the model that was asked first; a long case is answered in parts, and the last one is it."""
    first = request.calls[0].target
    return next(call for call in reversed(request.calls) if call.target == first)


def _failures(answers: Iterable[LiveAnswer]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in answers:
        found.update(one.call.failed_checks)
        found[NO_ANSWER] += bool(one.call.failure)
    return +found


def _pair(group: str, block: LiveBlock, policy: PromotionPolicy) -> RolePair:
    from statistics import fmean

    from milo_bench.decide.promotion.records import RolePair

    mine, theirs, minutes = block.challenger, block.incumbent, policy.minutes
    saved = fmean(one.pain_min(minutes) for one in theirs) - fmean(one.pain_min(minutes) for one in mine)
    return RolePair(
        group=group,
        acceptance=fmean(one.accepted for one in mine) - fmean(one.accepted for one in theirs),
        pain=saved / minutes.most,
        hard=fmean(one.hard for one in theirs) - fmean(one.hard for one in mine),
        cases=len(mine),
    )
