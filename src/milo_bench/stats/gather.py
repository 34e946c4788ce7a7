"""Attempts and their verdicts in, tallies for one (workload, target, decoding) out; keeps numbers, not texts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from milo_bench.core.records import Attempt, Fixture, Graded, TargetRecord

UNSUPPORTED_CHECKS = frozenset({"unsupported_facts", "citation_support"})
POLICY_CHECKS = frozenset({"banned_commitments", "policy_text", "template_current", "unresolved_request"})

# A categorised failure of one attempt, kept so that representatives can be chosen.
AttemptExample = tuple[str, str]  # attempt key as text, fixture id


@dataclass
class Tally:
    """Outcomes counted for each cluster (fixture): held and asked."""

    held: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    asked: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, cluster: str, held: float, asked: float = 1) -> None:
        self.held[cluster] += held
        self.asked[cluster] += asked


@dataclass
class Values:
    """Numbers, and the cluster (fixture) that each is of."""

    values: list[float] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)

    def add(self, cluster: str, value: float) -> None:
        self.values.append(value)
        self.clusters.append(cluster)


@dataclass
class Group:
    """Everything a scorecard needs of one (workload, target, decoding). Times in seconds."""

    workload: str
    target: TargetRecord
    decoding: str
    passed: Tally = field(default_factory=Tally)
    passed_of_answered: Tally = field(default_factory=Tally)
    failed: Tally = field(default_factory=Tally)
    bypassed: Tally = field(default_factory=Tally)
    flagged: Tally = field(default_factory=Tally)
    unsupported: Tally = field(default_factory=Tally)  # held counts attempts with an unsupported claim
    policy_broken: Tally = field(default_factory=Tally)  # held counts attempts that break policy
    by_check: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_subject: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_parts: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_tag: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_failure: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))  # held alone is counted
    right: Tally = field(default_factory=Tally)  # labels
    recalled: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    precise: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    cut: Tally = field(default_factory=Tally)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: dict[tuple[str, str], list[AttemptExample]] = field(default_factory=lambda: defaultdict(list))
    latency_s: Values = field(default_factory=Values)
    ttft_s: Values = field(default_factory=Values)
    decode_tokens_per_s: Values = field(default_factory=Values)
    prompt_tokens: Values = field(default_factory=Values)
    output_tokens: Values = field(default_factory=Values)
    cost_usd: Values = field(default_factory=Values)
    retries: int = 0

    def add(self, attempt: Attempt, graded: Graded, fixture: Fixture) -> None:
        """Count one attempt (the last retry of its key)."""
        cluster = fixture.id
        answered = attempt.failure is None
        self.passed.add(cluster, graded.passed is True)
        self.failed.add(cluster, not answered)
        self.bypassed.add(cluster, bool(attempt.bypass))
        for tag in fixture.tags:
            self.by_tag[tag].add(cluster, graded.passed is True)
        self._add_times(attempt, cluster)
        if attempt.failure is not None:
            self.by_failure[attempt.failure.kind].add(cluster, 1, 0)
            return
        if not attempt.bypass:
            self.passed_of_answered.add(cluster, graded.passed is True)
        self._add_verdicts(attempt, graded, fixture)

    def _add_verdicts(self, attempt: Attempt, graded: Graded, fixture: Fixture) -> None:
        key = key_text(attempt)
        flagged = False
        held_by_check: dict[str, bool] = {}
        looked_for_unsupported = False
        for verdict in graded.verdicts:
            flagged |= verdict.outcome == "flag"
            looked_for_unsupported |= verdict.check in UNSUPPORTED_CHECKS
            if verdict.outcome == "skip":
                continue
            held = verdict.outcome == "pass"
            if verdict.outcome == "flag":
                self.categories[(verdict.check, verdict.category or "flagged")].append((key, fixture.id))
                held_by_check.setdefault(verdict.check, True)
                held_by_check[verdict.check] = False
                continue
            held_by_check[verdict.check] = held_by_check.get(verdict.check, True) and held
            if verdict.subject:
                self.by_subject[(verdict.check, verdict.subject)].add(fixture.id, held)
            if verdict.parts is not None and verdict.parts > 0:
                self.by_parts[verdict.check].add(fixture.id, verdict.parts_held or 0, verdict.parts)
            if verdict.check == "label":
                self._add_label(fixture.id, verdict.expected, verdict.got)
            if not held:
                self.categories[(verdict.check, verdict.category or "failed")].append((key, fixture.id))
        for check, held in held_by_check.items():
            self.by_check[check].add(fixture.id, held)
        self.flagged.add(fixture.id, flagged)
        if looked_for_unsupported:
            # Such a check skips where it finds nothing; the answer was looked at all the same.
            broken = [check for check in held_by_check.keys() & UNSUPPORTED_CHECKS if not held_by_check[check]]
            self.unsupported.add(fixture.id, bool(broken))
        policies = held_by_check.keys() & POLICY_CHECKS
        if policies:
            self.policy_broken.add(fixture.id, not all(held_by_check[check] for check in policies))

    def _add_label(self, cluster: str, want: str, got: str) -> None:
        self.confusion[(want, got)] += 1
        self.right.add(cluster, want == got)
        self.recalled[want].add(cluster, want == got)
        self.precise[got].add(cluster, want == got)

    def _add_times(self, attempt: Attempt, cluster: str) -> None:
        if attempt.bypass:
            return  # no model was called, so there is nothing to time or pay for
        if attempt.failure is not None:
            self.latency_s.add(cluster, float("inf"))
            self.ttft_s.add(cluster, float("inf"))
            return
        times = attempt.timings
        self.latency_s.add(cluster, times.latency_s)
        self.ttft_s.add(cluster, times.ttft_s if times.ttft_s is not None else times.latency_s)
        self.cut.add(cluster, attempt.finish_reason == "length")
        usage = attempt.usage
        if usage.prompt_tokens is not None:
            self.prompt_tokens.add(cluster, usage.prompt_tokens)
        if usage.completion_tokens is not None:
            self.output_tokens.add(cluster, usage.completion_tokens)
            decode_s = times.ended_s - times.first_content_s if times.first_content_s is not None else 0.0
            if usage.completion_tokens > 1 and decode_s > 0:
                # The first token's time belongs to the prompt, so it is counted in neither.
                self.decode_tokens_per_s.add(cluster, (usage.completion_tokens - 1) / decode_s)
        price = self.target.price
        if price is not None and usage.prompt_tokens is not None and usage.completion_tokens is not None:
            self.cost_usd.add(
                cluster,
                (usage.prompt_tokens * price.input_usd_per_mtok + usage.completion_tokens * price.output_usd_per_mtok)
                / 1e6,
            )


def key_text(attempt: Attempt) -> str:
    """An attempt's key as one word: ``fixture/target/repeat/decoding`` and ``/retry`` where there was one."""
    key = attempt.key
    retry = f"/{key.retry}" if key.retry else ""
    return f"{key.fixture}/{key.target}/{key.repeat}/{key.decoding}{retry}"
