"""A suite with a generator and a seed in, a whole suite folder with fresh fixtures out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Fixture
from milo_bench.suites.fixtures import fixture_line
from milo_bench.suites.fresh import FreshFixtures, can_draw
from milo_bench.suites.generator import GENERATORS
from milo_bench.suites.load import Suite
from milo_bench.suites.paths import on_disk
from milo_bench.suites.wording import shared_files
from milo_bench.suites.write import change_manifest, write_suite


def generate_files(suite: Suite, seed: int, count: int | None = None) -> dict[str, str]:
    """Fixture files of ``suite`` for ``seed``, path to text; the same seed always gives the same text.

    ``count`` is how many of each workload, as many as the suite has unless given. Raises UsageError where the suite
    names no generator or an unknown one.
    """
    name = suite.manifest.generator
    if not name:
        message = f"Suite '{suite.ref.name}' has no generator, so it cannot be regenerated."
        raise UsageError(message, hint="use a suite with 'generator:' in suite.yaml.")
    parts = GENERATORS.get(name)
    if not can_draw(suite):
        message = (
            f"{suite.ref.name} version {suite.ref.version} cannot be regenerated: its hand-written texts are not in it."
        )
        raise UsageError(message, hint=f"milo-bench suite regenerate {name} --seed {seed} --out OUT")
    made = {path: generate(seed, suite.root) for path, generate in parts.items()}
    if count is not None:
        made = _of_count(made, FreshFixtures(suite, seed + 1), count)
    return {path: fixture_text(fixtures) for path, fixtures in made.items() if fixtures}


def _of_count(made: Mapping[str, Sequence[Fixture]], fresh: FreshFixtures, count: int) -> dict[str, list[Fixture]]:
    """``count`` fixtures of each workload: the first of ``made``, and what is missing in the last file of each."""
    last = {fixture.workload: path for path, fixtures in made.items() for fixture in fixtures}
    have: Counter[str] = Counter()
    found: dict[str, list[Fixture]] = {path: [] for path in made}
    for path, fixtures in made.items():
        for fixture in fixtures:
            if have[fixture.workload] < count:
                have[fixture.workload] += 1
                found[path].append(fixture)
    for workload, path in last.items():
        found[path] += fresh(workload, 0, count - have[workload])
    return found


def _without_files(manifest: str, gone: Collection[str]) -> str:
    """A small count leaves a file without fixtures, and a suite does not name an empty one."""
    lines = manifest.splitlines(keepends=True)
    return "".join(line for line in lines if line.strip().removeprefix("- ") not in gone)


def fixture_text(fixtures: list[Fixture]) -> str:
    return "".join(fixture_line(fixture) + "\n" for fixture in fixtures)


def regenerate_suite(suite: Suite, *, seed: int, out: Path, count: int | None = None) -> Path:
    """Write the suite with the fixtures of ``seed``, ``count`` of each workload, as the new folder ``out``.

    Everything beside the fixtures is copied; links are not followed. Raises as ``write_suite``.
    """
    files: dict[str, str | bytes] = {}
    old = {on_disk(suite.root / name) for name in suite.manifest.fixtures}
    for path in sorted(suite.root.rglob("*")):
        if path.is_file() and path not in old and not path.is_symlink() and "__pycache__" not in path.parts:
            files[path.relative_to(suite.root).as_posix()] = path.read_bytes()
    for name, path in shared_files(suite.root, suite.manifest.generator):
        files[name] = path.read_bytes()
    fresh: Mapping[str, str] = generate_files(suite, seed, count)
    empty = set(suite.manifest.fixtures) - set(fresh)
    files.update(fresh)
    files["suite.yaml"] = change_manifest(suite.manifest.text, {"seed": seed})
    if empty:
        files["suite.yaml"] = _without_files(str(files["suite.yaml"]), empty)
    return write_suite(out, files)
