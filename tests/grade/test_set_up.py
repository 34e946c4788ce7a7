"""A problem of the set-up, told before any finding: cut while thinking, a refusing template, its marks, a wrapper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Failure, FailureKind, Timings, ToolCall, Usage, Workload
from milo_bench.grade.set_up import SetUpProblem, SetUpWatch

JSON = Workload("extraction", "p", "", "", (), json_schema={"type": "object"})
TEXT = Workload("draft", "p", "", "", ())
TIMES = Timings(0.0, 0.0, 1.0)


def seen(outputs: Sequence[str], workload: Workload = JSON, failure: FailureKind | None = None) -> SetUpProblem | None:
    watch = SetUpWatch(workload, "small")
    for number, output in enumerate(outputs):
        why = None if failure is None or output else Failure(failure, "")
        watch.add(Attempt(AttemptKey(f"f{number}", "small"), "", TIMES, output=output, failure=why))
    return watch.problem()


@pytest.mark.parametrize("kind", ["cut_while_thinking", "template_refused"])
def test_failures_of_the_set_up_are_told_where_they_are_most_of_the_answers(kind: FailureKind) -> None:
    found = seen(["", "", "", "", "{}", "{}"], failure=kind)
    assert found is not None and (found.kind, found.count, found.of) == (kind, 4, 6)
    assert seen(["", "", "", *["{}"] * 9], failure=kind) is None, "a few long ones are the model's own"


def test_answers_that_stay_in_their_thinking_are_a_problem_of_the_set_up() -> None:
    def told(**more: Any) -> SetUpProblem | None:
        watch = SetUpWatch(TEXT, "small")
        for number in range(5):
            watch.add(Attempt(AttemptKey(f"f{number}", "small"), "", TIMES, finish_reason="stop", **more))
        return watch.problem()

    found = told(reasoning="long thoughts")
    assert found is not None and found.kind == "only_thinking"
    assert told(usage=Usage(3, 9, reasoning_tokens=9)) is not None, "a log without the texts of thinking"
    assert told() is None, "an answer may be empty, and then it is the model's"
    assert told(reasoning="hm", output="yes") is None
    assert told(reasoning="hm", tool_calls=(ToolCall("a", "find", "{}"),)) is None
    assert told(usage=Usage(3, 9, reasoning_tokens=9), output_hash="ab") is None, "a log of hashes"


@pytest.mark.parametrize(
    "mark",
    [
        "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "[/INST]", "</s>", "<|assistant|>", "<\uff5cUser\uff5c>",
        "<|END_OF_TURN_TOKEN|>", "<|start_of_role|>", "<|channel|>", "<|header_start|>", "[|endofturn|]", "<|eom_id|>",
        "<|im_middle|>", "<|turn>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<</SYS>>",
    ],
)  # fmt: skip
def test_marks_of_a_template_in_answers_say_that_the_template_is_missing(mark: str) -> None:
    found = seen([f"Dear Sir,{mark}\nuser"] * 5, TEXT)
    assert found is not None and found.kind == "template_marks"


@pytest.mark.parametrize(
    "text",
    [
        "<p>Dear Sir</p>",
        "see <https://example.org>",
        "<s>struck</s>",
        "a | b |",
        "f <| g |> h",
        "x<|y",
        "[|a|]",
        "{|b|}",
    ],
)
def test_markup_of_an_ordinary_answer_is_no_template(text: str) -> None:
    assert seen([text] * 5, TEXT) is None


@pytest.mark.parametrize("opening", ["<answer>", "[TOOL_CALLS]", "Sure, here is the result:\n"])
def test_answers_that_all_start_alike_and_are_all_unreadable_have_one_reason(opening: str) -> None:
    outputs = [f"{opening}id: {number}" for number in range(5)]
    found = seen(outputs)
    assert found is not None and (found.kind, found.count) == ("wrapped", 5)
    assert seen([*outputs, '{"id": 1}']) is None, "one that could be read says that the set-up works"


def test_a_model_that_fails_in_many_ways_has_no_problem_of_its_set_up() -> None:
    assert seen(["no", "I cannot say: sorry", "maybe\n1", "{broken", "??"]) is None
    assert seen([]) is None


def test_what_is_told_holds_no_number_and_no_text_of_an_answer() -> None:
    found = seen(["<secret-4711>x"] * 6)
    assert found is not None
    assert not any(char.isdigit() for char in found.said + found.hint) and "secret" not in found.said + found.hint
