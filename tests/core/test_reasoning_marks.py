"""A text that is not looked into further, because no mark of thinking can be in it, has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core import reasoning
from milo_bench.core.reasoning import split_reasoning

WRITTEN = [part for pair in (*reasoning._PAIRS, *reasoning._ANSWER_PAIRS) for part in pair]
WRITTEN += ["<think>", "</think>", "<Seed:Think>", "</analysis>", *reasoning._FINAL, "assistant\n", "analysis"]
WRITTEN += [
    "assistantfinal",
    "<|im_start|>assistant\n",
    "<|channel|>final<|message|>",
    "<|end|>",
    "\ufeff",
    "\n",
    " so ",
]


@given(st.lists(st.one_of(st.sampled_from(WRITTEN), st.text(max_size=5)), max_size=7))
def test_a_text_is_read_as_if_every_one_were_looked_into(parts: list[str]) -> None:
    text = "".join(parts)
    found = split_reasoning(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reasoning, "_IN_EVERY_MARK", ("",))
        assert split_reasoning(text) == found


def test_a_plain_answer_comes_back_as_it_is() -> None:
    assert split_reasoning("  analysis of 3 > 2, assistant ") == ("", "  analysis of 3 > 2, assistant ")
