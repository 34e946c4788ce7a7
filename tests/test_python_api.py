"""The names that scripts and notebooks import: which there are, what they are, and that the examples run."""

import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import milo_bench as mb

ROOT = Path(__file__).parents[1]
EXAMPLES = ("run_and_score", "decide_and_report", "compare_prompts")  # the second decides on what the first ran

PUBLIC = {
    "Comparison",
    "ConfigError",
    "DataError",
    "DecideOptions",
    "Decision",
    "FinishedRun",
    "GateFailed",
    "GradedAttempt",
    "IncompleteRun",
    "Interrupted",
    "Measure",
    "MiloError",
    "PrerequisiteError",
    "RunOptions",
    "Scorecard",
    "SideRef",
    "Suite",
    "TargetConfig",
    "TargetError",
    "UsageError",
    "Verification",
    "__version__",
    "compare_logs",
    "decide_logs",
    "grade_logs",
    "load_suite",
    "measure_text",
    "plain_text",
    "read_decision",
    "report_decision",
    "run_suite",
    "score_logs",
    "verify_package",
    "write_decision",
}


def test_the_public_names_are_these() -> None:
    assert set(mb.__all__) == PUBLIC, "scripts import these names: removing one breaks them, so say it in changelog.d/"
    assert set(dir(mb)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_every_public_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    thing = getattr(mb, name)
    assert thing.__name__ == name
    assert inspect.getdoc(thing)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'judge_everything'"):
        mb.judge_everything  # noqa: B018


def test_importing_the_package_imports_no_room() -> None:
    code = "import sys, milo_bench; print(*[name for name in sys.modules if name.startswith('milo_bench.')])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert set(printed.split()) == {"milo_bench.core", "milo_bench.core.version"}


def test_the_package_is_marked_as_typed_and_its_names_are_known_to_type_checkers() -> None:
    source = (ROOT / "src/milo_bench/__init__.py").read_text(encoding="utf-8")
    typed = source.partition("if TYPE_CHECKING:")[2].partition("# The module of each name")[0]
    assert set(re.findall(r"\b\w+\b", typed)) >= PUBLIC - {"__version__"}
    assert (ROOT / "src/milo_bench/py.typed").exists()
    # A __getattr__ that type checkers see would make every misspelt name a good one.
    assert "if not TYPE_CHECKING:" in source.partition("def __getattr__")[0]


def _run_examples() -> None:
    for name in EXAMPLES:
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")


def test_the_examples_run_as_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run_examples()
    printed = capsys.readouterr().out
    assert "extraction scripted pass_rate 0%" in printed
    assert "recomputed: True" in printed
    assert (tmp_path / "package/index.html").exists()
    assert "scripted (built-in.jsonl) against scripted (raw_dump.jsonl)" in printed


async def test_the_examples_run_inside_a_running_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _run_examples()
    assert (tmp_path / "package/index.html").exists()


def test_the_page_shows_the_examples_as_they_are() -> None:
    page = (ROOT / "docs/how-to/python.md").read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert shown == [(ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8") for name in EXAMPLES]
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(EXAMPLES)


def test_every_public_function_is_on_the_page() -> None:
    page = (ROOT / "docs/how-to/python.md").read_text(encoding="utf-8")
    for name in PUBLIC:
        if inspect.isfunction(getattr(mb, name)):
            assert f"{name}(" in page, name


def test_models_given_as_one_text_is_an_error_with_the_list_to_write(tmp_path: Path) -> None:
    options = mb.RunOptions(suite="case_ops_v1", models="smollm2", out=tmp_path / "log.jsonl")
    with pytest.raises(mb.UsageError) as caught:
        mb.run_suite(options, {})
    assert "models=['smollm2']" in caught.value.hint
