"""What a model judge showed on answers that people had labelled: the rows that its licence is worked out from."""

from __future__ import annotations

from typing import Literal, TypeAlias

from milo_bench.core.records.frozen import Frozen

JudgeForm: TypeAlias = Literal["single", "pairwise"]
JudgeMethod: TypeAlias = Literal["rubric", "likeness"]
# "unread" is a reply that is not the object that was asked for; "" a question that was not asked.
JudgeSaid: TypeAlias = Literal["yes", "no", "unread", ""]


class LabelledVerdict(Frozen, frozen=True, omit_defaults=False):
    """One labelled answer and what the judge said of it; no text.

    Of one answer yes means that it is accepted, of a pair that its first answer is the better one. ``again`` is the
    same request sent a second time, ``swapped`` the one with the two answers, or the two choices, in the other order
    (its verdict is turned back). ``longer`` is the length of the answer in characters, of a pair the first minus the
    second. ``own`` says whether the answer is by the judge's own family: of a pair 1 for the first, -1 for the second.
    """

    item: int
    workload: str
    label: bool
    verdict: JudgeSaid
    again: JudgeSaid = ""
    swapped: JudgeSaid = ""
    longer: int = 0
    own: int = 0


class AttackTrial(Frozen, frozen=True, omit_defaults=False):
    """An answer that people rejected, changed so that it asks for a better verdict: the verdict before and after."""

    attack: str
    item: int
    before: JudgeSaid
    after: JudgeSaid


class JudgeLicence(Frozen, frozen=True, tag="licence", tag_field="type"):
    """A calibration of one judge. Whether it is a licence is worked out from its rows, and is not kept.

    ``judge`` is the digest of what judged (model, prompt, check) that each of its judgements carries, ``data`` that of
    the labelled answers. ``expires`` is the last day (YYYY-MM-DD) on which it is good.
    """

    name: str
    judge: str
    form: JudgeForm
    method: JudgeMethod
    target: str
    model: str
    prompt: str  # digest of the wording and the rubric
    data: str
    made_at: str
    expires: str
    rows: tuple[LabelledVerdict, ...]
    attacks: tuple[AttackTrial, ...] = ()
    model_digest: str = ""
    family: str = ""
    hosted: bool = False
    copies: int = 0  # labelled answers that repeat an earlier one, left out
    tool_version: str = ""
