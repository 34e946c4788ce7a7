"""A suite's folder and a new fixture in, the same folder with one line more out; a suite that it would break stays."""

from __future__ import annotations

from pathlib import Path

from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.files import write_file
from milo_bench.core.records import Fixture
from milo_bench.suites.fixtures import fixture_line
from milo_bench.suites.load import load_suite, read_suite
from milo_bench.suites.paths import BUILTIN, EARLIER, LANGUAGES


def add_fixture(folder: Path, fixture: Fixture) -> Path:
    """Append ``fixture`` to the last fixture file of the suite in ``folder``; that file.

    Raises UsageError for a built-in suite, another workload or an id that is taken, DataError where the suite could
    not be read with it; the file is then as it was.
    """
    root = folder.resolve()
    if any(root.is_relative_to(folder.resolve()) for folder in (BUILTIN, EARLIER, LANGUAGES)):
        raise UsageError("A built-in suite takes no fixtures.", hint="copy it to a folder of your own first.")
    suite = load_suite(str(folder))
    suite.workload(fixture.workload)
    if any(known.id == fixture.id for known in suite.fixtures):
        raise UsageError(f"The suite already has a fixture '{fixture.id}'.", hint="give it another id.")
    path = root / suite.manifest.fixtures[-1]
    before = path.read_bytes()
    between = b"" if not before or before.endswith(b"\n") else b"\n"
    write_file(path, before + between + fixture_line(fixture).encode() + b"\n")
    _, problems = read_suite(root)
    if problems:
        write_file(path, before)
        raise DataError(f"The suite cannot take this fixture: {problems[0].what}.", hint=problems[0].hint)
    return path
