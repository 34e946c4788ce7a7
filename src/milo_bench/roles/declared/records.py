"""What a repository declares of its tests, as plain records."""

from __future__ import annotations

from collections.abc import Callable

from milo_bench.core.records import Frozen

ReadFile = Callable[[str], str | None]  # a path in the repository to its text, None where there is no such file


class TestCommand(Frozen, frozen=True):
    """How tests of a language that is not built in are run, as registry.yaml says it."""

    command: str
    endings: tuple[str, ...]
    tests: tuple[str, ...]
    results: str = "exit"
    report: str = ""
    reads: tuple[str, ...] = ()


class Declared(Frozen, frozen=True, omit_defaults=False):
    """What a repository says of itself. ``requirements`` are what to install, sorted; ``skipped`` could not be used.

    ``entry_points`` are console entry points and others, by group, as in an ``entry_points.txt``. ``runner`` is the
    program that runs the tests with ``options``, and ``files`` are manifests that its packages are installed from.
    ``folders`` are those of the projects that the tests use, "" is the top. ``linked`` gives the folder of each
    package of the tree that others import by its name.
    """

    name: str
    version: str
    requirements: tuple[str, ...]
    requires_python: str = ""
    entry_points: str = ""
    version_file: str = ""
    skipped: tuple[str, ...] = ()
    language: str = "python"
    runner: str = ""
    options: tuple[str, ...] = ()
    files: dict[str, str] = {}
    command: TestCommand | None = None
    folders: tuple[str, ...] = ("",)
    linked: dict[str, str] = {}
