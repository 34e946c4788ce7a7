"""Every error of a command is one sentence, a hint and the right code; never a traceback."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from milo_bench.cli.entry import run_command
from milo_bench.cli.folder import command_lines
from milo_bench.cli.main import milo_bench
from milo_bench.cli.options import FiniteRange
from milo_bench.core.errors import GateFailed, IncompleteRun, Interrupted, MiloError, PrerequisiteError, UsageError


def failing(error: BaseException) -> click.Command:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("No.", hint="so"), 2),
        (PrerequisiteError("No.", hint="so"), 3),
        (GateFailed("No.", hint="so"), 1),
        (IncompleteRun("No.", hint="so"), 4),
        (Interrupted("No.", hint="so"), 130),
    ],
)
def test_an_error_prints_message_and_hint_on_stderr_and_sets_its_code(
    error: MiloError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(failing(error), "x", []) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["error: No.", "hint: so"]


def test_with_json_an_error_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(failing(UsageError("No.", hint="so")), "x", ["--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document == {"error": {"kind": "UsageError", "message": "No.", "hint": "so", "exit_code": 2}}


def test_ctrl_c_is_130_and_a_closed_pipe_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(failing(KeyboardInterrupt()), "x", []) == 130


def test_an_unknown_command_or_flag_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(milo_bench, "milo-bench", ["scroe"]) == 2
    assert "Did you mean 'score'?" in capsys.readouterr().err
    assert run_command(milo_bench, "milo-bench", ["score", "--jsn", "x"]) == 2
    assert "Did you mean '--json'?" in capsys.readouterr().err


def test_a_programming_error_is_not_hidden_behind_a_pretty_line() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(failing(ZeroDivisionError()), "x", [])


@pytest.mark.parametrize("name", [line.name for line in command_lines("milo_bench.cli.commands")])
def test_every_command_has_a_help_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(milo_bench, "milo-bench", [name, "--help"]) == 0
    assert "Usage: milo-bench" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes them")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_command_whose_streams_are_closed_does_its_work_and_writes_into_no_file_of_its_own(
    closed: str, tmp_path: Path
) -> None:
    log = Path(__file__).parents[1] / "data/logs-0.1.0/run.jsonl"
    out = tmp_path / "d.json"
    command = f'exec "$0" -m milo_bench.cli.main decide "$1" --out "$2" {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable, log, out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(out.read_text("utf-8"))["schema_version"]


def _options(command: click.Command, name: str) -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        for inner in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), inner)
            assert found is not None
            yield from _options(found, f"{name} {inner}")
        return
    for option in command.params:
        yield f"{name} {option.opts[0]}", option


NUMBERS = [
    (name, option.type)
    for name, option in _options(milo_bench, "milo-bench")
    if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType)
]


def test_the_commands_have_numbers_to_look_at() -> None:
    assert {"milo-bench run --repeats", "milo-bench sample export --days"} <= {name for name, _ in NUMBERS}


@pytest.mark.parametrize(("name", "kind"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_a_number_has_bounds_and_is_finite(name: str, kind: click.ParamType[object]) -> None:
    assert isinstance(kind, click.IntRange | FiniteRange), f"{name} takes any number"
    assert kind.min is not None and kind.max is not None, f"{name} has no upper bound"
    for written in ("nan", "inf", "-inf", "1e999", "1" + "0" * 400):
        with pytest.raises(click.UsageError):
            kind.convert(written, None, None)


@pytest.mark.parametrize("words", [["verify", "--help"], ["decide", "nothing.jsonl"], ["targets", "--help"]])
def test_a_command_that_ends_at_once_says_all_and_does_what_was_to_be_done_at_the_end(words: list[str]) -> None:
    program = (
        "import atexit, sys; from milo_bench.cli.main import main; "
        f"atexit.register(lambda: print('done')); sys.argv = ['milo-bench', *{words}]; main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stdout.endswith("done\n")
    assert ended.returncode == (0 if "--help" in words else 3)
    assert ("Usage: " in ended.stdout) == ("--help" in words)
