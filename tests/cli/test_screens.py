"""Whole commands: the words in, exactly what a person sees out, kept as files in ``screens/`` to be read.

After a change that is meant: ``UPDATE_SCREENS=1 python -m pytest tests/cli/test_screens.py``, and read what git shows.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from milo_bench import __version__
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from tests.report.written_package import write_sample
from tests.screens import assert_screen

SCREENS = Path(__file__).parent / "screens"
KEPT = Path(__file__).parents[1] / "data" / "logs-0.1.0"


def empty(folder: Path) -> None:
    """A folder with nothing in it."""


def kept_logs(folder: Path) -> None:
    """Real logs: two quantisations of a small model on two workloads, a load session and operator episodes."""
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)


def sample_package(folder: Path) -> None:
    """A decision on made-up work that has every kind of finding, and the package of it."""
    write_sample(folder)


def changed_package(folder: Path) -> None:
    """The same package with one digit of page one changed."""
    sample_package(folder)
    page = folder / "package" / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace(">$86,674<", ">$96,674<", 1), encoding="utf-8")


def broken_settings(folder: Path) -> None:
    """A bench.yaml with a slip of the pen."""
    (folder / "bench.yaml").write_text("targets:\n  mine: {api: opnai, base_url: 'http://127.0.0.1:1/v1', model: m}\n")


def scripted_target(folder: Path) -> None:
    """A bench.yaml with a scripted target and one that nobody serves."""
    (folder / "script.yaml").write_text("reply: {text: all is fine}\n")
    (folder / "bench.yaml").write_text(
        "targets:\n  scripted: {api: fake, script: script.yaml}\n"
        "  dead: {api: openai, base_url: 'http://127.0.0.1:1/v1', model: m}\n"
    )


@dataclass(frozen=True)
class Screen:
    """A command line, the folder it is typed in, and how it ends."""

    words: str
    folder: Callable[[Path], None] = kept_logs
    code: int = 0


ALL = {
    "help": Screen("--help", empty),
    "version": Screen("--version", empty),
    "unknown command": Screen("scroe run.jsonl", empty, 2),
    "unknown flag": Screen("score run.jsonl --formt csv", kept_logs, 2),
    "missing log": Screen("score nothing.jsonl", empty, 3),
    "slip in bench.yaml": Screen("targets", broken_settings, 2),
    "target that nobody serves": Screen(
        "run --suite case_ops_v1 --models dead --limit 3 --out r.jsonl", scripted_target, 3
    ),
    "suite list": Screen("suite list", empty),
    "suite check": Screen("suite check case_ops_v1", empty),
    "suite unknown": Screen("suite check case_ops", empty, 2),
    "grade": Screen("grade run.jsonl"),
    "grade one fixture": Screen("grade run.jsonl --fixture extraction-062"),
    "score": Screen("score run.jsonl"),
    "score csv": Screen("score run.jsonl --format csv"),
    "compare": Screen("compare run.jsonl"),
    "decide": Screen("decide run.jsonl load.jsonl --economics economics.yaml --out again.json"),
    "decide on operator work": Screen("decide operator.jsonl --out operator.json"),
    "gate": Screen("gate --baseline decision.json run.jsonl load.jsonl"),
    "review sample": Screen("review sample run.jsonl --out sheet.csv"),
    "operator tasks": Screen("operator tasks", empty),
    "operator permit": Screen("operator permit operator.jsonl"),
    "report": Screen("report decision.json --out again", sample_package),
    "verify": Screen("verify package", sample_package, 3),
    "verify a changed digit": Screen("verify package", changed_package, 1),
}


def settled(text: str, folder: Path) -> str:
    """``text`` without what differs from machine to machine and day to day."""
    text = text.replace(str(folder), "FOLDER").replace(__version__, "VERSION")
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?", "TIME", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "DATE", text)
    return re.sub(r"[ \t]+\n", "\n", text)


@pytest.mark.parametrize("name", ALL)
def test_a_command_shows_exactly_this(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = ALL[name]
    screen.folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    for variable in ("MILO_BENCH_CONFIG", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    capsys.readouterr()
    code = run_command(milo_bench, "milo-bench", shlex.split(screen.words))
    said = capsys.readouterr()
    shown = f"$ milo-bench {screen.words}\n{said.out}"
    if said.err:
        shown += f"\n--- standard error\n{said.err}"
    shown = settled(shown, tmp_path).rstrip("\n") + f"\n\n--- exit code {code}\n"
    assert code == screen.code, shown
    assert_screen(SCREENS / f"{name.replace(' ', '-')}.txt", shown)


def test_no_screen_is_left_of_a_command_that_is_no_longer_shown() -> None:
    assert {path.stem for path in SCREENS.iterdir()} == {name.replace(" ", "-") for name in ALL}
