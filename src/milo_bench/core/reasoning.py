"""A model's text in, its reasoning and the answer after it out."""

from __future__ import annotations

import re
from typing import Final

# Opening and closing marks as models and chat templates write them. One pair a family; the name after the mark
# is where it was seen.
_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("<unused94>", "<unused95>"),  # MedGemma
    ("<ctrl94>", "<ctrl95>"),
    ("<|think|>", "<|/think|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|start_of_role|>thought<|end_of_role|>", "<|end_of_text|>"),  # Granite
    ("Here is my thought process:", "Here is my response:"),  # Granite 3.2
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("Thinking...\n", "...done thinking."),  # as Ollama's command line prints it
)
# Tags that models write, with whatever attributes and in whatever case: <think> of DeepSeek-R1, Qwen3 and QwQ,
# <seed:think> of Seed-OSS, <mm:think> of MiniMax.
_THINKING_TAGS: Final = (
    "(?:[a-z]{1,12}[:_-])?(?:think|thinking|thoughts?|reasoning)(?:[_-](?:process|block|steps?|content|trace|fast(?:er)?))?|"
    "reason|chain[_-]of[_-]thoughts?|cot|(?:inner|internal)[_-]monologue|思考|推理|思维|思考过程"
)
# Angle brackets as they are, full-width, and as HTML writes them.
_OPEN: Final = r"(?:[<＜〈]|&lt;)\s{0,2}"
_CLOSE: Final = r"\s{0,2}(?:[>＞〉]|&gt;)"
_SLASH: Final = r"[/／]\s{0,2}"
# Tags that a prompt may ask for as well: they hold thinking only where an answer follows.
_PERHAPS_TAGS: Final = "analysis|scratchpad|reflection|plan"
_TAG = re.compile(
    rf"{_OPEN}(?P<name>{_THINKING_TAGS}|(?P<perhaps>{_PERHAPS_TAGS}))(?:\s[^<>]{{0,80}}?)?{_CLOSE}", re.IGNORECASE
)
_CLOSING = re.compile(rf"{_OPEN}{_SLASH}(?P<name>{_THINKING_TAGS}){_CLOSE}", re.IGNORECASE)
_ROLE = re.compile(r"(?:<\|im_start\|>)?assistant\s*\n", re.IGNORECASE)  # left over by a chat template
# gpt-oss without its marks, as a server writes it that drops special tokens.
_BARE_CHANNELS = re.compile(r"analysis(?P<inside>.*)assistantfinal(?P<after>.*)", re.DOTALL)
_MOST_CHARS: Final = 8_000_000
_MOST_BLOCKS: Final = 8  # of thinking, one after the other
# Wrappers that some of these families put around the answer itself.
_ANSWER_PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("<answer>", "</answer>"),
    ("<response>", "</response>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|begin_of_box|>", "<|end_of_box|>"),  # GLM-4.1V
)
# Words that a model writes before its answer, with a mark only there (Apriel).
_FINAL: Final = ("[BEGIN FINAL RESPONSE]", "[END FINAL RESPONSE]")
_UNSEEN: Final = "\ufeff\u200b\u2060"  # what a server may put before the first letter
# gpt-oss writes channels: <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…
# A call names who is called in either head, and the kind of what is in it:
# <|start|>assistant to=functions.find<|channel|>commentary <|constrain|>json<|message|>…<|call|>
_CHANNEL = re.compile(
    r"(?:<\|start\|>[^<]{1,80})?<\|channel\|>([a-z]{1,20})[^<]{0,80}(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
)
_CHANNEL_ENDS = ("<|end|>", "<|return|>", "<|call|>")


# Without any of these in it, no text has a mark.
_SIGNS: Final = (
    "<",
    "[",
    "&",
    "analysis",
    "＜",
    "〈",
    "◁",
    *(mark for pair in _PAIRS for mark in pair if mark[0] in "HT."),
)


def split_reasoning(text: str) -> tuple[str, str]:
    """(reasoning, answer) of a text in which a server left both.

    Marks count only at the very start, where models write them: a mark inside an answer is text.
    Without its end everything is reasoning and the answer is empty. Some chat templates open the
    block themselves, so that the output has the closing mark alone; that counts where it occurs
    once. Text without marks comes back unchanged. Linear in the length of ``text``.
    """
    for sign in _SIGNS:
        if sign in text:
            return _split_marked(text)
    return "", text


def _split_marked(text: str) -> tuple[str, str]:
    start = text.lstrip().lstrip(_UNSEEN).lstrip()
    if _CHANNEL.match(start):
        return _channels(start)
    if bare := _BARE_CHANNELS.fullmatch(start):
        return bare["inside"].strip(), bare["after"].strip()
    if start.count(_FINAL[0]) == 1:
        before, _, after = start.partition(_FINAL[0])
        return before.strip(), after.partition(_FINAL[1])[0].strip()
    role = _ROLE.match(start)
    rest = start[role.end() :].lstrip() if role else start
    reasoning: list[str] = []
    for _ in range(_MOST_BLOCKS):
        block = _first_block(rest)
        if block is None or (reasoning and not block[1] and rest.rstrip().endswith(">")):
            break  # what is left is the answer, in whatever tags
        reasoning.append(block[0])
        rest = block[1]
    if reasoning:
        rest = _without_later(start, rest, reasoning)
        return "\n".join(filter(None, reasoning)), _unwrapped(rest)
    return _closed_only(text) or ("", text)


def _without_later(start: str, rest: str, reasoning: list[str]) -> str:
    """``rest`` without the blocks of thinking between parts of an answer that began with such a block."""
    tag = _TAG.match(start)
    if tag is None or tag["perhaps"]:
        return rest
    name = re.escape(tag["name"])
    later = re.compile(rf"{_OPEN}{name}{_CLOSE}(?P<inside>.*?){_OPEN}{_SLASH}{name}{_CLOSE}", re.IGNORECASE | re.DOTALL)
    if f"{tag['name'].casefold()}" not in rest.casefold() or later.search(rest) is None:
        return rest
    reasoning.extend(match["inside"].strip() for match in later.finditer(rest))
    return later.sub("", rest)


def _first_block(start: str) -> tuple[str, str] | None:
    """The thinking that a text begins with and what comes after it; None where it begins otherwise."""
    for opening, closing in _PAIRS:
        if start.startswith(opening):
            inside, end, after = start[len(opening) :].partition(closing)
            if end or not opening[0].isalpha():  # words alone may begin any answer
                return inside.strip(), after.lstrip()
    tag = _TAG.match(start)
    if tag is None:
        return None
    closed = _closing(start, tag)
    after = start[closed.end() :].lstrip() if closed else ""
    if tag["perhaps"] and not after:
        return None
    return start[tag.end() : closed.start() if closed else len(start)].strip(), after


def _closing(text: str, tag: re.Match[str]) -> re.Match[str] | None:
    """The end of the block that ``tag`` opens. Blocks of its name inside it end first, where each of them does."""
    same = re.compile(rf"{_OPEN}(?P<slash>{_SLASH})?{re.escape(tag['name'])}{_CLOSE}", re.IGNORECASE)
    first: re.Match[str] | None = None
    depth = 1
    for mark in same.finditer(text, tag.end()):
        depth += -1 if mark["slash"] else 1
        first = first or (mark if mark["slash"] else None)
        if depth == 0:
            return mark
    return first


def _closed_only(text: str) -> tuple[str, str] | None:
    """Thinking that a chat template opened itself: the output has the closing mark alone, once."""
    for opening, closing in _PAIRS:
        if text.count(closing) == 1 and opening not in text and not closing[0].isalpha():
            before, _, after = text.partition(closing)
            return before.strip(), _unwrapped(after)
    found = list(_CLOSING.finditer(text[:_MOST_CHARS]))
    if len(found) == 1 and _TAG.search(text) is None:
        return text[: found[0].start()].strip(), _unwrapped(text[found[0].end() :])
    return None


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
