"""The schemas for editors are those of the readers: shipped files pass, a setting that is unknown is marked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from milo_bench.api.finding import write_config
from milo_bench.config.checked import FileKind, read_checked
from milo_bench.config.routing.file import ROUTING_FILE
from milo_bench.config.schema import file_schema, schema_line, schema_path, schema_text
from milo_bench.config.settings import SETTINGS_FILE
from milo_bench.config.written import Problem, read_written
from milo_bench.core.errors import ConfigError
from milo_bench.report.reference import file_kinds

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "milo_bench"
KINDS = {kind.name: kind for kind in file_kinds()}
SHIPPED = {
    **dict.fromkeys(SRC.glob("suites/builtin/*/suite.yaml"), "suite.yaml"),
    **dict.fromkeys(SRC.glob("decide/policies/*.yaml"), "policy.yaml"),
    **dict.fromkeys(SRC.glob("economics/examples/*.yaml"), "economics.yaml"),
    SRC / "config/policy/operator_policy.yaml": "operator_policy.yaml",
}
# What people may write in more than one way: the short form and the long one.
SHORT_FORMS = {
    "routing.yaml": [
        "rules:\n- {id: a, when: {tags: x, keywords: any, workload: w}, route: refuse}\ndefault: {route: refuse}",
        "rules:\n- {id: a, when: {tags: [x], target_health: {t: down}}, route: refuse}\n"
        "targets: {t: {model: m}}\ndefault: {route: refuse}",
    ],
    "policy.yaml": [
        "policy: 1\nworkloads: {n: {gates: [{measure: pass_rate, at_least: 0.5}], remedies: [keyword_rule]}}\n"
        "findings: [{name: a, when: [], finding: defer}]",
        "policy: 1\nworkloads: {n: {gates: [{measure: pass_rate, at_least: 0.5}], remedies: {keyword_rule: null}}}\n"
        "findings: [{name: a, when: [], finding: defer}]",
    ],
    "fake-script.yaml": ["rules: [{fault: hang_before_headers}]", "rules: [{fault: {kind: status, status: 503}}]"],
    "suite.yaml": ["name: s\nversion: 1\nfixtures: [f.jsonl]\nworkloads: {w: {prompt: p.jinja, checks: [is_json]}}"],
    "bench.yaml": ["targets: {a: {api: ollama, model: m}}\nrun: {repeats: 3}"],
}


def data_of(text: str) -> Any:
    written = read_written(text, name="x.yaml")
    assert not isinstance(written, Problem), written
    return written.data


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_shipped_schema_is_what_the_model_gives(kind: FileKind[Any]) -> None:
    assert schema_path(kind).read_text(encoding="utf-8") == schema_text(kind), "run `make docs`"
    jsonschema.Draft202012Validator.check_schema(file_schema(kind))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_shipped_file_passes_its_schema(path: Path) -> None:
    jsonschema.validate(data_of(path.read_text(encoding="utf-8")), file_schema(KINDS[SHIPPED[path]]))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SHORT_FORMS.items() for text in texts])
def test_every_form_that_the_reader_takes_passes_the_schema(name: str, text: str) -> None:
    read_checked(text, KINDS[name])
    jsonschema.validate(data_of(text), file_schema(KINDS[name]))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_setting_that_the_reader_does_not_know_is_marked(kind: FileKind[Any]) -> None:
    text = "nothing_like_it: 1\n"
    with pytest.raises(ConfigError, match="unknown setting 'nothing_like_it'"):
        read_checked(text, kind)
    errors = jsonschema.Draft202012Validator(file_schema(kind)).iter_errors(data_of(text))
    assert any("nothing_like_it" in error.message for error in errors)


def test_what_a_file_object_carries_is_not_offered_as_a_setting() -> None:
    for kind in KINDS.values():
        assert not {"path", "text", "line_numbers"} & set(file_schema(kind)["properties"])
    assert "name" not in file_schema(SETTINGS_FILE)["$defs"]["TargetConfig"]["properties"]
    assert "title" in file_schema(ROUTING_FILE)["properties"]


def test_a_new_file_names_its_schema_relative_to_the_project_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "project/.venv/lib/milo_bench"
    monkeypatch.setattr("milo_bench.config.schema.files", lambda package: installed)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "project/.venv"))
    lead, rest = "# yaml-language-server: $schema=", ".venv/lib/milo_bench/config/schemas/bench.schema.json\n"
    assert schema_line(SETTINGS_FILE, tmp_path / "project/bench.yaml") == lead + rest
    assert schema_line(SETTINGS_FILE, tmp_path / "project/a/b/bench.yaml") == f"{lead}../../{rest}"
    elsewhere = tmp_path / "other/bench.yaml"
    assert schema_line(SETTINGS_FILE, elsewhere) == f"{lead}{tmp_path}/project/{rest}"
    assert schema_line(SETTINGS_FILE, elsewhere, shared=True) == ""


def test_init_writes_the_line_and_the_file_still_reads(tmp_path: Path) -> None:
    write_config(tmp_path / "bench.yaml", {})
    text = (tmp_path / "bench.yaml").read_text(encoding="utf-8")
    found = re.match(r"# yaml-language-server: \$schema=(.+)\n", text)
    assert found is not None
    schema = json.loads((tmp_path / found[1]).read_text(encoding="utf-8"))
    assert schema["title"] == "bench.yaml"
    read_checked(text, SETTINGS_FILE)


def test_the_page_on_editors_names_every_schema() -> None:
    page = (ROOT / "docs/how-to/editors.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        assert schema_path(kind).name in page
