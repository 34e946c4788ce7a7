"""The records of a batch in, where each answer and each person is out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from milo_bench.core.hashing import sha256_text
from milo_bench.store.state.review import ReviewBatch, ReviewRecord

AGREED_WITHIN: Final = 1  # points apart that still count as agreed; more go to a third person
Given: TypeAlias = Literal["open", "saved", "unjudged", "later"]


@dataclass
class PersonsVerdict:
    """What one person gave one answer."""

    scores: dict[str, int] = field(default_factory=dict)
    state: Given = "open"
    comment: str = ""
    began_at: float = 0.0
    saved_at: float = 0.0
    saved_number: int = 0


@dataclass(frozen=True)
class Dispute:
    """Two people are two or more points apart on a question. ``settled`` is the middle score, once a third gave one."""

    item: str
    question: str
    scores: tuple[tuple[str, int], ...]  # person and score, in the order in which they were saved
    settled: int | None


class BatchStanding:
    """All that follows from the records of one batch."""

    def __init__(self, batch: ReviewBatch, items: Sequence[str], records: Sequence[ReviewRecord]) -> None:
        self.batch, self.items = batch, tuple(items)
        self.verdicts: dict[tuple[str, str], PersonsVerdict] = {}  # by item and person
        self.acts: dict[str, list[ReviewRecord]] = {}  # of each person, what was not taken back
        for record in records:
            acts = self.acts.setdefault(record.person, [])
            if record.act != "undo":
                acts.append(record)
            elif acts:
                acts.pop()
        for person, acts in self.acts.items():
            for record in acts:
                self._apply(person, record)

    def _apply(self, person: str, record: ReviewRecord) -> None:
        verdict = self.verdicts.setdefault((record.item, person), PersonsVerdict())
        verdict.began_at = verdict.began_at or record.created_at
        if record.act == "score" and record.score is not None:
            verdict.scores[record.question] = record.score
        elif record.act == "comment":
            verdict.comment = record.comment
        elif record.act == "save":
            verdict.state, verdict.saved_at, verdict.saved_number = "saved", record.created_at, record.number
        elif record.act in ("later", "unjudged"):
            verdict.state = "later" if record.act == "later" else "unjudged"
            verdict.saved_at, verdict.saved_number = record.created_at, record.number

    # ------------------------------------------------------------ answers

    def saved(self, item: str) -> list[tuple[str, PersonsVerdict]]:
        """Who saved scores of an answer, the earliest first."""
        found = [(person, one) for (id, person), one in self.verdicts.items() if id == item and one.state == "saved"]
        return sorted(found, key=lambda pair: pair[1].saved_number)

    def finished(self, item: str) -> list[str]:
        """Who is done with an answer: by scores, or by saying that it cannot be judged."""
        return [
            person for (id, person), one in self.verdicts.items() if id == item and one.state in ("saved", "unjudged")
        ]

    def disputes(self) -> list[Dispute]:
        """Where the first two people differ by more than a point, in the order of the batch."""
        found = []
        for item in self.items:
            saved = self.saved(item)
            for question in self.batch.rubric if len(saved) > 1 else ():
                given = [(person, one.scores[question]) for person, one in saved if question in one.scores]
                if len(given) > 1 and abs(given[0][1] - given[1][1]) > AGREED_WITHIN:
                    settled = sorted(score for _, score in given[:3])[1] if len(given) > 2 else None
                    found.append(Dispute(item, question, tuple(given[:3]), settled))
        return found

    def needs_third(self) -> set[str]:
        return {dispute.item for dispute in self.disputes() if dispute.settled is None}

    # ------------------------------------------------------------ people

    def assigned(self, item: str) -> tuple[str, ...]:
        """Who is to score an answer, in turn, where the batch names its people; () where everyone may."""
        people = self.batch.settings.reviewers
        if not people:
            return ()
        start = int(sha256_text(f"{self.batch.settings.seed}\x00{item}")[:8], 16)
        return tuple(people[(start + n) % len(people)] for n in range(min(self.batch.settings.each, len(people))))

    def queue(self, person: str) -> list[str]:
        """Answers that are open for a person, in their order; those put off come last."""
        third = self.needs_third()
        now: list[str] = []
        later: list[str] = []
        for item in self.items:
            verdict = self.verdicts.get((item, person))
            if verdict is not None and verdict.state in ("saved", "unjudged"):
                continue
            if not self._is_for(item, person, third):
                continue
            (later if verdict is not None and verdict.state == "later" else now).append(item)
        return now + later

    def _is_for(self, item: str, person: str, third: set[str]) -> bool:
        others = [one for one in self.finished(item) if one != person]
        named = self.batch.settings.reviewers
        if item in third:
            return person in named or not named
        assigned = self.assigned(item)
        if assigned:
            return person in assigned
        return len(others) < self.batch.settings.each

    def progress(self, person: str) -> tuple[int, int]:
        """How many answers a person is done with, and how many there are for them in all."""
        done = sum(one.state in ("saved", "unjudged") for (_, who), one in self.verdicts.items() if who == person)
        return done, done + len(self.queue(person))

    def last_act(self, person: str) -> ReviewRecord | None:
        acts = self.acts.get(person)
        return acts[-1] if acts else None

    # ------------------------------------------------------------ scores

    def scores(self) -> dict[tuple[str, str, str], int]:
        """Every saved score by item, person and question."""
        return {
            (item, person, question): score
            for (item, person), one in self.verdicts.items()
            if one.state == "saved"
            for question, score in one.scores.items()
        }

    def settled_scores(self) -> dict[tuple[str, str, str], int]:
        """As ``scores``; where a third person settled a dispute, each of the three counts as the middle score."""
        found = self.scores()
        for dispute in self.disputes():
            if dispute.settled is not None:
                for person, _ in dispute.scores:
                    found[dispute.item, person, dispute.question] = dispute.settled
        return found

    def pairs(self) -> Mapping[str, list[list[int]]]:
        """The first two people's scores of each answer, by question, in the order in which the second one saved."""
        doubled = []
        for item in self.items:
            saved = self.saved(item)
            if len(saved) > 1:
                doubled.append((saved[1][1].saved_number, saved[0][1].scores, saved[1][1].scores))
        doubled.sort(key=lambda one: one[0])
        return {
            question: [
                [one[question], other[question]] for _, one, other in doubled if question in one and question in other
            ]
            for question in self.batch.rubric
        }

    def doubled(self) -> int:
        """How many answers two people have scored."""
        return sum(len(self.saved(item)) > 1 for item in self.items)
