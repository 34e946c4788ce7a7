"""A command is a file: help reads it as text, and it is imported when it is called."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from milo_bench.cli.entry import run_command
from milo_bench.cli.folder import SECTIONS, CommandFolder, command_lines
from milo_bench.cli.main import milo_bench

ROOT = Path(__file__).parents[2]
MOST_LETTERS = 72


def groups() -> list[tuple[str, CommandFolder]]:
    """The program and every group of it, each with the words that call it."""
    found: list[tuple[str, CommandFolder]] = []

    def walk(path: str, group: CommandFolder) -> None:
        found.append((path, group))
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, CommandFolder):
                walk(f"{path} {name}", command)

    assert isinstance(milo_bench, CommandFolder)
    walk("milo-bench", milo_bench)
    return found


@pytest.mark.parametrize(("path", "group"), groups(), ids=[path for path, _ in groups()])
def test_the_line_read_from_a_file_is_the_first_line_of_the_commands_help(path: str, group: CommandFolder) -> None:
    for line in command_lines(group.package):
        command = group.get_command(click.Context(group), line.name)
        assert command is not None and command.help is not None, line.name
        assert command.help.split("\n\n")[0] == line.help, f"{path} {line.name}"
        assert line.help.endswith(".") and len(line.help) <= MOST_LETTERS, f"{path} {line.name}: {line.help}"
        assert path != "milo-bench" or line.section in SECTIONS, f"{line.module} says no SECTION"


def test_help_imports_no_command_and_no_room_but_core() -> None:
    script = "import sys; from milo_bench.cli.entry import run_command; from milo_bench.cli.main import milo_bench; "
    script += "run_command(milo_bench, 'milo-bench', ['--help']); "
    script += "print(*[name for name in sys.modules if name.startswith('milo_bench.')], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    rooms = {name.split(".")[1] for name in done.stderr.split()}
    assert "decide " in done.stdout
    assert rooms == {"cli", "core"}
    assert not [name for name in done.stderr.split() if name.startswith("milo_bench.cli.commands.")]


def test_deciding_starts_without_what_only_other_work_needs() -> None:
    heavy = (
        "scipy.stats",
        "scipy.optimize",
        "asyncio",
        "aiohttp",
        "mcp",
        "duckdb",
        "altair",
        "dateparser",
        "rapidfuzz",
    )
    script = f"import sys, milo_bench.api.deciding; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_adding_a_file_adds_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "say_hello.py").write_text(
        'import click\n\nSECTION = "Tools"\n\n\n@click.command()\n@click.option("--to", default="you")\n'
        'def say_hello(to: str) -> None:\n    """Greet somebody."""\n    click.echo(f"hello {to}")\n'
    )
    import milo_bench.cli.commands as folder

    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    assert run_command(milo_bench, "milo-bench", ["--help"]) == 0
    assert "say-hello" in (shown := capsys.readouterr().out) and "Greet somebody." in shown
    assert run_command(milo_bench, "milo-bench", ["say-hello", "--to", "Milo"]) == 0
    assert capsys.readouterr().out == "hello Milo\n"


def test_a_wrong_command_of_a_group_is_named_with_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(milo_bench, "milo-bench", ["operator", "rnu"]) == 2
    said = capsys.readouterr().err
    assert "Unknown command 'operator rnu'." in said and "Did you mean 'run'?" in said


def test_the_contract_of_commands_names_every_room_but_those_that_they_may_use() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = [one for one in contracts if one["name"] == "A command parses, calls api and prints"]
    rooms = {path.parent.name for path in (ROOT / "src" / "milo_bench").glob("*/__init__.py")}
    assert {name.removeprefix("milo_bench.") for name in contract["forbidden_modules"]} == rooms - {
        "api",
        "cli",
        "core",
    }
