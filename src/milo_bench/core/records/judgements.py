"""What a model said of an answer, as a line of a run log; of many, the one that counts for each answer and judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from milo_bench.core.records.frozen import Frozen, Tokens
from milo_bench.core.records.licence import JudgeMethod
from milo_bench.core.records.log import AttemptKey

JUDGED: Final = "judged"  # the check that reads them
VERIFIER: Final = "verifier:"  # begins the name of a verifier: what follows is its target

# "failed": no reply came. "unread": a reply that is not what was asked for, or an answer that addresses its judge.
JudgementVerdict: TypeAlias = Literal["accept", "reject", "unread", "failed"]


class ModelJudgement(Frozen, frozen=True, tag="judgement", tag_field="type"):
    """What a model said of an answer, recorded once. Checks and routes read it and never call a model.

    ``name`` is what gates and checks call the judge (``verifier:TARGET`` for a verifier), ``judge`` the digest of its
    model, prompt and check, ``target`` who judged. ``against`` is the target whose answer it was compared with, of a
    judge of pairs. ``score`` is the likeness, where that is what judges. A later line replaces an earlier one.
    """

    key: AttemptKey
    name: str
    judge: str
    target: str
    verdict: JudgementVerdict
    answer_hash: str
    method: JudgeMethod = "rubric"
    against: str = ""
    score: float | None = None
    prompt_tokens: Tokens = 0
    output_tokens: Tokens = 0
    took_s: float = 0.0
    reason: str = ""  # as the judge gave it: a text that nobody may trust
    erased: str = ""  # what sealed the texts before they were erased


LatestJudgements: TypeAlias = Mapping[AttemptKey, Mapping[str, ModelJudgement]]


def latest_judgements(judgements: Iterable[ModelJudgement]) -> LatestJudgements:
    """By attempt (its first try) and judge's name: the last one recorded."""
    found: dict[AttemptKey, dict[str, ModelJudgement]] = {}
    for one in judgements:
        key = msgspec.structs.replace(one.key, retry=0) if one.key.retry else one.key
        found.setdefault(key, {})[one.name] = one
    return found
