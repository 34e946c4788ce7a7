"""Lists of assertions: each kind, their negation, weights and thresholds, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, ToolCall, Verdict, Workload
from milo_bench.grade.assertions.likeness import bleu, edit_distance, rouge_n
from milo_bench.grade.engine import grade_attempt


def judged(output: str, expect: dict[str, Any], **attempt: Any) -> tuple[Verdict, ...]:
    work = Workload("work", "p", "", "", (CheckSpec("assertions", {}),))
    answered = Attempt(AttemptKey("f", "target"), "", Timings(0, 0, 1), output, **attempt)
    return tuple(grade_attempt(work, Fixture("f", "work", {}, expect), answered).verdicts)


def outcome(output: str, *assertions: dict[str, Any], threshold: float | None = None, **attempt: Any) -> str:
    expect: dict[str, Any] = {"assertions": list(assertions)}
    if threshold is not None:
        expect["assertions_threshold"] = threshold
    outcomes = {verdict.outcome for verdict in judged(output, expect, **attempt)}
    return "fail" if "fail" in outcomes else outcomes.pop()


SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("assertion", "passes", "fails"),
    [
        ({"kind": "equals", "value": "Oui"}, " Oui\n", "oui"),
        ({"kind": "equals", "value": "Oui", "casefold": True}, "OUI", "non"),
        ({"kind": "contains", "value": "é"}, "cafe\u0301", "cafe"),
        ({"kind": "contains_any", "value": ["a", "b"]}, "xb", "xc"),
        ({"kind": "contains_all", "value": ["a", "b"]}, "ba", "b"),
        ({"kind": "starts_with", "value": "Dear"}, "Dear Ms", "My Dear"),
        ({"kind": "ends_with", "value": "ever"}, "for ever", "ever so"),
        ({"kind": "regex", "value": r"\d{3}"}, "a123", "a12"),
        ({"kind": "is_json"}, '{"a": 1}', "a"),
        ({"kind": "is_json", "json_schema": SCHEMA}, '{"a": 1}', '{"a": "1"}'),
        ({"kind": "contains_json", "json_schema": SCHEMA}, 'So {b} [] {"a": 1} it is', 'So {"a": "x"}'),
        ({"kind": "json_value", "path": "a.b[1].c", "value": 2}, '{"a": {"b": [0, {"c": 2}]}}', '{"a": {"b": [0]}}'),
        ({"kind": "json_value", "path": "a.b", "value": True}, '{"a": "{\\"b\\": true}"}', '{"a": "{\\"b\\": 1}"}'),
        ({"kind": "json_value", "value": {"a": [1]}}, '{"a": [1.0]}', '{"a": ["1"]}'),
        ({"kind": "contains", "path": "[0].name", "value": "york"}, '[{"name": "new york"}]', '[{"name": "rome"}]'),
        ({"kind": "json_contains", "path": "a", "value": "Peru"}, '{"a": ["Peru"]}', '{"a": ["Peruvian"]}'),
        ({"kind": "json_contains", "path": "a", "value": "Peru"}, '{"a": "in Peru"}', '{"b": "in Peru"}'),
        ({"kind": "words", "least": 2, "most": 3}, "a b c", "a b c d"),
        ({"kind": "characters", "least": 3}, "abc", "ab"),
        ({"kind": "levenshtein", "value": "kitten", "threshold": 3}, "sitting", "sittings!"),
        ({"kind": "rouge_n", "value": "the cat sat", "threshold": 0.6}, "The cat slept", "A dog sat"),
        ({"kind": "bleu", "value": "the cat sat on the mat"}, "the cat sat on the mat", "mats on cats"),
        ({"kind": "gleu", "value": ["a dog ran", "the cat sat on the mat"]}, "the cat sat on the mat", "mats on cats"),
        ({"kind": "is_xml"}, "\n<a><b x='1'>2</b></a>", "<a><b>2</a>"),
        ({"kind": "is_xml", "value": ["a.b.c"]}, "<a><d/><b><c/></b></a>", "<a><b><d/></b></a>"),
        ({"kind": "is_xml"}, "<?xml version='1.0'?><a/>", "Here: <a/>"),
        ({"kind": "contains_xml"}, "It is <a> <b/> </a> now", "1 < 2 and 3 > 2 <b"),
        ({"kind": "contains_xml", "value": ["a.b"]}, "<x>1</x> or <a><b/></a>.", "<x>1</x> or <a><c/></a>"),
        ({"kind": "is_html"}, "<!DOCTYPE html><html><body><p>Hi<br>you<p>A</body></html>", "Hi <b>you</b>"),
        ({"kind": "is_html"}, "<h1>T</h1>\n<p>P</p>", "<div>open"),
        ({"kind": "is_html"}, '<img src="a.jpg" />', '<?xml version="1.0"?><a>b</a>'),
        ({"kind": "is_html"}, "<ul><li>a<li>b</ul>", "<order><item>1</item></order>"),
        ({"kind": "contains_html"}, 'See <a href="x">this</a>.', "a < b and b > c, R&D <me@example.com>"),
        ({"kind": "contains_html"}, "Tom &amp; <b>Ann</b>", "<b>one sign</b>"),
        (
            {"kind": "valid_tool_calls", "value": {"find": {"type": "object", "required": ["q"]}}},
            '<tool_call>{"name": "find", "arguments": {"q": 1}}</tool_call>',
            '[{"name": "find", "arguments": {}}]',
        ),
        ({"kind": "tool_calls_f1", "value": ["a", "b"], "threshold": 0.6}, '[{"name": "a"}]', '[{"name": "c"}]'),
    ],
)
def test_each_kind_passes_what_meets_it_and_its_negation_fails_it(
    assertion: dict[str, Any], passes: str, fails: str
) -> None:
    assert outcome(passes, assertion) == "pass" and outcome(fails, assertion) == "fail"
    contrary = {**assertion, "negated": True}
    assert outcome(passes, contrary) == "fail" and outcome(fails, contrary) == "pass"


def test_how_an_answer_ended_can_be_asserted() -> None:
    assert outcome("x", {"kind": "finish_reason", "value": "stop"}, finish_reason="stop") == "pass"
    assert outcome("x", {"kind": "finish_reason", "value": "stop"}, finish_reason="length") == "fail"


def test_each_assertion_has_its_own_verdict_under_its_metric() -> None:
    listed = [{"kind": "contains", "value": "a", "metric": "tone"}, {"kind": "contains", "value": "b"}]
    found = judged("a", {"assertions": listed})
    assert [(verdict.subject, verdict.outcome) for verdict in found] == [("tone", "pass"), ("2", "fail")]


def test_a_threshold_is_on_the_weighted_mean_and_weight_0_never_fails() -> None:
    a, b = {"kind": "contains", "value": "a", "weight": 3}, {"kind": "contains", "value": "b"}
    assert outcome("a", a, b, threshold=0.75) == "pass"
    assert outcome("b", a, b, threshold=0.75) == "fail"
    assert outcome("a", {**a, "weight": 1}, {**b, "weight": 0}) == "pass"
    assert outcome("x", {**a, "weight": 0}) == "skip"


def test_a_set_holds_as_a_whole_or_by_its_threshold() -> None:
    parts = [{"kind": "contains", "value": "a"}, {"kind": "contains", "value": "b"}]
    assert outcome("a", {"kind": "set", "assertions": parts}) == "fail"
    assert outcome("a", {"kind": "set", "threshold": 0.5, "assertions": parts}) == "pass"


@pytest.mark.parametrize(
    "written",
    [
        "contains",
        [{"kind": "guess"}],
        [{"kind": "contains"}],
        [{"kind": "contains", "value": [""]}],
        [{"kind": "regex", "value": "(?=a)"}],
        [{"kind": "is_json", "json_schema": {"type": 7}}],
        [{"kind": "contains", "value": "a", "weight": -1}],
        [{"kind": "set", "assertions": []}],
        [{"kind": "contains", "value": "a", "colour": "red"}],
    ],
)
def test_an_answer_is_unjudged_if_its_assertions_cannot_be_read(written: object) -> None:
    (verdict,) = judged("a", {"assertions": written})
    assert verdict.outcome == "unjudged" and "expect.assertions cannot be read" in verdict.reason


def test_likenesses_follow_their_formulas() -> None:
    assert edit_distance("kitten", "sitting", most=5) == 3
    assert edit_distance("", "abc", most=2) is None and edit_distance("abc", "", most=3) == 3
    assert edit_distance("a" * 100_000, "b" * 100_000, most=10_000) is None
    assert rouge_n("the the the", "the cat") == 0.5
    assert bleu("the the the the", ["the cat is here"]) == 0.0
    assert bleu("the cat", ["the cat sat down now"]) == pytest.approx(2.718281828 ** (1 - 5 / 2))


def test_an_answer_that_only_calls_tools_is_read_as_the_list_of_its_calls() -> None:
    calls = (ToolCall("c1", "find", '{"q": "x"}'),)
    path = {"kind": "json_value", "path": "[0].function.arguments.q", "value": "x"}
    assert outcome("", path, {"kind": "is_json"}, tool_calls=calls) == "pass"
    assert outcome("", {**path, "value": "y"}, tool_calls=calls) == "fail"
    assert outcome("", {"kind": "tool_calls_f1", "value": ["find"]}, tool_calls=calls) == "pass"


@pytest.mark.parametrize("kind", ["is_xml", "contains_xml", "is_html", "contains_html"])
@pytest.mark.parametrize(
    "text",
    [
        *("<a " * 60_000, "<!--" * 50_000, "<a>" * 60_000, "&#1" * 60_000, "<!" * 90_000, "</a" * 60_000),
        *("<a b='" * 30_000, "\ud800<a/>"),
        "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;</a>",
    ],
)
def test_markup_that_was_written_to_keep_a_reader_busy_or_to_break_it_is_only_no_markup(kind: str, text: str) -> None:
    assert outcome(text, {"kind": kind}) in ("pass", "fail")


@pytest.mark.parametrize("value", [None, [], {}, {"a": 3}, {"a": {"type": 7}}])
def test_tools_without_readable_schemas_leave_the_answer_unjudged(value: Any) -> None:
    assert outcome("[]", {"kind": "valid_tool_calls", "value": value}) == "unjudged"
