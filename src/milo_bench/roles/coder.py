"""A mined coder case and one answer in, what running it in the sandbox on the parent's tree showed out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from milo_bench.core.records import Frozen
from milo_bench.core.text import file_lines
from milo_bench.roles.answers import Edits, read_answer
from milo_bench.roles.declared import Declared
from milo_bench.roles.environments import MinedEnvironment
from milo_bench.roles.git import GitRepository
from milo_bench.roles.languages.code import CodeLanguage, language_of
from milo_bench.roles.languages.run import run_tests, runner_digest
from milo_bench.roles.languages.tampering import tampering_signs
from milo_bench.roles.paths import is_configuration
from milo_bench.roles.testing import Isolation, TestRun, TestSetup
from milo_bench.roles.trees import TreeFolders, write_inside

Category = Literal[
    "",  # every test that the case names passed
    "unparsable",  # no change can be read from the answer
    "patch_does_not_apply",
    "tampering",  # it changes what only makes tests pass, or leaves the tree
    "tests_failed",
    "broke_tests",  # tests that passed before fail now
    "run_broken",  # time, memory, or a process that left before its tests ended
]
# Beyond being wrong: a person could not even use it, or it deceives.
HARD: Final[frozenset[str]] = frozenset({"unparsable", "patch_does_not_apply", "tampering"})
_APPLY_S: Final = 30
_COMPILED: Final = (".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".node", ".wasm", ".class")
_WAYS: Final = (("strict", ()), ("recounted", ("--recount",)), ("spaces", ("--recount", "--ignore-whitespace")))


class CoderCase(Frozen, frozen=True):
    """What judging needs of one case. ``tree`` is the parent's, ``tests`` the commit's own test files by path.

    A blob of "" is a test file that the commit deleted. ``run`` are the test files to run. ``oracle`` is the true
    patch, and ``generated`` files that a build would write. ``allowed`` are signs of tampering that it shows itself
    where ``runner`` judges it, by digest.
    """

    commit: str
    tree: str
    tests: dict[str, str]
    run: tuple[str, ...]
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    held_back: tuple[str, ...]
    environment: str
    oracle: str
    source_folders: tuple[str, ...] = ("",)
    addopts: str = ""
    generated: dict[str, str] = {}
    flaky: tuple[str, ...] = ()
    language: str = "python"
    allowed: tuple[str, ...] = ()
    runner: str = ""


class CoderJudgement(Frozen, frozen=True, omit_defaults=False):
    """What one answer showed. ``failed`` are tests that had to pass and did not, ``way`` how the patch applied."""

    category: Category
    reason: str = ""
    failed: tuple[str, ...] = ()
    passed: int = 0
    wanted: int = 0
    way: str = ""
    wall_s: float = 0.0


@dataclass(frozen=True)
class Workplace:
    """Where answers are judged: objects of the trees, folders of their files, and how code is run."""

    objects: GitRepository
    trees: TreeFolders
    isolation: Isolation


def make_workplace(objects: GitRepository, scratch: Path, isolation: Isolation) -> Workplace:
    """A workplace whose trees are below ``scratch``."""
    return Workplace(objects, TreeFolders(objects, scratch, linked=not isolation.unsafe_here), isolation)


def run_answer(
    case: CoderCase, answer: str, environment: MinedEnvironment, declared: Declared, place: Workplace
) -> tuple[CoderJudgement, TestRun | None]:
    """Apply ``answer`` to the parent's tree, run the case's tests, and say how it went. Never raises for an answer.

    Also how each test ended, None for an answer that was judged before its tests were run.
    """
    wanted = len(case.fail_to_pass) + len(case.pass_to_pass)
    edits = read_answer(answer)
    problem = _before_applying(edits, language_of(declared))
    if problem is not None:
        return CoderJudgement(problem[0], problem[1], wanted=wanted), None
    with place.trees.folder(case.tree) as tree:
        before = {path: _read(tree, path) for path in edits.paths}
        way = apply_edits(edits, tree)
        if way.startswith("!"):
            return CoderJudgement("patch_does_not_apply", way[1:], wanted=wanted), None
        signs = _tampering(case, before, tree)
        if signs:
            return CoderJudgement("tampering", signs, wanted=wanted, way=way), None
        try:
            put_tests(case, tree, place.objects)
        except OSError as error:
            why = f"the patch is in the way of the tests: {error}"
            return CoderJudgement("tampering", why, wanted=wanted, way=way), None
        setup = TestSetup(environment, declared, case.source_folders, case.addopts)
        run = run_tests(tree, case.run, setup, place.isolation, edits.paths)
        return judged_run(case, run, way), run


def judged_today(case: CoderCase, environment: MinedEnvironment, declared: Declared, place: Workplace) -> CoderCase:
    """A case that an older runner judged, by what its true patch shows to this one.

    Signs that it shows are allowed, and tests that it fails are left out: the project's own code does so, and no answer
    could help it. Where no test would be left that failed before, all of them stay.
    """
    _, run = run_answer(case, f"```diff\n{case.oracle}```\n", environment, declared, place)
    case = msgspec.structs.replace(case, runner=runner_digest(case.language))
    if run is None or run.broken:
        return case
    fixed = tuple(name for name in case.fail_to_pass if name in run.passed)
    if fixed:
        kept = tuple(name for name in case.pass_to_pass if name in run.passed)
        case = msgspec.structs.replace(case, fail_to_pass=fixed, pass_to_pass=kept)
    return msgspec.structs.replace(case, allowed=tuple(sorted({*case.allowed, *run.tampered})))


def put_tests(case: CoderCase, tree: Path, objects: GitRepository) -> None:
    """Write the commit's test files over whatever is there, and what a build would have generated."""
    for path, blob in case.tests.items():
        place = tree / path
        if blob:
            write_inside(tree, path, objects.blob(blob))
        elif place.is_symlink() or place.is_file():
            place.unlink()
    for path, text in case.generated.items():
        write_inside(tree, path, text.encode())


def _before_applying(edits: Edits, language: CodeLanguage) -> tuple[Category, str] | None:
    if edits.problem:
        return "unparsable", edits.problem
    if edits.outside:
        return "tampering", edits.outside
    if edits.link:
        return "tampering", "the patch makes a link or a submodule"
    for path in edits.paths:
        if language.is_test(path):
            return "tampering", f"the patch changes the test file {path[:120]}"
        if is_configuration(path):
            return "tampering", f"the patch changes the configuration {path[:120]}"
        if path.endswith(_COMPILED) or "__pycache__" in path.split("/"):
            return "tampering", f"the patch adds compiled code: {path[:120]}"
        if shadows(path, language):
            return "tampering", f"the patch adds {path[:120]}, which hides an installed module"
    return None


def shadows(path: str, language: CodeLanguage) -> bool:
    """Whether a file would be imported in place of the standard library, of a package or of the test framework."""
    if language.name != "python":
        return "node_modules" in path.split("/")
    parts = path.removeprefix("src/").split("/")
    name = parts[0].removesuffix(".py")
    top = len(parts) == 1 or (len(parts) == 2 and parts[1] == "__init__.py")
    return top and name in {*sys.stdlib_module_names, "pytest", "_pytest", "pluggy", "hypothesis"}


def apply_edits(edits: Edits, tree: Path) -> str:
    """Change ``tree``; how it applied, or "!" and why it did not."""
    try:
        if not edits.diff:
            for path, text in edits.files.items():
                write_inside(tree, path, _like(tree / path, text).encode("utf-8", "replace"))
            return "files"
        # Git refuses paths that leave the folder or go through a link, and changes all files or none.
        env = {"PATH": os.defpath, "GIT_CEILING_DIRECTORIES": str(tree.parent.resolve()), "LC_ALL": "C.UTF-8"}
        env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"}
        diff = edits.diff.encode("utf-8", "replace")

        def apply(*flags: str) -> subprocess.CompletedProcess[bytes]:
            words = ["git", "apply", "--whitespace=nowarn", f"-p{edits.level}", *flags, "-"]
            return subprocess.run(  # noqa: S603  a fixed program; a diff is data to it
                words, input=diff, cwd=tree, env=env, capture_output=True, timeout=_APPLY_S, check=False
            )

        said = ""
        for way, flags in _WAYS:
            done = apply(*flags, "--apply", "--numstat", "-z")
            if done.returncode == 0:
                rows = [row.split(b"\t", 2)[-1].decode("utf-8", "replace") for row in done.stdout.split(b"\0") if row]
                others = set(rows) - set(edits.paths)  # what was checked must be what git has changed
                return f"!git reads another path in it than its headers name: {min(others)[:120]}" if others else way
            said = said or done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        return f"!{said.removeprefix('error: ')[:200] or 'git cannot apply it'}"
    except subprocess.TimeoutExpired:
        return f"!applying it took longer than {_APPLY_S} s"
    except (OSError, ValueError) as error:
        return f"!{str(error)[:200]}"


def _like(place: Path, text: str) -> str:
    """``text`` with the line ends of the file that it replaces."""
    try:
        old = place.read_bytes()[:4096] if not place.is_symlink() else b""
    except OSError:
        return text
    return text.replace("\n", "\r\n") if b"\r\n" in old else text


def _read(tree: Path, path: str) -> str:
    place = tree / path
    try:
        inside = place.resolve().is_relative_to(tree.resolve())
        return place.read_bytes().decode("utf-8", "replace") if inside and place.is_file() else ""
    except (OSError, ValueError):
        return ""


def _tampering(case: CoderCase, before: dict[str, str], tree: Path) -> str:
    """The first sign that was not there before and is not in the true patch, "" where there is none."""
    if any((tree / path).is_symlink() for path in before):
        return "the patch makes a link"
    added = "\n".join(line[1:] for line in file_lines(case.oracle) if line.startswith("+"))
    for path, old in before.items():
        signs = tampering_signs(_read(tree, path), path)
        for sign in sorted(signs - tampering_signs(old, path)) if signs else ():
            word = sign.rpartition(" ")[2]
            if word not in added:
                return f"{sign} ({path[:120]})"
    return ""


def judged_run(case: CoderCase, run: TestRun, way: str) -> CoderJudgement:
    """What a run of the case's tests with an answer says of it; ``way`` is how the answer applied."""
    wanted, passed = len(case.fail_to_pass) + len(case.pass_to_pass), run.passed
    missing = tuple(name for name in case.fail_to_pass if name not in passed)
    broken = tuple(name for name in case.pass_to_pass if name not in passed)
    figures: dict[str, Any] = {
        "failed": (*missing, *broken),
        "passed": wanted - len(missing) - len(broken),
        "wanted": wanted,
        "way": way,
        "wall_s": run.wall_s,
    }
    tampered = [sign for sign in run.tampered if sign not in case.allowed]
    if tampered:
        return CoderJudgement("tampering", tampered[0], **figures)
    if run.broken:
        return CoderJudgement("run_broken", run.broken, **figures)
    if run.framework_patched:
        what = run.patched[0].rpartition("/")[2] if run.patched else "tests that must fail were not run"
        return CoderJudgement("tampering", f"the test framework was patched: {what} passed", **figures)
    if missing:
        why = run.reasons.get(missing[0]) or next(iter(run.uncollected.values()), "it did not run")
        return CoderJudgement("tests_failed", f"{missing[0]}: {why}"[:400], **figures)
    if broken:
        why = run.reasons.get(broken[0]) or next(iter(run.uncollected.values()), "it did not run")
        return CoderJudgement("broke_tests", f"{broken[0]}: {why}"[:400], **figures)
    return CoderJudgement("", **figures)
