"""promptfoo's assertions on tools, SQL and the rest: each kind is carried over, or refused with what to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.importing.importer import ImportRequest
from tests.suites.sheets.workbooks import workbook
from tests.suites.test_promptfoo import imported, imported_promptfoo, promptfoo_tests

TOOLS = """\
prompts: ['What is the weather in {{city}}?']
providers:
  - id: some:model
    config:
      tools: file://tools.yaml
tests:
  - vars: {city: Boston}
    assert:
      - {type: is-valid-openai-tools-call}
      - {type: tool-call-f1, value: 'get_weather'}
      - {type: javascript, value: "output[0].function.name === 'get_weather'"}
      - {type: javascript, value: "JSON.parse(output[0].function.arguments).city === 'Boston'"}
"""


@pytest.mark.parametrize(
    "tools",
    [
        "- type: function\n  function: {name: get_weather, parameters: {type: object, required: [city]}}\n",
        "- {name: get_weather, input_schema: {type: object, required: [city]}}\n",
        "- toolSpec: {name: get_weather, inputSchema: {json: {type: object, required: [city]}}}\n",
        "- {type: function, definition: {schema: {name: get_weather, parameters: {type: object, required: [city]}}}}\n",
        "functionDeclarations: [{name: get_weather, parameters: {type: object, required: [city]}}]\n",
    ],
)
@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ('[{"function": {"name": "get_weather", "arguments": {"city": "Boston"}}}]', True),
        ('[{"function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Boston\\"}"}}]', True),
        ('[{"function": {"name": "get_weather", "arguments": {"town": "Boston"}}}]', False),
        ('[{"function": {"name": "get_time", "arguments": {"city": "Boston"}}}]', False),
        ("Sunny.", False),
    ],
)
def test_promptfoo_s_tools_are_offered_in_the_prompt_and_calls_follow_their_schemas(
    tmp_path: Path, tools: str, answer: str, passed: bool
) -> None:
    (tmp_path / "tools.yaml").write_text(tools)
    source = tmp_path / "promptfooconfig.yaml"
    source.write_text(TOOLS)
    report, out = imported(ImportRequest(source), tmp_path)
    assert not report.broken and [problem.what for problem in report.not_carried] == ["'providers'"]
    suite = load_suite(str(out))
    (fixture,) = suite.fixtures
    workload = suite.workloads[fixture.workload]
    assert "get_weather" in render_prompt(workload, {"input": fixture.input})[0].content
    key = AttemptKey(fixture=fixture.id, target="written by hand")
    attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=answer)
    assert grade_attempt(workload, fixture, attempt).passed is passed


PROMPTFOO_KINDS = (
    "answer-relevance", "bleu", "classifier", "contains", "contains-all", "contains-any", "contains-html",
    "contains-json", "contains-sql", "contains-xml", "context-faithfulness", "context-recall", "context-relevance",
    "conversation-relevance", "cost", "equals", "factuality", "finish-reason", "g-eval", "gleu", "guardrails",
    "icontains", "icontains-all", "icontains-any", "is-html", "is-json", "is-refusal", "is-sql",
    "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "is-xml", "javascript",
    "latency", "levenshtein", "llm-rubric", "pi", "meteor", "model-graded-closedqa", "model-graded-factuality",
    "moderation", "perplexity", "perplexity-score", "python", "regex", "rouge-n", "ruby", "similar", "similar:cosine",
    "similar:dot", "similar:euclidean", "starts-with", "tool-call-f1", "skill-used", "trajectory:goal-success",
    "trajectory:tool-args-match", "trajectory:step-count", "trajectory:tool-sequence", "trajectory:tool-used",
    "trace-error-spans", "trace-span-count", "trace-span-duration", "search-rubric", "agent-rubric", "webhook",
    "word-count", "select-best", "human", "max-score", "promptfoo:redteam:harmful",
)  # fmt: skip


@pytest.mark.parametrize("kind", PROMPTFOO_KINDS)
@pytest.mark.parametrize("prefix", ["", "not-"])
def test_every_kind_of_promptfoo_s_assertions_is_carried_or_refused_with_what_to_do(
    tmp_path: Path, kind: str, prefix: str
) -> None:
    value = {"finish-reason": "stop", "word-count": 3, "contains-json": None, "is-json": None}.get(kind, "abc")
    value = "output === 'a'" if kind == "javascript" else "output == 'a'" if kind == "python" else value
    written = {"type": prefix + kind, **({} if value is None else {"value": value})}
    text = {
        "providers": [{"id": "x", "config": {"tools": [{"name": "abc", "parameters": {"type": "object"}}]}}],
        "tests": [{"vars": {"q": "x"}, "assert": [written]}],
    }
    result = imported_promptfoo(tmp_path, json.dumps(text))
    if result.cases:
        (case,) = result.cases
        assert case.expect or result.workloads[0].checks != ["answer_present"]
    else:
        (lost,) = [problem for problem in result.not_carried if "assertion" in problem.what]
        assert lost.hint and "does exactly this" not in lost.hint


def test_an_assertion_that_promptfoo_does_not_have_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    result = promptfoo_tests(tmp_path, "[{type: contain, value: a}]")
    assert "Did you mean 'contains'?" in result.not_carried[0].hint


def test_the_sql_that_an_assertion_allows_is_put_to_a_judge(tmp_path: Path) -> None:
    result = promptfoo_tests(
        tmp_path, "[{type: is-sql, value: {databaseType: MySQL, allowedTables: ['select::null::staff']}}]"
    )
    assert result.cases[0].expect["demands"] == [
        "The whole answer is valid SQL.",
        "It is SQL of this database: MySQL",
        "It uses only these tables, as operation::database::table: select::null::staff",
    ]


def test_a_call_that_no_listed_tool_allows_cannot_be_checked_without_the_tools(tmp_path: Path) -> None:
    result = promptfoo_tests(tmp_path, "[{type: is-valid-openai-tools-call}]")
    assert not result.cases and "no provider lists tools" in result.not_carried[0].hint


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("tests: huggingface://datasets/some/set?split=test\n", "is an address, and an import downloads nothing"),
        ("tests: https://docs.example/sheet\n", "is an address, and an import downloads nothing"),
        ("tests: [{vars: {a: file://cat.jpg}}]\n", "'file://cat.jpg': a '.jpg' file is a picture"),
        ("tests: [{vars: {a: file://load.py}}]\n", "'file://load.py': a '.py' file is a program, and is not run"),
        ("tests: file://rows.docx\n", "tests in 'rows.docx': a '.docx' file is not read here"),
        ("tests: file://rows.xlsx\n", "rows.xlsx: "),
    ],
)
def test_a_promptfoo_file_that_is_not_read_is_named_with_what_it_is(tmp_path: Path, config: str, said: str) -> None:
    for name in ("cat.jpg", "load.py", "rows.docx", "rows.xlsx"):
        (tmp_path / name).write_bytes(b"\0")
    result = imported_promptfoo(tmp_path, "prompts: ['{{ a }}']\n" + config)
    assert [one.what for one in (*result.broken, *result.not_carried) if said in one.what]


@pytest.mark.parametrize("named", ["rows.xlsx", "file://rows.xlsx", "file://rows.xlsx#S"])
def test_promptfoo_tests_in_a_spreadsheet_keep_their_assertions(tmp_path: Path, named: str) -> None:
    cells = {
        "A1": "town",
        "B1": "__expected",
        "A2": "Bonn",
        "B2": "contains: Rhine",
        "A3": "Ulm",
        "A4": "Jena",
        "B4": 3,
    }
    cover = {"A1": "Towns of 2025"}
    (tmp_path / "rows.xlsx").write_bytes(workbook(cells, cover=cover))
    result = imported_promptfoo(tmp_path, f"prompts: ['River of {{{{ town }}}}?']\ntests: {named}\n")
    assert [(case.input, case.expect) for case in result.cases] == [
        ({"town": "Bonn"}, {"contains": "Rhine"}),
        ({"town": "Ulm"}, {}),
        ({"town": "Jena"}, {"equals": "3"}),
    ]
    other = imported_promptfoo(tmp_path, "prompts: ['{{ town }}']\ntests: file://rows.xlsx#None\n")
    assert not other.cases and "has no sheet 'None'" in other.broken[0].what
