"""A tree, an environment and test files in, how each test ended out, by the runner of the environment's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from milo_bench.roles.declared import Declared, ReadFile, TestCommand, read_declared
from milo_bench.roles.declared.python import project_folders, project_of
from milo_bench.roles.languages import command, python
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.languages.command import declare_command, run_command_tests
from milo_bench.roles.languages.javascript import run as javascript
from milo_bench.roles.languages.javascript.declared import read_package
from milo_bench.roles.languages.python import record_python_calls, run_python
from milo_bench.roles.testing import Isolation, TestRun, TestSetup, times


def declare(
    language: str, own: TestCommand | None, read: ReadFile, *, tests: Collection[str] = (), paths: Collection[str] = ()
) -> Declared:
    """What the files that ``read`` gives declare in ``language``; ``own`` is that of a language of registry.yaml.

    ``paths`` are all files of the tree: where it has several projects, that of the ``tests`` counts.
    """
    if own is not None:
        return declare_command(language, own, read)
    if language == "javascript":
        return read_package(read, tests, paths)
    projects = project_folders(paths)
    return read_declared(read, project_of(tests, projects), projects)


def run_tests(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, changed: tuple[str, ...] | None = None
) -> TestRun:
    """Run the test ``files`` of ``tree``. Raises PrerequisiteError where there is no sandbox and none was waived.

    With the paths that an answer ``changed``, tests that must fail are run as well, and what those files do to the
    tests is watched where the language allows it.
    """
    return run_tests_often(tree, files, setup, isolation, 1, changed)[0]


def run_tests_often(
    tree: Path,
    files: tuple[str, ...],
    setup: TestSetup,
    isolation: Isolation,
    repeats: int,
    changed: tuple[str, ...] | None = None,
    only: tuple[str, ...] | None = None,
) -> list[TestRun]:
    """As ``run_tests``, ``repeats`` times, each in a process of its own; the limit on time is for each of them.

    With ``only``, no other tests run than those by that name and what is below them, where the language is Python.
    """
    if setup.declared.command is not None:
        return run_command_tests(tree, files, setup, isolation, repeats)
    isolation = replace(isolation, limits=times(isolation.limits, repeats))
    canaries = changed is not None
    if setup.declared.language == "javascript":
        return javascript.run_javascript(tree, files, setup, isolation, repeats, canaries=canaries)
    return run_python(tree, files, setup, isolation, repeats, canaries=canaries, changed=changed or (), only=only)


def record_calls(
    tree: Path, files: tuple[str, ...], sources: tuple[str, ...], setup: TestSetup, isolation: Isolation
) -> list[RecordedCall]:
    """Calls that the tests in ``files`` make of plain functions in ``sources``, which may be changed in ``tree``.

    None without the sandbox, and none in a language of registry.yaml.
    """
    if setup.declared.command is not None:
        return []
    if setup.declared.language == "javascript":
        # Only here: its grammars take as long to load as all of this package.
        from milo_bench.roles.languages.javascript.calls import record_javascript_calls

        return record_javascript_calls(tree, files, sources, setup, isolation)
    return record_python_calls(tree, files, sources, setup, isolation)


def runner_digest(language: str) -> str:
    """What judges answers in ``language``: part of every execution, since another one could judge differently."""
    digests: Mapping[str, str] = {"python": python.DIGEST, "javascript": javascript.DIGEST}
    return digests.get(language, command.DIGEST)
