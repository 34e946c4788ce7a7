"""Command lines with one odd file in each place that takes a file in, what each came to out; one process for each."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from milo_bench import api, board, decide, evidence, gateway, report
from milo_bench.cli import commands
from milo_bench.cli.case_timeline import command as case_timeline
from milo_bench.cli.draft_guard import draft_guard
from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench

PROGRAMS: Final = {"milo-bench": milo_bench, "case-timeline": case_timeline, "draft-guard": draft_guard}
# @ is the odd file, {name} one that is right. Every place of every command that takes a path is here.
LINES: Final = """
score @
score {log} @
grade @
grade {log} --out v.jsonl --regraded @
grade {log} --suite @
compare @
compare {log} @
decide @ --policy {policy}
decide {log} --policy @
decide {log} --policy {policy} --economics @
decide {log} --policy {policy} --inventory @
decide {log} --policy {policy} --operator-policy @
decide {log} --policy {policy} --review @
decide {log} --policy {policy} --since @
gate @ --baseline {decision}
gate {log} --baseline @
gate {log} --baseline {decision} --policy @
gate {log} --baseline {decision} --review @
report @ --out pages
verify @
verify {package} --runs @
verify {package} --policy @
verify {package} --economics @
verify {package} --key @
verify {package} --log-key @
sign @ --key {key}
sign {package} --key @
sign {package} --key {key} --runs @
sign {package} --key {key} --config @
erase @ --fixture q-1
erase {log} --fixture q-1 --config @
review sample @ --out s.csv
review import @ --key {key}
review import {sheet} --key @
review export --sheet @ --state state.db
judge calibrate @ --judge scripted --out l.json
judge calibrate {log} --judge scripted --labels @ --out l.json
judge calibrate {log} --judge scripted --review @ --out l.json
judge calibrate {log} --judge scripted --labels {sheet} --policy @ --out l.json
judge calibrate {log} --judge scripted --labels {sheet} --config @ --out l.json
judge run @ --judge scripted
judge run {log} --judge scripted --licence @
judge run {log} --judge scripted --config @
import @ --suite tiny --out i.jsonl
import {sheet} --suite tiny --out i.jsonl --config @
import {sheet} --suite @ --out i.jsonl
suite check @
suite check tiny --policy @
suite import @ --out imported
suite import {sheet} --out imported --labels @
suite list --folder @
suite show @
suite redact @ --out redacted
suite redact tiny --out redacted --known @
suite regenerate @ --out again
suite trust @
policy new @
run --suite @ --models scripted --out r.jsonl
run --suite tiny --models scripted --out r.jsonl --config @
run --suite tiny --models scripted --out r.jsonl --policy @ --until-decided
load --suite @ --model scripted --duration 1s
load --suite tiny --model scripted --trace @
load --suite tiny --model scripted --duration 1s --config @
log convert @ --out c.jsonl
operator permit @ --out p.json
operator permit {log} --policy @ --out p.json
operator report @ --out o
operator report {log} --policy @ --out o
operator run --models scripted --config @
operator run --models scripted --own-tasks @ --limit 1
operator selftest --own-tasks @
operator trust @
operator serve --own-tasks @ x --out s.jsonl
probe scripted --config @
probe scripted --probe privacy_leak --quick --logs @
targets --config @
inventory --diff @ {log}
inventory --diff {log} @
init --out @
roles escalate @
roles escalate {log} --registry @
roles labels @
roles mine @ --out mined
roles page --registry @
roles promote @
roles promote {log} --registry @
roles promote {log} --registry {policy} --audit @
roles promote {log} --registry {policy} --review @
roles rollback --registry @
roles run --registry @
roles selftest @
audit verify @
audit verify {package} --head @
audit verify {package} --key @
audit challengers @
audit challengers {package} --registry @
audit watch @
audit watch {package} --alarms @
board runs --tls-cert @ --tls-key {key}
board runs --state @
serve --routing @
serve --routing {policy} --config @
serve --routing {policy} --registry @
serve --routing {policy} --alarms @
serve --routing {policy} --tls-cert @ --tls-key {key}
serve --routing {policy} --suite @
serve --routing {policy} --audit @
serve --routing {policy} --head @
fake-server --script @
handoff build @
handoff build {log} --packet @
infer --model scripted --template x --config @
infer --model scripted --template @
infer --model scripted --template x --suite @
keys list --state @
queue list --state @
people list --state @
sample list --state @
incidents list --state @
case-timeline build --case 84291 --cases @
draft-guard verify --case 84291 --cases @
draft-guard verify --templates @
board runs --suite @
board runs --tls-cert {key} --tls-key @
decide {log} --policy {policy} --out @
gate {log} --baseline {decision} --junit @
grade {log} --out @
import {sheet} --suite tiny --out @
import {sheet} --make-suite @ --out i.jsonl
inventory --config @
inventory --out @
judge calibrate {log} --judge scripted --labels {sheet} --out @
load --suite tiny --model scripted --duration 1s --out @
load --suite tiny --model scripted --duration 1s --charts @
log convert {log} --out @
operator permit {log} --out @
operator report {log} --out @
operator run --models scripted --limit 1 --out @
operator serve --own-tasks {policy} x --config @ --out s.jsonl
operator serve --own-tasks {policy} x --out @
policy new tiny --out @
probe scripted --quick --out @
report {decision} --out @
review export --sheet {sheet} --state state.db --out @
review import {sheet} --key {key} --out @
review sample {log} --out @
roles escalate {log} --config @
roles init --config @
roles init --out @
roles labels {sheet} --repository @
roles mine tiny --out @
roles mine tiny --out mined --registry @
roles page --config @
roles page --out @
roles promote {log} --config @
roles run --config @
roles run --out @
roles run --site @
run --suite tiny --models scripted --out r.jsonl --baseline @
run --suite tiny --models scripted --out @
sample export --out @
sample export --suite @
score {log} --out @
serve --routing {policy} --tls-cert {key} --tls-key @
sign --new-key @
state backup @
state backup saved --audit @
state restore @
state restore {package} --audit @
suite import {sheet} --out @
suite labels @ --out l.csv
suite labels tiny --out @
suite new @
suite redact tiny --out @
suite regenerate tiny --out @
"""
# Options without a line, and why: they are refused by the same type as those that have one.
NO_LINE: Final = {
    ("demo", "--out"): "where it is a folder, it serves a model and measures it",
    ("board", "folder"): "where it is a folder, it serves pages until Ctrl-C",
}
MOST_S: Final = 30.0
_MOST_BYTES: Final = 2 << 30


@dataclass(frozen=True)
class Came:
    """What one command line came to. ``code`` is None for one that was ended after ``MOST_S``."""

    code: int | None
    err: str
    peak_bytes: int


def warm() -> None:
    """Load what commands load late, once for all processes to come."""
    for room in (api, commands, decide, evidence, report, board, gateway):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def odd_files(folder: Path) -> dict[str, Path]:
    """Files that are none, by what they are."""
    found = {name: folder / f"odd-{name}" for name in ("pipe", "socket", "folder", "loop", "missing")}
    os.mkfifo(found["pipe"])
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(folder)  # a name of a socket may have a hundred characters
        try:
            bound.bind(found["socket"].name)
        finally:
            os.chdir(here)
    found["folder"].mkdir()
    found["loop"].symlink_to(found["loop"].name)
    return {**found, "endless device": Path("/dev/zero"), "empty device": Path("/dev/null")}


def words_of(line: str, odd: Path, right: Mapping[str, Path]) -> list[str]:
    return [str(odd) if word == "@" else word.format(**right) for word in line.split()]


def came_to(words: list[str], folder: Path) -> Came:
    """Run one command line in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _become(words, folder, write)
    os.close(write)
    try:
        err = _read_for(read, MOST_S)
    finally:
        os.close(read)
    ended = err is not None
    if not ended:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status) if ended else None
    return Came(code, (err or b"").decode("utf-8", "replace"), used.ru_maxrss * 1024)


def _become(words: list[str], folder: Path, write: int) -> None:
    code = 99
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (2 * _MOST_BYTES, resource.RLIM_INFINITY))
        os.chdir(folder)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        os.dup2(write, 2)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        name, arguments = (words[0], words[1:]) if words[0] in PROGRAMS else ("milo-bench", words)
        code = run_command(PROGRAMS[name], name, arguments)
        sys.stderr.flush()
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _read_for(descriptor: int, limit_s: float) -> bytes | None:
    """All that is written until it is closed; None where that takes longer."""
    found = bytearray()
    end_s = time.monotonic() + limit_s
    while (left_s := end_s - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left_s)[0]:
            break
        block = os.read(descriptor, 65536)
        if not block:
            return bytes(found)
        found += block
    return None


def places() -> Iterator[tuple[tuple[str, ...], click.Parameter]]:
    """Each argument and option of each command that takes a path, by the tree of commands itself."""
    for name, program in PROGRAMS.items():
        words = () if name == "milo-bench" else (name,)
        yield from _places(program, click.Context(program, info_name=name), words)


def _places(
    command: click.Command, context: click.Context, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Parameter]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _places(below, click.Context(below, info_name=name, parent=context), (*words, name))
        return
    yield from ((words, one) for one in command.params if isinstance(one.type, click.Path))


def has_line(words: tuple[str, ...], place: click.Parameter) -> bool:
    """Whether a command line has the odd file in ``place`` of the command ``words``."""
    for line in LINES.strip().splitlines():
        written = line.split()
        if tuple(written[: len(words)]) != words:
            continue
        given = written[len(words) :]
        before = [given[at - 1] if at else "" for at, word in enumerate(given) if word == "@"]
        if isinstance(place, click.Option):
            if any(option in before for option in place.opts):
                return True
        elif any(not word.startswith("--") for word in before):
            return True
    return False


Judge = Callable[[Came], str]


def wrong(came: Came) -> str:
    """What is wrong with how a command ended, "" where nothing is."""
    if came.code is None:
        return f"not over after {MOST_S:.0f} s"
    if "Traceback" in came.err or came.code == 99:
        return "a traceback: " + came.err.strip().splitlines()[-1][:200]
    if came.code < 0:
        return f"ended by the signal {-came.code}"
    if came.peak_bytes > _MOST_BYTES:
        return f"{came.peak_bytes >> 20} MiB"
    errors = [line for line in came.err.splitlines() if line.startswith("error: ")]
    undecided = came.code == 3 and "undecided" in came.err  # a probe that could not look
    if came.code not in (0, 1, 4, 5) and len(errors) != 1 and not undecided:
        return f"{len(errors)} errors: {came.err[:200]!r}"
    if came.code in (2, 3) and not undecided and "hint: " not in came.err:
        return f"no hint: {came.err[:200]!r}"
    return ""


def main() -> None:
    """Each command line with the odd file of a kind: what is wrong, by line, as JSON.

    In a process of its own: a child of one with threads may wait for a lock that no thread of it holds.
    """
    folder, kind, places = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    right = {name: Path(place) for name, place in places.items()}
    odd = odd_files(folder)[kind]
    warm()
    found = {}
    for line in LINES.strip().splitlines():
        if said := wrong(came_to(words_of(line, odd, right), folder)):
            found[line] = said
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
