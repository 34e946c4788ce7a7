"""Files and code shown on pages are read, imported or run by what they are meant for."""

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import pytest

import milo_bench as mb
from milo_bench.config.economics.file import load_economics
from milo_bench.config.routing.file import load_routing, read_routing
from milo_bench.config.routing.flags import read_flags
from milo_bench.config.settings import load_settings
from milo_bench.core.errors import PrerequisiteError
from milo_bench.sandbox import require_sandbox
from milo_bench.targets import TARGET_APIS

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def _blocks(page: str, language: str) -> list[str]:
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


CODE = [(page.stem, code) for page in sorted(HOW_TO.glob("*.md")) for code in _blocks(page.stem, "python")]
BENCH = [
    (page.stem, text)
    for page in sorted(HOW_TO.glob("*.md"))
    for text in _blocks(page.stem, "yaml")
    if text.startswith("targets:") and "api:" in text
]
APIS = (*TARGET_APIS.names(), "vllm")  # the page on extending adds this one


@pytest.mark.parametrize(("page", "code"), CODE, ids=[f"{page}-{number}" for number, (page, _) in enumerate(CODE)])
def test_code_on_a_page_imports_names_that_exist(page: str, code: str) -> None:
    tree = compile(code, page, "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("milo_bench."):
            module = importlib.import_module(node.module or "")
            for name in node.names:
                assert hasattr(module, name.name) or importlib.util.find_spec(f"{node.module}.{name.name}"), name.name


@pytest.mark.parametrize(("page", "text"), BENCH, ids=[f"{page}-{number}" for number, (page, _) in enumerate(BENCH)])
def test_a_bench_yaml_on_a_page_is_accepted(page: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "bench.yaml", {}, apis=APIS)
    names = re.findall(r"^  (\w+):", text, flags=re.MULTILINE)
    assert names
    assert set(names) <= set(settings.targets)


def test_the_economics_yaml_on_its_page_is_accepted(tmp_path: Path) -> None:
    text = _blocks("economics", "yaml")[0]
    (tmp_path / "economics.yaml").write_text(text, encoding="utf-8")
    load_economics(tmp_path / "economics.yaml")


def test_the_routing_yaml_on_its_page_is_accepted(tmp_path: Path) -> None:
    text = _blocks("routing", "yaml")[0]
    (tmp_path / "routing.yaml").write_text(text, encoding="utf-8")
    assert len(load_routing(tmp_path / "routing.yaml").rules) == text.count("{id:")


def test_the_table_of_drafts_on_its_page_and_its_flags_fit_each_other() -> None:
    _, drafts, flags, _ = _blocks("routing", "yaml")
    table = read_routing(drafts)
    assert table.flags == tuple(read_flags(flags, known=table.flags).flags)


def test_the_operators_on_the_page_of_routing_are_asked_as_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    targets, _, _, operators = _blocks("routing", "yaml")
    alone = operators.replace("route: hosted, target: hosted_a", "route: human_review")  # the page has one operator
    (tmp_path / "routing.yaml").write_text(f"{targets}\n{alone}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(_blocks("routing", "python")[0], {})
    printed = capsys.readouterr().out
    assert printed.startswith("none human_review (")
    assert "the model digest was" in printed  # served with other weights than the permit names


def test_the_suite_on_its_page_runs_as_it_is_shown(tmp_path: Path) -> None:
    (manifest,), (fixture, *_) = _blocks("own-suite", "yaml"), _blocks("own-suite", "json")
    prompt = re.search(r"e\.g\.: (.+)$", manifest, flags=re.MULTILINE)
    assert prompt
    folder = tmp_path / "my_suite"
    (folder / "prompts").mkdir(parents=True)
    (folder / "suite.yaml").write_text(manifest, encoding="utf-8")
    (folder / "prompts/sort.jinja").write_text(prompt[1], encoding="utf-8")
    (folder / "fixtures.jsonl").write_text(fixture, encoding="utf-8")
    (tmp_path / "script.yaml").write_text("reply: {text: billing}\n", encoding="utf-8")
    scripted = mb.TargetConfig(api="fake", script=str(tmp_path / "script.yaml"))
    out = tmp_path / "log.jsonl"
    mb.run_suite(mb.RunOptions(suite=folder, models=["scripted"], targets={"scripted": scripted}, out=out), {})
    (row,) = mb.grade_logs(out)
    assert row.graded.passed


def test_the_own_checks_on_their_page_judge_answers(tmp_path: Path) -> None:
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(f"{error.message} {error.hint}")
    (manifest,), (code,) = _blocks("own-checks", "yaml"), _blocks("own-checks", "python")
    (tmp_path / "suite.yaml").write_text(f'name: s\nversion: "1"\nfixtures: [f.jsonl]\n{manifest}', encoding="utf-8")
    (tmp_path / "checks.py").write_text(code, encoding="utf-8")
    (tmp_path / "reply.jinja").write_text("{{ input.text }}", encoding="utf-8")
    fixture = '{"id": "%s", "workload": "reply", "input": {"text": "%s"}, "expect": {"total": 3}}\n'
    (tmp_path / "f.jsonl").write_text(fixture % ("a", "one") + fixture % ("b", "two"), encoding="utf-8")
    (tmp_path / "script.yaml").write_text(
        'reply: {text: No.}\nrules:\n  - {when: {contains: one}, reply: {text: \'{"total": 4, "said": "thanks"}\'}}\n'
    )
    scripted = mb.TargetConfig(api="fake", script=str(tmp_path / "script.yaml"))
    options = mb.RunOptions(
        suite=tmp_path,
        models=["scripted"],
        targets={"scripted": scripted},
        out=tmp_path / "log.jsonl",
        trust_suite=True,
    )
    mb.run_suite(options, {})
    rows = {row.fixture.id: row.graded.verdicts for row in mb.grade_logs(tmp_path / "log.jsonl")}
    assert [(one.outcome, one.category) for one in rows["a"]] == [("pass", ""), ("fail", "wrong_total")]
    assert [one.outcome for one in rows["b"]] == ["fail", "skip"]
    assert rows["b"][0].reason == "the answer does not say 'thanks'"


def test_the_sandbox_example_on_its_page_does_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(f"{error.message} {error.hint}")
    (code,) = _blocks("sandbox", "python")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/notes.txt").write_text("one\ntwo\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILO_TEST_SECRET", "of the caller")
    exec(compile(code, "sandbox.md", "exec"), {})
    said = capsys.readouterr().out
    assert said.startswith("exited 0 2\n")
    assert "MILO_TEST_SECRET" not in said
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["notes.txt"]
