"""One value written in another way is the same value; another value is not, however near its digits are."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt


def outcomes(
    check: str, answer: object, expect: dict[str, Any], *, document: str = "", params: dict[str, Any] | None = None
) -> set[str]:
    workload = Workload("w", "", "", "", (CheckSpec(check, params or {}),))
    fixture = Fixture("f", "w", {"document": document}, expect)
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0.0, 0.0, 1.0), output=text)
    return {verdict.outcome for verdict in grade_attempt(workload, fixture, attempt).verdicts}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (1250, "Total 1,250.00"),
        (9.5, "Total 9.50"),
        (45.0, "Total $45"),
        ("1250", "Total 1,250"),
        (1250, "Total 1.250,00"),
        (-9.5, "Credit (9.50)"),
        (9.5, "The fee (9.50) is due"),
        (-50, "Refund -$50.00"),
        ("16655", "dossier 16.655"),
        ("84291", "claim 84 291"),
        ("0071234", "No. 007-1234"),
        ("1250.00", "Total 1250"),
    ],
)
def test_a_span_supports_a_number_however_it_is_written_there(value: object, source: str) -> None:
    document = f"Dear team,\n{source} we write.\nBye\n"
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=document) == {"pass"}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (12500, "Total 1,250.00"),
        (125000, "Total 1,250.00"),
        ("125000", "Total 1,250.00"),
        (250, "Total 1,250.00"),
        (-1250, "Total 1250"),
        (1300, "Total 1,250.00"),
        (50, "Item A50"),
        ("4291", "claim 84291"),
        ("12345", "1234 56"),
    ],
)
def test_a_span_supports_no_piece_or_multiple_of_its_number(value: object, source: str) -> None:
    document = f"Dear team,\n{source} we write.\nBye\n"
    answer = {"n": value, "source_spans": {"n": source}}
    assert outcomes("source_spans", answer, {}, document=document) == {"fail"}


@pytest.mark.parametrize("text", ["José Núñez", "réclamé", "Zoë", "Ångström", "ệ"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("gold_form", ["NFC", "NFD"])
def test_an_accent_written_apart_is_the_same_letter(text: str, form: Any, gold_form: Any) -> None:
    said, gold = unicodedata.normalize(form, text), unicodedata.normalize(gold_form, text)
    assert outcomes("exact_fields", {"n": said}, {"fields": {"n": gold}}) == {"pass"}
    assert outcomes("equals", said, {"equals": gold}) == {"pass"}
    assert outcomes("label", said, {"label": gold}, params={"labels": [gold, "other"]}) == {"pass"}
    assert outcomes("contains", f"It is {said}.", {"contains": gold}) == {"pass"}
    assert outcomes("contains_all", f"It is {said}.", {"contains_all": [gold]}) == {"pass"}
    assert outcomes("not_contains", f"It is {said}.", {"not_contains": [gold]}) == {"fail"}


def test_a_letter_without_its_accent_is_another_letter() -> None:
    assert outcomes("exact_fields", {"n": "Jose"}, {"fields": {"n": "José"}}) == {"fail"}
    assert outcomes("not_contains", "Jose", {"not_contains": ["José"]}) == {"pass"}


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("€1.25k", 1250),
        ("1.25 × 10^3", 1250),
        ("$1.25 \\times 10^{3}$", 1250),
        ("1.25e3", 1250),
        ("1,25 Mio. €", 1_250_000),
        ("It cost 1.25 million in all.", 1_250_000),
        ("£1.2bn", 1_200_000_000),
        ("minus 1250", -1250),
        ("3/4", 0.75),
        ("$\\frac{3}{4}$", 0.75),
        ("$\\boxed{3/4}$", 0.75),
        ("$\\boxed{\\dfrac{3}{4}}$", 0.75),
        (".5", 0.5),
        ("50 cents", 50),
        ("修理費は12万5千円です。", 125_000),
        ("修理費は十二万五千円です。", 125_000),
        ("维修费为一万二千五百元。", 12_500),
        ("销售额达1.2亿元。", 120_000_000),
        ("一部は十五", 15),
        ("千葉で12,500円", 12_500),
        ("三", 3),
    ],
)
def test_a_number_is_read_with_the_words_and_powers_beside_it(answer: str, number: float) -> None:
    assert outcomes("numeric", answer, {"number": number}) == {"pass"}
    assert outcomes("numeric", answer, {"number": number + 1}) == {"fail"}


@pytest.mark.parametrize("answer", ["5m wide", "Room 4/5 costs 5", "v1.5e", "12 minus"])
def test_a_letter_behind_a_number_is_no_size(answer: str) -> None:
    assert outcomes("numeric", answer, {"number": 5_000_000}) == {"fail"}


@pytest.mark.parametrize(
    ("kind", "gold", "right", "wrong"),
    [
        ("percent", "12.5%", (12.5, "12,5 Prozent", "12.5 per cent", "125‰"), (0.125, "12.5‰")),
        ("permille", "12 ‰", (12, "12‰", "1.2%", "12 Promille"), ("12%", 1.2)),
        ("number", "12 kg", (12, "12kg", "12.0 KG"), ("12 g", 13)),
        ("number", "-5", ("minus 5", "(5)", "5-"), ("5",)),
        (
            "date",
            "2026-03-04",
            ("4.III.2026", "2026-W10-3", "due 2026-03-04", "am 04.03.2026"),
            ("4.VI.2026", "2026-W10"),
        ),
    ],
)
def test_a_value_is_right_in_each_of_its_forms_and_no_other(
    kind: str, gold: str, right: tuple[Any, ...], wrong: tuple[Any, ...]
) -> None:
    params = {"kinds": {"a": kind}, "units": {"a": "kg"} if "kg" in gold else {}}
    for value, said in [*((one, "pass") for one in right), *((one, "fail") for one in wrong)]:
        assert outcomes("exact_fields", {"a": value}, {"fields": {"a": gold}}, params=params) == {said}, value


def test_an_expected_number_is_read_as_its_input_is_written() -> None:
    german = "Sehr geehrte Damen und Herren, wir haben den Schaden geprüft und werden den Betrag für Sie überweisen."
    for value, gold, said in [(1250, "1.250", "pass"), (1.25, "1.250", "fail"), (1250, "1,250", "unjudged")]:
        found = outcomes("exact_fields", {"a": value}, {"fields": {"a": gold}}, document=german, params=AS_NUMBER)
        assert found == {said}, (value, gold)


AS_NUMBER = {"kinds": {"a": "number"}}
CHOICES = {"choice": "B", "choices": ["red", "blue", "green", "yellow"]}


@pytest.mark.parametrize(
    "answer",
    [
        "not A but B", "It is not A, it is B.", "B is correct because A is wrong", "I think it is B, but could be C",
        "A) red is wrong\nB) blue is right", "It is blue, not red.", "Ⓑ", "The best choice here is B",
        "La respuesta correcta es la B", "A: no. B: yes.", "The second option", "B!", "I rule out A and C. B",
        "B because A mentions red", "Between B and C, I pick B", "### B", "1. B", "It must be B.", "I'd go with B.",
        "The answer is A. Wait, actually it is B.", "A is a trap; so B", "Step 1: A is eliminated. Therefore B.",
        "Options: A) red B) blue C) green. The answer: blue", "B. blue\n\nExplanation: A is a colour, too",
    ],
)  # fmt: skip
def test_a_choice_is_what_the_answer_leaves_over(answer: str) -> None:
    assert outcomes("multiple_choice", answer, CHOICES) == {"pass"}


@pytest.mark.parametrize(
    "answer",
    [
        "B or C", "Answer: B or C", "Either B or C", "The answer is either A or B.", "The answer is not B.", "Not B",
        "A (not B)", "B, C", "Neither A nor B", "None of the above", "The answer isn't B, it is C", "A dog",
    ],
)  # fmt: skip
def test_a_choice_of_several_or_none_or_of_what_is_ruled_out_is_wrong(answer: str) -> None:
    assert outcomes("multiple_choice", answer, CHOICES) == {"fail"}


@pytest.mark.parametrize(
    "answer",
    ["YES!", "- yes", "(yes)", "“yes”", "«Yes»", "yes,", "_yes_", "# yes", "> Yes", "y\u200bes", "ＹＥＳ", "[yes]."],
)
def test_marks_around_a_label_are_no_part_of_it(answer: str) -> None:
    assert outcomes("label", answer, {"label": "yes"}, params={"labels": ["yes", "no"]}) == {"pass"}
    assert outcomes("label", answer, {"label": "no"}, params={"labels": ["yes", "no"]}) == {"fail"}


@pytest.mark.parametrize(
    "answer",
    [
        "Label: yes", "**Label:** Yes", "label = yes", "The answer is yes.", "Category → yes", "Label:\nyes",
        "Label: yes\nReason: the roof was repaired", "Antwort: yes", "Catégorie : « yes »", "<label>yes</label>",
        r"\boxed{yes}", "1. yes", '{"label": "yes"}', '```json\n{"category": "Yes"}\n```', '{"labels": ["yes"]}',
        '{"label": "yes", "confidence": 0.9, "reason": "no doubt"}', '"yes"',
        "yes\nReason: the roof was repaired.\nNo rain came in since.", "**Yes**\n\n*Explanation:* it says so",
        "yes\n\nBecause it was repaired in May.", "Yes.\nBegründung: Das Dach ist dicht.",
        "yes\nMotivo: está en la carta",
        "Label: yes\nBecause it was repaired.\nIt is dry.", "Label:\nyes\nReason: dry", "yes\nParce qu'il est sec",
    ],
)  # fmt: skip
def test_an_answer_that_says_which_label_it_names_names_it(answer: str) -> None:
    assert outcomes("label", answer, {"label": "yes"}, params={"labels": ["yes", "no"]}) == {"pass"}
    assert outcomes("label", answer, {"label": "no"}, params={"labels": ["yes", "no"]}) == {"fail"}
    assert outcomes("label", answer, {"label": "yes"}) == {"pass"}


@pytest.mark.parametrize(
    "answer",
    [
        "not yes", "Label: not yes", "Not label: yes", "The answer is not: yes", "yes or no", "Label: yes / no", "yes?",
        "Label: yes\nLabel: no", "Label: yes\nCorrection: no", '{"label": "yes", "second": "no"}', "yes (not no)",
        "yes\nReason: unclear\nno", "yes\nReason: unclear\nCorrection: no", "yes\nReason: unclear\nThe answer is no.",
        "yes\nno\nReason: both are true", "Reason: it is yes", "not yes\nReason: it is wet", "yes\nif it is dry",
        '{"label": "yes", "category": "yes"}', '{"label": ["yes", "no"]}', '{"label": "not yes"}', '{"not": "yes"}',
        "It is surely yes", "no label", "Label: yes\nthough it may be the other", '{"label": "no", "label": "yes"}',
    ],
)  # fmt: skip
def test_a_label_that_is_denied_or_one_of_two_is_not_the_answer(answer: str) -> None:
    assert outcomes("label", answer, {"label": "yes"}, params={"labels": ["yes", "no"]}) == {"fail"}


@pytest.mark.parametrize(
    "answer",
    [
        "...", "…", ". . .", "```\n```", "```json\n\n```", "~~~\n~~~", "---", "**", '""', "“”", "<answer></answer>",
        "(…)", "# ", "...\n\n...",
    ],
)  # fmt: skip
def test_marks_around_nothing_are_no_answer(answer: str) -> None:
    assert outcomes("answer_present", answer, {}) == {"fail"}
    assert outcomes("not_contains", answer, {"not_contains": ["guarantee"]}) == {"fail"}


@pytest.mark.parametrize("answer", ["+", "-", "?", "0", "[]", "{}", "👍", "...and so on", "```\nx\n```", "C++", "n/a"])
def test_a_short_answer_is_one(answer: str) -> None:
    assert outcomes("answer_present", answer, {}) == {"pass"}
    assert outcomes("equals", "...", {"equals": "..."}) == {"pass"}, "dots may be what is expected"


@pytest.mark.parametrize(
    "answer",
    [
        "Here:\n\n| Name | Amount |\n|:--|--:|\n| A | 1,250 |\n| **B** | 5 |\n\nDone.",
        '{"name": "A", "amount": 1250}\n{"name": "B", "amount": 5}',
        '```json\n{"name": "A", "amount": 1250},\n{"name": "B", "amount": 5}\n```',
    ],
)
def test_records_in_a_table_or_line_by_line_are_a_list(answer: str) -> None:
    rows = [{"name": "A", "amount": 1250}, {"name": "B", "amount": 5}]
    assert outcomes("record_list", answer, {"rows": rows}, params={"keys": ["name"]}) - {"skip"} == {"pass"}
    assert "fail" in outcomes("record_list", answer, {"rows": [*rows, {"name": "C", "amount": 1}]})


@pytest.mark.parametrize(
    "answer",
    [
        '<tool_call>\n{"name": "find", "arguments": {"city": "Rome"}}\n</tool_call>',
        'I look it up.\n<tool_call>{"name": "find", "arguments": "{\\"city\\": \\"Rome\\"}"}</tool_call>',
        '[TOOL_CALLS] [{"name": "find", "arguments": {"city": "Rome"}}]',
        '<|python_tag|>{"name": "find", "parameters": {"city": "Rome"}}',
        '<function=find>{"city": "Rome"}</function>',
        '{"type": "tool_use", "name": "find", "input": {"city": "Rome"}}',
        '{"function_call": {"name": "find", "arguments": "{\\"city\\": \\"Rome\\"}"}}',
        '{"functionCall": {"name": "find", "args": {"city": "Rome"}}}',
        '[TOOL_CALLS]find[ARGS]{"city": "Rome"}',
        '[TOOL_CALLS]find[CALL_ID]a1[ARGS]{"city": "Rome"}',
        "<tool_call>find\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n</tool_call>",
        "<tool_call>\n<function=find>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>",
        '<function_calls><invoke name="find"><parameter name="city">Rome</parameter></invoke></function_calls>',
        '<|tool_call_begin|>functions.find:0<|tool_call_argument_begin|>{"city": "Rome"}<|tool_call_end|>',
        '<｜tool▁call▁begin｜>function<｜tool▁sep｜>find\n```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜>',
        '<｜tool▁call▁begin｜>find<｜tool▁sep｜>{"city": "Rome"}<｜tool▁call▁end｜>',
        '<|channel|>commentary to=functions.find <|constrain|>json<|message|>{"city": "Rome"}<|call|>',
        '<|START_ACTION|>[{"tool_name": "find", "parameters": {"city": "Rome"}}]<|END_ACTION|>',
        '<|action_start|><|plugin|>{"name": "find", "parameters": {"city": "Rome"}}<|action_end|>',
        '<tool_calls>[{"name": "find", "arguments": {"city": "Rome"}}]</tool_calls>',
        '<TOOLCALL>[{"name": "find", "arguments": {"city": "Rome"}}]</TOOLCALL>',
        '[find(city="Rome")]',
        "<|tool_call_start|>[find(city='Rome')]<|tool_call_end|>",
    ],
)
def test_a_call_that_its_server_left_in_the_text_is_a_call(answer: str) -> None:
    call = {"name": "find", "arguments": {"city": "Rome"}}
    assert outcomes("tool_call", answer, {"tool_calls": [call]}) == {"pass"}
    assert outcomes("tool_call", answer, {"tool_calls": [{**call, "arguments": {"city": "Oslo"}}]}) == {"fail"}
    twice = {"tool_calls": [call, call]}
    assert outcomes("tool_call", answer, twice) == {"fail"}
    if answer.startswith("<tool_call>"):
        assert outcomes("tool_call", f"{answer}\n{answer}", twice) == {"pass"}


@pytest.mark.parametrize(
    "answer",
    [
        'I would call find(city="Rome").',
        'find("Rome")',
        'find(city=__import__("os"))',
        "find(**{'city': 'Rome'})",
        "[find(city='Rome'), 3]",
        "find(" * 4_000,
        "<tool_call>find\n<arg_key>city</arg_key>\n<arg_value>Rome</tool_call>",
        '<invoke name="find"><parameter name="city">Rome</invoke>',
    ],
)
def test_what_only_looks_like_a_call_is_none(answer: str) -> None:
    assert outcomes("tool_call", answer, {"tool_calls": [{"name": "find", "arguments": {"city": "Rome"}}]}) == {"fail"}
