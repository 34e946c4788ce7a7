"""Answers of one candidate in, the one reason of the set-up for which they cannot be used out; "" for none.

What the bench, the server or the chat template did wrong is no verdict on the model, and is told before any finding.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, Literal, TypeAlias

from milo_bench.core.records import Attempt, Frozen, Workload
from milo_bench.grade.answer import read_json_answer

SetUpKind: TypeAlias = Literal[
    "cut_while_thinking", "only_thinking", "template_refused", "template_marks", "wrapped", "repetition_stopped"
]

LEAST: Final = 4  # fewer answers alike may be chance
SHARE: Final = 0.5  # of all answers: below it the model's own answers decide
# Marks that a chat template puts between messages. In an answer they say that the template is missing or another one:
# the model goes on with a conversation that nobody has ended. Nearly all families write a word between bars:
# <|im_end|>, <|channel|>, <|END_OF_TURN_TOKEN|>, <｜User｜>, [|endofturn|].
_MARKS: Final = re.compile(
    r"<\|/?[A-Za-z][A-Za-z0-9_]{1,39}\|?>|<｜[A-Za-z][A-Za-z0-9_▁]{1,39}｜>|\[\|[a-z]{2,20}\|\]"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|(?<![\w/])</s>"
)
_OPENS: Final = re.compile(r"\s*(<[A-Za-z|][^<>\n]{0,40}>|\[[A-Z_]{3,20}\]|[A-Za-z][^{}\[\]\"\n]{0,60}[:\n])")
_WORDS: Final[dict[SetUpKind, tuple[str, str]]] = {
    "cut_while_thinking": (
        "answers were cut while the model was thinking",
        "give it a budget of its own or turn it off ('thinking' under the target in bench.yaml), and run again.",
    ),
    "only_thinking": (
        "answers consist of thinking alone: the end of the thinking is not found",
        "check the server's reasoning parser or template, or set 'thinking: off' under the target, and run again.",
    ),
    "template_refused": (
        "the chat template refuses the roles of the messages",
        "set 'system: merge' under the target in bench.yaml, and run again.",
    ),
    "repetition_stopped": (
        "the runtime stopped answers that repeated one token without an end",
        "set repeat_penalty in the settings of the target, or serve the model with its own template, and run again.",
    ),
    "template_marks": (
        "answers contain marks of a chat template, so the server's template is missing or another model's",
        "serve the model with its own chat template (llama-server: --jinja or --chat-template-file), and run again.",
    ),
    "wrapped": (
        "no answer could be read as JSON, for one reason: each starts alike",
        "read one with 'milo-bench grade LOG --fixture ID', and correct prompt, template or reasoning format.",
    ),
}


class SetUpProblem(Frozen, frozen=True, omit_defaults=False):
    """``count`` of ``of`` answers have the problem. ``said`` and ``hint`` hold no number and no text of an answer."""

    workload: str
    target: str
    kind: SetUpKind
    said: str
    hint: str
    count: int
    of: int


class SetUpWatch:
    """Takes the answers of one candidate one by one."""

    def __init__(self, workload: Workload, target: str) -> None:
        self._workload, self._target = workload, target
        self._wants_json = workload.json_schema is not None
        self._kinds: Counter[SetUpKind] = Counter()
        self._answers = 0
        self._unread = 0
        self._opens: Counter[str] = Counter()

    def add(self, attempt: Attempt) -> None:
        """Take one final attempt; one that no model was asked is none."""
        if attempt.bypass:
            return
        self._answers += 1
        if attempt.failure is not None:
            kind = attempt.failure.kind
            if kind in ("cut_while_thinking", "template_refused", "repetition_stopped"):
                self._kinds[kind] += 1
            return
        thought = attempt.reasoning or attempt.usage.reasoning_tokens
        kept = not (attempt.output_hash or attempt.erased)  # a log of hashes has no texts
        if thought and kept and not attempt.output.strip() and not attempt.tool_calls:
            self._kinds["only_thinking"] += 1
        if _MARKS.search(attempt.output):
            self._kinds["template_marks"] += 1
        if self._wants_json and attempt.output.strip() and not read_json_answer(attempt.output).usable:
            self._unread += 1
            opening = _OPENS.match(attempt.output)
            if opening is not None:
                self._opens[opening[1].strip().casefold()] += 1

    def problem(self) -> SetUpProblem | None:
        """The one that most answers have, where it is most of them; a wrapper counts where every answer has it."""
        for kind, count in self._kinds.most_common(1):
            if count >= LEAST and count >= SHARE * self._answers:
                return self._told(kind, count)
        for _, count in self._opens.most_common(1):
            if count >= LEAST and count == self._unread == self._answers:
                return self._told("wrapped", count)
        return None

    def _told(self, kind: SetUpKind, count: int) -> SetUpProblem:
        said, hint = _WORDS[kind]
        return SetUpProblem(self._workload.name, self._target, kind, said, hint, count, self._answers)
