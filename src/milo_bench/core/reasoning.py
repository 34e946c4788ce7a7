"""A model's text in, its reasoning and the answer after it out."""

from __future__ import annotations

import re
from typing import Final

# Opening and closing marks as models and chat templates write them. One pair a family; the name after the mark
# is where it was seen.
_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3, QwQ
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reason>", "</reason>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<longcat_think>", "</longcat_think>"),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
)
# Wrappers that some of these families put around the answer itself.
_ANSWER_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
)
# gpt-oss writes channels: <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…
_CHANNEL = re.compile(r"(?:<\|start\|>[a-z]{1,20})?<\|channel\|>([a-z]{1,20})[^<]{0,80}<\|message\|>")
_CHANNEL_ENDS = ("<|end|>", "<|return|>", "<|call|>")


def split_reasoning(text: str) -> tuple[str, str]:
    """(reasoning, answer) of a text in which a server left both.

    Marks count only at the very start, where models write them: a mark inside an answer is text.
    Without its end everything is reasoning and the answer is empty. Some chat templates open the
    block themselves, so that the output has the closing mark alone; that counts where it occurs
    once. Text without marks comes back unchanged. Linear in the length of ``text``.
    """
    start = text.lstrip()
    if _CHANNEL.match(start):
        return _channels(start)
    for opening, closing in _PAIRS:
        if start.startswith(opening):
            inside, end, after = start[len(opening) :].partition(closing)
            return inside.strip(), _unwrapped(after) if end else ""
    for opening, closing in _PAIRS:
        if text.count(closing) == 1 and opening not in text:
            before, _, after = text.partition(closing)
            return before.strip(), _unwrapped(after)
    return "", text


def _unwrapped(after: str) -> str:
    """The answer that follows reasoning, without a wrapper of its own around all of it."""
    answer = after.strip()
    for opening, closing in _ANSWER_PAIRS:
        if answer.startswith(opening) and answer.endswith(closing) and answer.count(opening) == 1:
            return answer[len(opening) : -len(closing)].strip()
    return after.lstrip()


def _channels(text: str) -> tuple[str, str]:
    """Every channel's text; what stands in ``final`` is the answer, the rest is reasoning."""
    marks = list(_CHANNEL.finditer(text))
    reasoning: list[str] = []
    answer: list[str] = []
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        said = text[mark.end() : end].rstrip()
        for ending in _CHANNEL_ENDS:
            said = said.removesuffix(ending).rstrip()
        (answer if mark[1] == "final" else reasoning).append(said.strip())
    return "\n".join(reasoning), "\n".join(answer)
