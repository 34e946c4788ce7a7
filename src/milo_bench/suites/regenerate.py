"""A suite with a generator and a seed in, a whole suite folder with fresh fixtures out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Fixture
from milo_bench.suites.fixtures import fixture_line
from milo_bench.suites.generator import GENERATORS
from milo_bench.suites.load import Suite
from milo_bench.suites.write import change_manifest, write_suite


def generate_files(suite: Suite, seed: int) -> dict[str, str]:
    """Fixture files of ``suite`` for ``seed``, path to text; the same seed always gives the same text.

    Raises UsageError where the suite names no generator or an unknown one.
    """
    name = suite.manifest.generator
    if not name:
        message = f"Suite '{suite.ref.name}' has no generator, so it cannot be regenerated."
        raise UsageError(message, hint="use a suite with 'generator:' in suite.yaml.")
    parts = GENERATORS.get(name)
    return {path: fixture_text(generate(seed, suite.root)) for path, generate in parts.items()}


def fixture_text(fixtures: list[Fixture]) -> str:
    return "".join(fixture_line(fixture) + "\n" for fixture in fixtures)


def regenerate_suite(suite: Suite, *, seed: int, out: Path) -> Path:
    """Write the suite with the fixtures of ``seed`` as the new folder ``out``.

    Everything beside the fixtures is copied; links are not followed. Raises as ``write_suite``.
    """
    files: dict[str, str | bytes] = {}
    for path in sorted(suite.root.rglob("*")):
        if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
            files[path.relative_to(suite.root).as_posix()] = path.read_bytes()
    fresh: Mapping[str, str] = generate_files(suite, seed)
    files.update(fresh)
    files["suite.yaml"] = change_manifest(suite.manifest.text, {"seed": seed})
    return write_suite(out, files)
