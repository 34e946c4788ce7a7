"""promptfoo's tests as milo-bench reads them: demands, judges, prompts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.config.rubric import load_rubric
from milo_bench.core.records import Attempt, AttemptKey, Timings, Workload
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.suites import load_suite, render_prompt
from milo_bench.suites.check import check_suite
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from milo_bench.suites.importing.suite_folder import ImportReport, import_suite


def imported(request: ImportRequest, tmp_path: Path) -> tuple[ImportReport, Path]:
    out = tmp_path / "made"
    report = import_suite(request, out=out)
    assert check_suite(str(out), validate_checks=validate_checks) == []
    return report, out


PROMPTFOO = """\
prompts: ["Answer: {{question}}", "Other {{question}}"]
providers: [some]
defaultTest:
  assert:
    - {type: not-contains, value: As an AI}
tests:
  - description: capital
    vars: {question: "Capital of France?"}
    assert:
      - {type: icontains, value: paris}
      - {type: llm-rubric, value: is polite}
  - vars: {question: "2+2"}
    assert:
      - {type: equals, value: 4}
      - {type: javascript, value: score(output) < 3}
  - vars: {question: json}
    assert:
      - {type: is-json, value: {type: object, required: [a]}}
      - {type: contains-all, value: [a, b]}
  - file://more.yaml
"""


def test_promptfoo_tests_keep_exact_demands_and_list_the_rest(tmp_path: Path) -> None:
    source = tmp_path / "promptfooconfig.yaml"
    source.write_text(PROMPTFOO, encoding="utf-8")
    report, out = imported(ImportRequest(source), tmp_path)
    suite = load_suite(str(out))
    assert [fixture.expect for fixture in suite.fixtures] == [
        {"not_contains": ["As an AI"], "contains": "paris", "demands": ["is polite"]},
        {"not_contains": ["As an AI"], "equals": "4", "not_imported": ["assertion 'javascript'"]},
        {"not_contains": ["As an AI"], "contains_all": ["a", "b"]},
    ]
    first = suite.fixtures[0]
    rendered = render_prompt(suite.workloads[first.workload], {"input": first.input})
    assert rendered[0].content == "Answer: Capital of France?"
    assert [problem.what for problem in report.broken] == ["there is no file 'more.yaml'"]
    assert [problem.what for problem in report.not_carried] == [
        "'providers'",
        "test 2: assertion 'javascript'",
        "exact 'equals': space around an answer is ignored here",
    ]


def test_promptfoo_s_yaml_is_read_as_javascript_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "tests.yaml"
    path.write_text(
        "- vars: {country: NO, time: 12:30, on: yes, ref: 0123, big: 1_000}\n"
        "  assert:\n    - {type: contains-all, value: '\"1,000\", in stock'}\n"
    )
    case = IMPORTERS.get("promptfoo").read(ImportRequest(path)).cases[0]
    assert case.input == {"country": "NO", "time": "12:30", "on": "yes", "ref": 123, "big": 1000}
    assert case.expect == {"contains_all": ["1,000", "in stock"]}


def imported_promptfoo(tmp_path: Path, text: str, **files: str) -> Imported:
    for name, content in files.items():
        (tmp_path / name.replace("_dot_", ".")).write_text(content)
    path = tmp_path / "promptfooconfig.yaml"
    path.write_text(text)
    return IMPORTERS.get("promptfoo").read(ImportRequest(path))


def test_promptfoo_tests_in_a_csv_file_keep_their_assertions(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: [{id: file://p.txt}]\ntests: file://tests.csv\n",
        p_dot_txt="Translate {{ text }} into {{ language }}\n---\nSecond prompt",
        tests_dot_csv='text,language,__expected,__expected1\nHello,French,contains: Bonjour,"not-contains: Hello"\n'
        "Bye,French,Au revoir,\nX,French,llm-rubric: is polite,\nY,French,is-json,\n",
    )
    assert result.cases[0].input == {"text": "Hello", "language": "French"}
    assert [case.expect for case in result.cases] == [
        {"contains": "Bonjour", "not_contains": ["Hello"]},
        {"equals": "Au revoir"},
        {"demands": ["is polite"]},
        {},
    ]
    assert "input['text']" in result.workloads[0].prompt and "Second" not in result.workloads[0].prompt
    assert not result.broken
    assert result.workloads[0].variants == {"prompt_2": "Second prompt\n"}


def test_promptfoo_files_outside_its_folder_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret {{ a }}")
    result = imported_promptfoo(
        folder, "prompts: [file://../secret.txt]\ntests: [{vars: {a: 1}, assert: [{type: contains, value: x}]}]\n"
    )
    assert "secret" not in result.workloads[0].prompt
    assert any("outside" in problem.what for problem in result.not_carried)


def test_a_promptfoo_variable_that_another_test_stores_cannot_be_carried_over(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: ['Answer {{ a }} after {{ stored }}']\n"
        "tests:\n  - {vars: {a: 1, stored: x}, assert: [{type: regex, value: '^ok'}]}\n"
        "  - {vars: {a: 2}, assert: [{type: starts-with, value: 'o.k'}]}\n",
    )
    assert [case.expect for case in result.cases] == [{"regex": "^ok"}]
    assert "no variable 'stored'" in result.broken[0].what


def test_a_promptfoo_test_that_builds_on_the_answer_to_another_is_named(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: ['{{ say }}']\n"
        "tests:\n"
        "  - {vars: {say: Name a town}, options: {storeOutputAs: town}, assert: [{type: contains, value: o}]}\n"
        "  - {vars: {say: 'Where is {{ town }}?'}, assert: [{type: contains, value: in}]}\n"
        "  - {vars: {say: 'Where is {{ town }}?', town: Oslo}, assert: [{type: contains, value: Norway}]}\n",
    )
    assert [case.input["say"] for case in result.cases] == ["Name a town", "Where is Oslo?"]
    assert [problem.what for problem in result.broken] == [
        "test 2 needs the answer to another test, 'town', and each fixture is sent by itself"
    ]


def test_promptfoo_variables_with_several_values_files_and_scenarios_are_written_out(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: [chat.json]\n"
        "tests:\n"
        "  - vars: {word: [Hi, Bye], to: [French, German], about: file://about.md}\n"
        "    assert: [{type: not-contains, value: '{{ word }}'}]\n"
        "scenarios:\n"
        "  - config: [{vars: {to: Welsh, about: x, said: Helo}}, {vars: {to: Irish, about: x, said: Haigh}}]\n"
        "    tests: [{vars: {word: Hi}, assert: [{type: contains, value: '{{said}}'}]}]\n",
        chat_dot_json='[{"role": "system", "content": "To {{to}}: {{about}}"},{"role": "user", "content": "{{word}}"}]',
        about_dot_md="Greetings",
    )
    assert [(case.input["word"], case.input["to"], case.expect) for case in result.cases] == [
        ("Hi", "French", {"not_contains": ["Hi"]}),
        ("Hi", "German", {"not_contains": ["Hi"]}),
        ("Bye", "French", {"not_contains": ["Bye"]}),
        ("Bye", "German", {"not_contains": ["Bye"]}),
        ("Hi", "Welsh", {"contains": "Helo"}),
        ("Hi", "Irish", {"contains": "Haigh"}),
    ]
    assert result.cases[0].input["about"] == "Greetings"
    assert result.workloads[0].prompt.startswith("{# role: system #}\nTo {{ input['to'] }}")


@pytest.mark.parametrize(
    ("script", "expect"),
    [
        (
            "output.length <= 280 && output.includes('a, b')",
            [{"kind": "characters", "least": None, "most": 280}, {"kind": "contains", "value": "a, b"}],
        ),
        ("return output.toLowerCase().includes('bonjour');", {"contains": "bonjour"}),
        ("!output.includes('As an AI')", {"not_contains": ["As an AI"]}),
        ("output.startsWith('Ahoy')", {"regex": "^Ahoy"}),
        (
            "JSON.parse(output).who === context.vars.q && output.n[0].m === 3",
            [
                {"kind": "json_value", "path": "who", "value": "x"},
                {"kind": "json_value", "path": "n[0].m", "value": 3},
            ],
        ),
        ("output.length > 1000", [{"kind": "characters", "least": 1001, "most": None}]),
        (
            "const p = JSON.parse(output); return p.a !== 'b'",
            [{"kind": "json_value", "path": "a", "value": "b", "negated": True}],
        ),
        (
            "output.includes('a') || output.includes('b && c') ? 1 : 0",
            [
                {
                    "kind": "set",
                    "threshold": 0.4999,
                    "assertions": [{"kind": "contains", "value": "a"}, {"kind": "contains", "value": "b && c"}],
                }
            ],
        ),
    ],
)
def test_a_promptfoo_script_that_only_compares_becomes_checks(tmp_path: Path, script: str, expect: object) -> None:
    text = f"tests: [{{vars: {{q: x}}, assert: [{{type: javascript, value: {json.dumps(script)}}}]}}]\n"
    result = imported_promptfoo(tmp_path, text)
    assert [case.expect for case in result.cases] == [expect if isinstance(expect, dict) else {"assertions": expect}]


@pytest.mark.parametrize(
    "script",
    ["output.length > 2 || true", "fetch('http://x')", "output.toLowerCase().includes('Hi')", "1 > 0", "(" * 4_000],
)
def test_any_other_promptfoo_script_is_named_and_its_test_refused(tmp_path: Path, script: str) -> None:
    text = f"tests: [{{vars: {{q: x}}, assert: [{{type: javascript, value: {json.dumps(script)}}}]}}]\n"
    result = imported_promptfoo(tmp_path, text)
    assert result.cases == [] and "assertion 'javascript'" in result.not_carried[0].what
    assert "any answer would pass" in result.broken[0].what


def promptfoo_tests(tmp_path: Path, assertions: str, **settings: object) -> Imported:
    extra = "".join(f", {key}: {json.dumps(value)}" for key, value in settings.items())
    return imported_promptfoo(tmp_path, f"tests: [{{vars: {{q: x}}, assert: {assertions}{extra}}}]\n")


@pytest.mark.parametrize(
    ("assertion", "rule"),
    [
        ("{type: not-equals, value: a}", {"kind": "equals", "negated": True, "value": "a"}),
        ("{type: levenshtein, value: abc, threshold: 2}", {"kind": "levenshtein", "threshold": 2.0, "value": "abc"}),
        ("{type: word-count, value: {min: 2, max: 9}}", {"kind": "words", "least": 2, "most": 9}),
        ("{type: contains-json, value: {type: array}}", {"kind": "contains_json", "json_schema": {"type": "array"}}),
        ("{type: not-regex, value: 'a.c'}", {"kind": "regex", "negated": True, "value": "a.c"}),
        (
            "{type: contains, value: a, weight: 2, metric: m}",
            {"kind": "contains", "weight": 2.0, "metric": "m", "value": "a"},
        ),
        (
            "{type: equals, value: NY, transform: 'output[0].city'}",
            {"kind": "equals", "path": "[0].city", "value": "NY"},
        ),
        ("{type: rouge-n, value: a b}", {"kind": "rouge_n", "value": "a b"}),
        (
            "{type: assert-set, threshold: 0.5, assert: [{type: contains, value: a}, {type: icontains, value: b}]}",
            {
                "kind": "set",
                "threshold": 0.5,
                "assertions": [
                    {"kind": "contains", "value": "a"},
                    {"kind": "contains", "casefold": True, "value": "b"},
                ],
            },
        ),
    ],
)
def test_promptfoo_assertions_beyond_the_built_in_checks_are_carried_as_a_list(
    tmp_path: Path, assertion: str, rule: object
) -> None:
    result = promptfoo_tests(tmp_path, f"[{assertion}]")
    assert [case.expect for case in result.cases] == [{"assertions": [rule]}]
    assert result.workloads[0].checks == ["answer_present", "assertions"]
    assert not result.not_carried


def test_several_promptfoo_assertions_of_one_kind_are_all_carried(tmp_path: Path) -> None:
    result = promptfoo_tests(tmp_path, "[{type: contains, value: a}, {type: icontains, value: b}]", threshold=0.5)
    assert result.cases[0].expect == {
        "assertions": [{"kind": "contains", "value": "a"}, {"kind": "contains", "casefold": True, "value": "b"}],
        "assertions_threshold": 0.5,
    }


@pytest.mark.parametrize(
    ("assertion", "demand"),
    [
        ("{type: llm-rubric, value: 'is polite to {{q}}'}", "is polite to x"),
        ("{type: not-llm-rubric, value: is rude}", "The answer does not meet this: is rude"),
        ("{type: factuality, value: Bonn}", "The facts of the answer agree with this: Bonn"),
        ("{type: answer-relevance, threshold: 0.9}", "The answer answers the question in the input."),
    ],
)
def test_promptfoo_assertions_that_a_model_decides_wait_for_a_judge(
    tmp_path: Path, assertion: str, demand: str
) -> None:
    result = promptfoo_tests(tmp_path, f"[{assertion}]")
    assert result.cases[0].expect == {"demands": [demand]}
    assert result.workloads[0].checks == ["answer_present", {"judged": {"judge": "meets_demands"}}]
    assert b"shows_expected: true" in result.files["rubrics/meets_demands.yaml"]


def test_promptfoo_similar_becomes_a_likeness_rubric(tmp_path: Path) -> None:
    result = promptfoo_tests(tmp_path, "[{type: similar, value: 'Bonjour {{q}}', threshold: 0.9}]")
    assert result.cases[0].expect == {"alike": "Bonjour x"}
    (tmp_path / "rubric.yaml").write_bytes(result.files["rubrics/alike_90.yaml"])
    assert load_rubric(str(tmp_path / "rubric.yaml")).at_least == 0.9


@pytest.mark.parametrize(
    ("assertions", "settings"),
    [
        ("[{type: latency, threshold: 300}]", {}),
        ("[{type: classifier, value: nice}]", {}),
        ("[{type: python, value: file://check.py}]", {}),
        ("[{type: contains, value: a, transform: output.split(1)}]", {}),
        ("[{type: contains, value: a}]", {"options": {"transform": "output.toUpperCase()"}}),
        ("[{type: contains, value: a}]", {"assertScoringFunction": "file://score.js"}),
        ("[{type: contains, value: a}, {type: llm-rubric, value: b}]", {"threshold": 0.5}),
        (
            "[{type: assert-set, threshold: 0.5, assert: [{type: llm-rubric, value: b}, {type: contains, value: a}]}]",
            {},
        ),
    ],
)
def test_a_promptfoo_test_that_no_check_can_score_is_refused_by_name(
    tmp_path: Path, assertions: str, settings: dict[str, object]
) -> None:
    result = promptfoo_tests(tmp_path, assertions, **settings)
    assert not result.cases and result.broken[0].what.startswith("test 1:")


@pytest.mark.parametrize(
    ("lost", "outcome"),
    [
        ("{type: python, value: file://check.py}", None),
        ("{type: perplexity, threshold: 5}", None),
        ("{type: latency, threshold: 300}", True),
        ("{type: python, value: file://check.py, weight: 0}", True),
    ],
)
def test_an_answer_that_meets_only_the_imported_assertions_of_its_test_is_not_passed(
    tmp_path: Path, lost: str, outcome: bool | None
) -> None:
    source = tmp_path / "tests.yaml"
    source.write_text(f"- {{vars: {{q: x}}, assert: [{{type: contains, value: a}}, {lost}]}}\n", encoding="utf-8")
    _, out = imported(ImportRequest(source), tmp_path)
    suite = load_suite(str(out))
    (fixture,) = suite.fixtures
    key = AttemptKey(fixture=fixture.id, target="written by hand")
    for answer, passed in (("a", outcome), ("b", False)):
        attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=answer)
        assert grade_attempt(suite.workloads[fixture.workload], fixture, attempt).passed is passed


def test_every_promptfoo_prompt_becomes_a_variant(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: ['A {{ q }}', '{% if q === \"x\" && r %}B{% endif %} {{ q | dump }}',\n"
        "  'C {{ other }}', 'file://p*.txt', f.js]\n"
        "tests: [{vars: {q: x, r: 1}, assert: [{type: contains, value: a}]}]\n",
        p1_dot_txt="one {{q}}",
        p2_dot_txt="two",
        f_dot_js="module",
    )
    variants = result.workloads[0].variants
    assert list(variants) == ["prompt_2", "prompt_4", "prompt_5"]
    assert variants["prompt_4"] == "one {{ input['q'] }}\n" and variants["prompt_5"] == "two\n"
    work = Workload("w", "p", variants["prompt_2"], "", ())
    assert render_prompt(work, {"input": {"q": "x", "r": 1}})[0].content == 'B "x"'
    assert [problem.what for problem in result.not_carried] == [
        "prompt 5: 'f.js': a '.js' file is a program, and is not run",
        "prompt 3 reads 'other', which not every test of 'promptfoo' has",
    ]


def test_a_promptfoo_reference_is_followed_within_its_file_and_a_circle_ends(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "assertionTemplates: {polite: {type: icontains, value: please}, a: {$ref: '#/assertionTemplates/a'}}\n"
        "tests: [{vars: {q: x}, assert: [{$ref: '#/assertionTemplates/polite'}, {$ref: '#/assertionTemplates/a'}]}]\n",
    )
    (expect,) = [case.expect for case in result.cases]
    assert expect["contains"] == "please" and "assertionTemplates/a" in expect["not_imported"][0]


def test_prompts_without_tests_are_sent_as_they_are(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path, "prompts: ['Why?', 'How?']\ndefaultTest: {assert: [{type: contains, value: a}]}\n"
    )
    assert [case.input for case in result.cases] == [{"prompt": "Why?"}, {"prompt": "How?"}]


def test_columns_of_a_promptfoo_table_set_threshold_and_metric_and_a_colon_is_not_always_an_assertion(
    tmp_path: Path,
) -> None:
    result = imported_promptfoo(
        tmp_path,
        "tests: file://t.csv\n",
        t_dot_csv="q,__expected1,__expected2,__threshold,__metric\n"
        '1,contains: a,levenshtein(2): abc,0.5,tone\n2,answer: 42,,,\n3,"note: a, b",,,\n4,not-equals: x,,,\n',
    )
    first, second, third, fourth = (case.expect for case in result.cases)
    assert first["assertions_threshold"] == 0.5
    assert [(one["kind"], one["metric"]) for one in first["assertions"]] == [
        ("contains", "tone"),
        ("levenshtein", "tone"),
    ]
    assert first["assertions"][1]["threshold"] == 2
    assert (second, third) == ({"equals": "answer: 42"}, {"equals": "note: a, b"})
    assert fourth["assertions"][0]["negated"] is True


def test_values_with_fields_filters_and_variables_in_variables_are_filled_in(tmp_path: Path) -> None:
    result = imported_promptfoo(
        tmp_path,
        "prompts: ['{{ greeting }}']\n"
        "tests:\n"
        "  - vars: {user: {name: jo}, greeting: 'Hi {{ who }}', who: Ann, loop: '{{ loop }} x'}\n"
        "    assert: [{type: contains-all, value: ['{{ user.name | upper }}', '{{ greeting }}']}]\n",
    )
    (case,) = result.cases
    assert case.input["greeting"] == "Hi Ann" and case.input["loop"] == "{{ loop }} x"
    assert case.expect == {"contains_all": ["JO", "Hi Ann"]}


@pytest.mark.parametrize(
    "assertion",
    [
        "{type: regex, value: '('}",
        "{type: is-json, value: {type: 7}}",
        "{type: contains, value: ''}",
        "{type: contains}",
    ],
)
def test_an_assertion_that_cannot_be_read_is_named_and_breaks_no_suite(tmp_path: Path, assertion: str) -> None:
    result = promptfoo_tests(tmp_path, f"[{assertion}]")
    assert not result.cases and len(result.not_carried) == 1


def test_one_assertion_needs_no_list_and_an_object_is_compared_as_json(tmp_path: Path) -> None:
    result = promptfoo_tests(tmp_path, "{type: equals, value: {a: 1}}")
    assert result.cases[0].expect == {"assertions": [{"kind": "json_value", "value": {"a": 1}}]}


def test_the_policy_of_demands_that_a_judge_decides_gates_the_corrected_rate(tmp_path: Path) -> None:
    path = tmp_path / "tests.yaml"
    path.write_text("- {vars: {q: x}, assert: [{type: llm-rubric, value: is polite}]}\n")
    out = tmp_path / "own"
    import_suite(ImportRequest(path), out=out, format_name="promptfoo")
    written = api.write_policy(str(out), None).read_text()
    assert "measure: judged_rate\n        slice: judge=meets_demands\n" in written
    assert "check_pass_rate" not in written


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("Math.max(0, Math.min(1, 1 - (output.length - 100) / 900));", {"most": 999}),
        ("output.length <= 100 ? 1 : output.length > 1000 ? 0 : 1 - (output.length - 100) / 900", {"most": 999}),
        ("return Math.max(0, output.length - 300)", {"least": 301}),
        ("output.length", {"least": 1}),
    ],
)
def test_a_score_of_the_length_alone_is_a_limit_of_it(tmp_path: Path, script: str, limits: dict[str, int]) -> None:
    source = tmp_path / "c.yaml"
    text = f"tests: [{{vars: {{q: x}}, assert: [{{type: javascript, value: {json.dumps(script)}}}]}}]\n"
    source.write_text(text, encoding="utf-8")
    (case,) = IMPORTERS.get("promptfoo").read(ImportRequest(source)).cases
    assert case.expect["assertions"] == [{"kind": "characters", **limits}]


@pytest.mark.parametrize(
    "script",
    [
        "output.length % 2",
        "Math.random() * output.length",
        "9**9**9 * output.length",
        "output.length + score(output)",
        "output.length < 5 ? 1 : output.length > 50",
    ],
)
def test_a_score_that_no_limit_of_the_length_gives_is_left_to_a_person(tmp_path: Path, script: str) -> None:
    source = tmp_path / "c.yaml"
    text = f"tests: [{{vars: {{q: x}}, assert: [{{type: javascript, value: {json.dumps(script)}}}]}}]\n"
    source.write_text(text, encoding="utf-8")
    result = IMPORTERS.get("promptfoo").read(ImportRequest(source))
    assert result.cases == [] and "assertion 'javascript'" in result.not_carried[0].what


def test_a_judge_s_own_prompt_is_the_demand_of_a_rubric_without_one(tmp_path: Path) -> None:
    source = tmp_path / "c.yaml"
    source.write_text(
        "defaultTest: {options: {rubricPrompt: [{role: system, content: 'Does it speak of {{x}}?'}, "
        "{role: user, content: 'Output: {{ output }}'}]}}\n"
        "tests: [{vars: {x: banks}, assert: [{type: llm-rubric}]}]\n",
        encoding="utf-8",
    )
    (case,) = IMPORTERS.get("promptfoo").read(ImportRequest(source)).cases
    assert case.expect["demands"] == ["Does it speak of banks?"]
