"""A tree and test files in, what the command that registry.yaml names said of them out; run in the sandbox."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from milo_bench.core.hashing import sha256_text
from milo_bench.roles.declared import Declared, ReadFile, TestCommand
from milo_bench.roles.testing import ROOT, Isolation, TestOutcome, TestRun, TestSetup, exceeded, run_unsafe
from milo_bench.sandbox import Mount, SandboxCommand, SandboxOutcome, run_sandboxed
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.bounded.xml_tree import read_xml

DIGEST: Final = sha256_text("command 1")
_TAP: Final = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(#\s*(?:skip|todo)\b.*)?$", re.IGNORECASE)


def declare_command(language: str, command: TestCommand, read: ReadFile) -> Declared:
    """What the registry says; nothing of the repository is read, and nothing is installed."""
    return Declared("project", "0.0.0", (), language=language, runner="command", command=command)


def run_command_tests(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, repeats: int
) -> list[TestRun]:
    """Run the command ``repeats`` times; with ``{file}`` in it once for each file.

    ``exit`` makes a test of each file (or of the whole command), which passes with exit code 0. ``tap`` reads the Test
    Anything Protocol from its output, ``junit`` an XML report that it writes to ``report``.
    """
    command = setup.declared.command
    assert command is not None
    return [_once(tree, files, command, isolation) for _ in range(repeats)]


def _once(tree: Path, files: tuple[str, ...], command: TestCommand, isolation: Isolation) -> TestRun:
    run = TestRun(ended=True)
    for name, text in _texts(command, files):
        outcome = _run(tree, text, command, isolation)
        run.wall_s += outcome.wall_s
        if outcome.ending != "exited":
            run.broken = exceeded(outcome)
            continue
        last = (outcome.stderr or outcome.stdout).decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
        if outcome.exit_code in (126, 127):
            run.broken = f"the command cannot be started: {last}"
            continue
        for test, ending, why in _results(command, name, outcome):
            # A name that is repeated has failed where one of them did.
            if run.outcomes.get(test) != "failed":
                run.outcomes[test] = ending
            if ending == "failed":
                run.reasons.setdefault(test, why or last)
        if command.results != "exit" and outcome.exit_code and "failed" not in run.outcomes.values():
            run.uncollected[name or "command"] = f"exit code {outcome.exit_code}: {last}"
    return run


def _texts(command: TestCommand, files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The name of each call, and its text for the shell. Paths are the repository's: each is one quoted word."""
    words = [shlex.quote(f"./{path}" if path.startswith("-") else path) for path in files]
    if "{file}" in command.command:
        for path, word in zip(files, words, strict=True):
            yield path, command.command.replace("{file}", word)
    else:
        yield "", command.command.replace("{files}", " ".join(words))


def _run(tree: Path, text: str, command: TestCommand, isolation: Isolation) -> SandboxOutcome:
    if command.results == "junit":
        report = shlex.quote(command.report)
        text = f"rm -f {report}\n{{ {text}\n}} >&2\ncode=$?\ncat {report}\nexit $code"
    if isolation.unsafe_here:
        return _run_here(tree, text, isolation)
    # Names such as awk, cc and java are links into /etc/alternatives.
    reads = [*filter(Path.is_dir, [Path("/etc/alternatives")]), *map(Path, command.reads)]
    return run_sandboxed(
        SandboxCommand(
            words=("/bin/sh", "-c", text),
            read_only=tuple(Mount(one) for one in reads if not one.is_relative_to("/usr")),
            overlays=(Mount(tree, ROOT),),
            environment={"CI": "1"},
            folder=ROOT,
            limits=isolation.limits,
        )
    )


def _run_here(tree: Path, text: str, isolation: Isolation) -> SandboxOutcome:
    """The same without a sandbox: only a time limit is left. The user asked for it by name."""
    with tempfile.TemporaryDirectory(prefix="milo-unsafe-") as name:
        variables = {"HOME": name, "TMPDIR": name, "LANG": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath, "CI": "1"}
        return run_unsafe(["/bin/sh", "-c", text], b"", variables, isolation.limits, folder=tree)


def _results(command: TestCommand, name: str, outcome: SandboxOutcome) -> Iterator[tuple[str, TestOutcome, str]]:
    match command.results:
        case "tap":
            yield from _of_tap(outcome.stdout.decode("utf-8", "replace"), name)
        case "junit":
            yield from _of_junit(outcome.stdout)
        case _:
            yield name or "command", "failed" if outcome.exit_code else "passed", ""


def _of_tap(text: str, name: str) -> Iterator[tuple[str, TestOutcome, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TAP.match(line)
        if found is not None:
            test = found[2] or f"line {number}"
            outcome: TestOutcome = "skipped" if found[3] else "failed" if found[1] else "passed"
            yield f"{name}::{test}" if name else test, outcome, ""


def _of_junit(data: bytes) -> Iterator[tuple[str, TestOutcome, str]]:
    try:
        root = read_xml(data)
    except DocumentBroken:
        return
    for case in root.iter("testcase"):
        place = case.get("file") or case.get("classname") or ""
        test = f"{place}::{case.get('name', '')}" if place else case.get("name", "")
        problem = next((one for one in case if one.tag in ("failure", "error")), None)
        if problem is not None:
            yield test, "failed", str(problem.get("message", ""))[:300]
        else:
            yield test, "skipped" if any(one.tag == "skipped" for one in case) else "passed", ""
