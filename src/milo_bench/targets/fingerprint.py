"""A started target in, the first tokens of its answers to fixed prompts out: how it behaves, whatever its name."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from milo_bench.core import units
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Behaviour, Opening
from milo_bench.core.text import one_line
from milo_bench.targets.http.answer import finite_number

# Only equal versions are comparable: a changed prompt, number or length is another version.
VERSION: Final = 1
TIMES: Final = 2  # each prompt: how far two answers of one run differ is what two runs are judged by
TOKENS: Final = 12
# Open questions, so that many first words are nearly as likely as each other and a small change shows.
PROMPTS: Final = (
    "Write the first sentence of a story about a lighthouse.",
    "Name a colour, then say what it reminds you of.",
    "Continue: The committee met on Tuesday and",
    "Give one reason why a river changes its course.",
    "Translate into French: The invoice was paid twice.",
    'Reply with a JSON object that has the keys "city" and "year".',
    "What is 17 times 23? Explain in one sentence.",
    "List three tools that a carpenter uses.",
)
MOST_S: Final = 60.0

AnswerWhole: TypeAlias = Callable[[ChatRequest], Awaitable[Any]]
"""Sends one request without streaming, with the log-probabilities of tokens; gives its JSON, None where refused."""


async def read_behaviour(answer: AnswerWhole, *, most_s: float = MOST_S) -> Behaviour:
    """Ask every prompt once, then again. What takes too long or is refused becomes the record's problem."""
    began_s = time.monotonic()
    openings: list[list[Opening]] = [[] for _ in PROMPTS]
    problem = ""
    for _ in range(TIMES):
        asked: list[Opening] = []
        for prompt in PROMPTS:
            if time.monotonic() - began_s > most_s:
                problem = f"the prompts took more than {units.seconds(most_s)}"
                break
            try:
                opening = read_opening(await answer(ChatRequest((Message("user", prompt),), TOKENS, seed=0)))
            except MiloError as error:
                opening, problem = None, one_line(error.message, 200)
            if opening is None:
                problem = problem or "an answer had no tokens, or was refused"
                break
            asked.append(opening)
        if len(asked) < len(PROMPTS):
            break
        for place, opening in enumerate(asked):
            openings[place].append(opening)
    return Behaviour(VERSION, tuple(map(tuple, openings)) if openings[0] else (), problem)


def read_opening(data: Any) -> Opening | None:
    """The tokens of a whole answer of OpenAI's or Ollama's API; words where the server gives no tokens."""
    if not isinstance(data, Mapping):
        return None
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else data
    if not isinstance(choice, Mapping):
        return None
    given = choice.get("logprobs")
    content = given.get("content") if isinstance(given, Mapping) else given
    entries = [entry for entry in content if isinstance(entry, Mapping)] if isinstance(content, list) else []
    tokens = tuple(str(entry.get("token", ""))[:100] for entry in entries[:TOKENS])
    if tokens:
        numbers = [finite_number(entry.get("logprob")) for entry in entries[:TOKENS]]
        known = tuple(round(number, 4) for number in numbers if number is not None)
        return Opening(tokens, known if len(known) == len(tokens) else ())
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return None
    said = (message.get(name) for name in ("reasoning_content", "reasoning", "thinking", "content"))
    words = " ".join(part for part in said if isinstance(part, str)).split()
    return Opening(tuple(word[:100] for word in words[:TOKENS])) if words else None
