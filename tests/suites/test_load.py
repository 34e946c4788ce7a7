"""Suites load whole, or say where they are wrong, what is wrong and what to do instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from milo_bench.core.errors import ConfigError, MiloError, UsageError
from milo_bench.suites import find_case, find_prompt, list_suites, load_suite, load_templates, render_prompt


def error_of(toy: Path) -> tuple[str, str]:
    with pytest.raises(MiloError) as caught:
        load_suite(str(toy))
    assert caught.value.exit_code == 2
    return caught.value.message.replace(str(toy) + os.sep, ""), caught.value.hint.replace(str(toy) + os.sep, "")


def test_a_suite_loads_with_its_contract_and_hashes(toy: Path) -> None:
    suite = load_suite(str(toy))
    workload = suite.workloads["label"]
    assert [spec.name for spec in workload.checks] == ["answer_present", "label"]
    assert workload.resources == {"since": "2025-01-01"}
    assert workload.json_schema == {"type": "string"}
    assert suite.check_place("label", 1).endswith("suite.yaml line 11")
    assert suite.fixtures[0].hash and suite.ref.hash and suite.ref.version == "1"


def test_a_variant_replaces_what_it_names_and_the_suite_stays_the_same_suite(toy: Path) -> None:
    base, terse = load_suite(str(toy)), load_suite(str(toy), variants={"label": "terse"})
    assert terse.workloads["label"].stop == (".",)
    assert terse.workloads["label"].variant == "terse"
    assert terse.workloads["label"].checks == base.workloads["label"].checks
    assert terse.ref == base.ref


@pytest.mark.parametrize("name", ["prompts/terse.jinja", "schemas/answer.json", "fixtures/a.jsonl", "suite.yaml"])
def test_a_change_of_any_file_changes_the_hash(toy: Path, name: str) -> None:
    before = load_suite(str(toy)).ref.hash
    path = toy / name
    text = path.read_text()
    path.write_text(text.replace("hail", "snow") if "hail" in text else text.rstrip("\n") + " \n")
    assert load_suite(str(toy)).ref.hash != before


BROKEN = [
    ("suite.yaml", ("workloads:", "workload:"), "suite.yaml line 4: unknown setting 'workload'", "'workloads'?"),
    ("suite.yaml", ("version: 1\n", ""), "suite.yaml: 'version' is missing", "add 'version: …'."),
    (
        "suite.yaml",
        ("max_tokens: 16", "max_token: 16"),
        "suite.yaml line 8: unknown setting 'workloads.label.max_token'",
        "Did you mean 'max_tokens'?",
    ),
    (
        "suite.yaml",
        ("max_tokens: 16", "max_tokens: lots"),
        "suite.yaml line 8: workloads.label.max_tokens is 'lots', not a whole number",
        "",
    ),
    (
        "suite.yaml",
        ("prompt: prompts/label", "prompt: prompts/labell"),
        "suite.yaml line 6: there is no file 'prompts/labell.jinja'",
        "Did you mean 'label.jinja'?",
    ),
    (
        "suite.yaml",
        ("prompts/label.jinja", "../label.jinja"),
        "suite.yaml line 6: '../label.jinja' is outside the suite's folder",
        "copy the file",
    ),
    (
        "suite.yaml",
        ("prompts/label.jinja", "/etc/passwd"),
        "suite.yaml line 6: '/etc/passwd' is outside the suite's folder",
        "copy the file",
    ),
    ("suite.yaml", ("name: toy", "name: [toy"), "suite.yaml line 2: ", "check indentation"),
    ("suite.yaml", ("version: 1", "version: 1\nversion: 2"), "suite.yaml line 3: duplicate key 'version'", ""),
    (
        "prompts/label.jinja",
        ("{{ input.text }}", "\n{{ input.text"),
        "prompts/label.jinja: prompt 'label' line 5: ",
        "close each block within its message",
    ),
    (
        "prompts/label.jinja",
        ("role: user", "role: usr"),
        "prompts/label.jinja: prompt 'label' line 3: unknown role 'usr'",
        "Did you mean 'user'?",
    ),
    (
        ("schemas/answer.json"),
        ('"string"', '"strng"'),
        "schemas/answer.json: not a valid JSON Schema: at type",
        "correct",
    ),
    ("schemas/answer.json", ('"string"', "string"), "schemas/answer.json: broken JSON", "correct"),
    (
        "schemas/answer.json",
        ('"type": "string"', '"$ref": "http://127.0.0.1:9/x"'),
        "schemas/answer.json: not a valid JSON Schema",
        "correct",
    ),
    (
        "fixtures/a.jsonl",
        ('"label",', '"lable",'),
        "fixtures/a.jsonl line 1: fixture 'a-1': unknown workload 'lable'",
        "Did you mean 'label'?",
    ),
    ("fixtures/a.jsonl", ('"input"', '"inptu"'), "fixtures/a.jsonl line 1: 'input' is missing", "rename 'inptu'"),
    (
        "fixtures/a.jsonl",
        ('"expect"', '"expects"'),
        "fixtures/a.jsonl line 1: unknown key 'expects'",
        "Did you mean 'expect'?",
    ),
    ("fixtures/a.jsonl", ('"hail"}', '"hail"'), "fixtures/a.jsonl line 1: broken JSON", "one JSON object per line"),
    (
        "fixtures/a.jsonl",
        ('"a-1"', '"a-1", "tags": ["long", "Confidential"]'),
        "fixtures/a.jsonl line 1: the tag 'Confidential' does not keep the fixture from hosted models",
        "write 'sensitive' if that is meant",
    ),
    ("fixtures/a.jsonl", ('"a-1"', '"a-1", "tags": 7'), "fixtures/a.jsonl line 1: 'tags' must be a list", ""),
    ("fixtures/a.jsonl", ('"a-1"', '"a 1"'), "fixtures/a.jsonl line 1: 'id' must be", "for example"),
]


@pytest.mark.parametrize(
    ("name", "change", "message", "hint"), BROKEN, ids=[f"{n}-{c[1][:20]}" for n, c, _, _ in BROKEN]
)
def test_what_is_broken_is_named_with_place_and_remedy(
    toy: Path, name: str, change: tuple[str, str], message: str, hint: str
) -> None:
    path = toy / name
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change, 1))
    said, remedy = error_of(toy)
    assert said.startswith(message)
    assert hint in remedy


def test_an_id_that_stands_twice_names_both_lines(toy: Path) -> None:
    path = toy / "fixtures/a.jsonl"
    path.write_text(path.read_text() * 2)
    assert error_of(toy) == (
        "fixtures/a.jsonl line 2: the id 'a-1' is repeated.",
        "rename one. It first appears in fixtures/a.jsonl line 1.",
    )


def test_bytes_that_are_not_utf_8_name_their_line(toy: Path) -> None:
    path = toy / "fixtures/a.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id": "\xff"}\n')
    message, hint = error_of(toy)
    assert message.startswith("fixtures/a.jsonl line 2: not UTF-8")
    assert hint == "save it as UTF-8."


def test_a_link_out_of_the_suite_is_refused(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jinja").write_text("secret")
    (toy / "prompts/label.jinja").unlink()
    (toy / "prompts/label.jinja").symlink_to(tmp_path / "secret.jinja")
    assert error_of(toy)[0] == "suite.yaml line 6: 'prompts/label.jinja' is a link out of the suite's folder."


def test_yaml_that_grows_without_bound_is_refused(toy: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    (toy / "suite.yaml").write_text(bomb)
    assert "aliases" in error_of(toy)[0]


def test_an_unknown_suite_variant_or_workload_gets_a_suggestion(toy: Path) -> None:
    with pytest.raises(UsageError, match="Unknown suite 'case_ops'") as unknown:
        load_suite("case_ops")
    assert "Did you mean 'case_ops_v1'?" in unknown.value.hint
    with pytest.raises(UsageError, match="Unknown variant 'tersee'") as variant:
        load_suite(str(toy), variants={"label": "tersee"})
    assert "Did you mean 'terse'?" in variant.value.hint
    with pytest.raises(UsageError, match="Unknown workload 'labels'"):
        load_suite(str(toy), variants={"labels": "terse"})


def test_shipped_prompts_cases_and_templates_are_found_by_name() -> None:
    assert find_prompt("timeline_summary_v3").name == "timeline"
    assert find_prompt("timeline_raw_v1").variant == "raw_dump"
    assert find_case("84291").case_id == "84291"
    assert load_templates()
    with pytest.raises(UsageError) as unknown:
        find_prompt("timeline_sumary_v3")
    assert "Did you mean 'timeline_summary_v3'?" in unknown.value.hint
    with pytest.raises(UsageError, match="Unknown case '99999'"):
        find_case("99999")


def test_a_broken_suite_does_not_hide_the_others(toy: Path) -> None:
    (toy / "suite.yaml").write_text("name: [")
    listed = list_suites(toy.parent)
    assert any(isinstance(item, ConfigError) for item in listed)
    assert any(not isinstance(item, MiloError) and item.ref.name == "case_ops_v1" for item in listed)


def test_every_shipped_prompt_without_a_preparing_step_renders() -> None:
    suite = load_suite("case_ops_v1")
    for fixture in suite.fixtures:
        workload = suite.workloads[fixture.workload]
        if not workload.prepare:
            assert render_prompt(workload, {"input": fixture.input})
