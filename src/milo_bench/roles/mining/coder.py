"""One commit in, a coder case that its own tests have proven out, or the reason why it gives none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.roles.answers import read_answer
from milo_bench.roles.coder import CoderCase, Workplace, make_workplace
from milo_bench.roles.declared import Declared, TestCommand
from milo_bench.roles.environments import EnvironmentFailed, MinedEnvironment, environment_digest, make_environment
from milo_bench.roles.git import SUBMODULE, SYMLINK, Change, GitCommit, GitRepository, TreeEntry
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.languages.code import CodeLanguage
from milo_bench.roles.languages.run import declare, record_calls
from milo_bench.roles.mining.prove import case_tree, prove_case
from milo_bench.roles.mining.records import Mined, MiningOptions, NoCase
from milo_bench.roles.mining.text import added_lines, excerpt, message_of, test_source, without_answer
from milo_bench.roles.mining.touched import Touched, same_code, touched_tests
from milo_bench.roles.paths import is_changelog
from milo_bench.roles.testing import TEST_LIMITS, Isolation, TestSetup, source_folders

_MOST_DIFF_BYTES: Final = 200_000
_MOST_BLOB_BYTES: Final = 2 << 20
_MOST_TREE_BYTES: Final = 200 << 20
_MOST_FILES: Final = 8
_DEEPEST: Final = 100
_MOST_SHOWN: Final = 8_000  # characters of source in a prompt: about 2,000 tokens
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_IMPORT_MODE: Final = re.compile(r"--import-mode[=\s]+(importlib|append|prepend)")


@dataclass(frozen=True)
class Selected:
    """A commit that may give a coder case: its source and test changes."""

    commit: GitCommit
    sources: tuple[Change, ...]
    tests: tuple[Change, ...]


def select(commit: GitCommit, language: CodeLanguage) -> Selected:
    """What of a commit is source and what is test. Raises NoCase; nothing is run and no blob is read."""
    check_history(commit)
    sources = tuple(one for one in commit.changes if language.is_source(one.path) or language.is_source(one.old_path))
    tests = tuple(one for one in commit.changes if language.is_test(one.path) or language.is_test(one.old_path))
    if not tests:
        raise NoCase("no test changed")
    if not any(language.is_test_module(one.path) and one.status != "D" for one in tests):
        raise NoCase("no test module changed", tests[0].path)
    if not sources:
        raise NoCase("no source changed")
    if len(sources) > _MOST_FILES:
        raise NoCase("too many source files changed", f"{len(sources)} files")
    for change in (*sources, *tests):
        if SUBMODULE in (change.old_mode, change.new_mode):
            raise NoCase("a submodule changed", change.path)
        if SYMLINK in (change.old_mode, change.new_mode):
            raise NoCase("a symbolic link changed", change.path)
    return Selected(commit, sources, tests)


def check_history(commit: GitCommit) -> None:
    """What no case can be made from: merges, first commits, names that are not text."""
    if len(commit.parents) > 1:
        raise NoCase("merge commit")
    if not commit.parents:
        raise NoCase("first commit", "it has no parent")
    if commit.bad_paths:
        raise NoCase("a path is not UTF-8")


class CoderProver(Protocol):
    """Who makes coder cases by running tests: this machine, or the nodes of a cluster. Several threads may ask."""

    declared: dict[str, Declared]  # of the environments that were needed, by digest

    def prove(self, commit: GitCommit) -> Sequence[Mined]:
        """The case of one commit. Raises NoCase with the reason where there is none."""
        ...

    def calls(self, case: CoderCase, declared: Declared) -> tuple[Sequence[RecordedCall], Mapping[str, str]]:
        """Calls of the changed functions while the case's tests run after the change, and the changed files by path."""
        ...


class CoderMiner:
    """Makes coder cases of one repository. ``environments`` keeps what could not be installed, with why."""

    def __init__(
        self,
        repository: GitRepository,
        cache: Path,
        place: Workplace,
        env: Mapping[str, str],
        *,
        repeats: int,
        seed: int,
        language: CodeLanguage,
        command: TestCommand | None = None,
    ) -> None:
        self._language = language
        self._command = command
        self._repository = repository
        self._cache = cache
        self._place = place
        self._env = env
        self._repeats = repeats
        self._seed = seed
        self._broken: dict[str, str] = {}
        self.declared: dict[str, Declared] = {}

    def prove(self, commit: GitCommit) -> Sequence[Mined]:
        return [self.mine(select(commit, self._language))]

    def mine(self, selected: Selected) -> Mined:
        """The case of one commit. Raises NoCase with the reason where there is none."""
        commit, parent = selected.commit, selected.commit.parents[0]
        tree = self._repository.tree(parent)
        entries = {entry.path: entry for entry in self._repository.files(tree)}
        _check_tree(entries)
        contents = self._contents(selected)
        oracle = self._oracle(selected, parent)
        run = tuple(one.path for one in selected.tests if self._language.is_test_module(one.path) and one.status != "D")
        environment, declared = self._environment(entries, run)
        case = CoderCase(
            commit=commit.sha,
            tree=tree,
            tests=_tests_of(selected, self._language),
            run=run,
            fail_to_pass=(),
            pass_to_pass=(),
            held_back=(),
            environment=environment.digest,
            oracle=oracle,
            source_folders=source_folders(frozenset(entries), declared.folders),
            addopts=self._import_mode(entries, declared.folders[0]) if self._language.name == "python" else "",
            generated=_generated(declared),
            language=self._language.name,
        )
        setup = TestSetup(environment, declared, case.source_folders, case.addopts)
        case = prove_case(
            case, setup, self._place, repeats=self._repeats, seed=self._seed, touched=self._touched(selected, case)
        )
        fixture = self._fixture(case, selected, entries, contents)
        return Mined("coder", fixture, trees=(tree,), blobs=tuple(blob for blob in case.tests.values() if blob))

    def calls(self, case: CoderCase, declared: Declared) -> tuple[Sequence[RecordedCall], Mapping[str, str]]:
        """Calls of the changed functions while the case's tests run after the change, and the changed files by path."""
        try:
            environment = make_environment(declared, self._cache, self._env)
        except EnvironmentFailed:
            return (), {}
        setup = TestSetup(environment, declared, case.source_folders, case.addopts)
        edits = read_answer(case.oracle)
        with case_tree(self._place, case, oracle=True) as tree:
            texts = {}
            for path in edits.paths:
                place = tree / path
                if self._language.is_source(path) and place.is_file() and not place.is_symlink():
                    texts[path] = place.read_bytes().decode("utf-8", "replace")
            return record_calls(tree, case.run, tuple(texts), setup, self._place.isolation), texts

    def _contents(self, selected: Selected) -> dict[str, str]:
        """Changed source files before the commit, by path. Raises NoCase for what is no text, or is no other code."""
        found, after = {}, {}
        for change in (*selected.sources, *selected.tests):
            for blob, path in ((change.old_blob, change.old_path), (change.new_blob, change.path)):
                if not blob.strip("0"):
                    continue
                size = self._repository.size(blob)
                if size > _MOST_BLOB_BYTES:
                    raise NoCase("a changed file is too large", f"{path}: {size} bytes")
                data = self._repository.blob(blob)
                if data.startswith(_LFS):
                    raise NoCase("a changed file is an LFS pointer", path)
                if not self._language.is_source(path):
                    continue
                if b"\0" in data:
                    raise NoCase("a changed file is binary", path)
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    raise NoCase("a changed file is not UTF-8", path) from None
                if blob == change.old_blob:
                    found[path] = text
                else:
                    after[path] = text
        is_python = self._language.name == "python" and found.keys() == after.keys()
        if is_python and all(same_code(text, after[path]) for path, text in found.items()):
            raise NoCase("only comments, docstrings or the layout of the source changed")
        return found

    def _oracle(self, selected: Selected, parent: str) -> str:
        paths = [
            path for one in selected.sources for path in {one.old_path, one.path} if self._language.is_source(path)
        ]
        diff = self._repository.diff(parent, selected.commit.sha, paths)
        if len(diff) > _MOST_DIFF_BYTES:
            raise NoCase("the diff is too large", f"{len(diff)} bytes")
        try:
            return diff.decode()
        except UnicodeDecodeError:
            raise NoCase("a changed file is not UTF-8") from None

    def _environment(
        self, entries: Mapping[str, TreeEntry], tests: tuple[str, ...]
    ) -> tuple[MinedEnvironment, Declared]:
        def read(path: str) -> str | None:
            entry = entries.get(path)
            if entry is None or entry.mode in (SYMLINK, SUBMODULE) or (entry.size or 0) > _MOST_BLOB_BYTES:
                return None
            return self._repository.blob(entry.blob).decode("utf-8", "replace")

        declared = declare(self._language.name, self._command, read, tests=tests, paths=entries.keys())
        digest = environment_digest(declared)
        if digest in self._broken:
            raise NoCase("the environment cannot be installed", self._broken[digest])
        try:
            environment = make_environment(declared, self._cache, self._env)
        except EnvironmentFailed as error:
            self._broken[digest] = error.message
            raise NoCase("the environment cannot be installed", error.message) from None
        self.declared[digest] = declared
        return environment, declared

    def _import_mode(self, entries: Mapping[str, TreeEntry], folder: str) -> str:
        names = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini")
        for path in (*(f"{folder}/{name}" for name in names if folder), *names):
            if path in entries:
                found = _IMPORT_MODE.search(self._repository.blob(entries[path].blob).decode("utf-8", "replace"))
                if found is not None:
                    return f"--import-mode={found[1]}"
        return ""

    def _touched(self, selected: Selected, case: CoderCase) -> Touched | None:
        """The tests that the commit touches; None where a change of other files may concern any test."""
        if self._language.name != "python" or any(path not in case.run for path in case.tests):
            return None
        before = {one.old_path: self._text(one.old_blob) for one in selected.tests}
        after = {one.path: self._text(one.new_blob) for one in selected.tests}
        diff = self._repository.diff(selected.commit.parents[0], selected.commit.sha, [*case.tests])
        return touched_tests(diff.decode("utf-8", "replace"), before, after)

    def _text(self, blob: str) -> str:
        return self._repository.blob(blob).decode("utf-8", "replace") if blob.strip("0") else ""

    def _fixture(
        self, case: CoderCase, selected: Selected, entries: Mapping[str, TreeEntry], contents: Mapping[str, str]
    ) -> dict[str, Any]:
        commit = selected.commit
        tests = {p: self._repository.blob(b).decode("utf-8", "replace") for p, b in case.tests.items() if b}
        known = next((name for name in case.fail_to_pass if name not in case.held_back), "")
        source = test_source(tests.get(known.partition("::")[0], ""), known, case.language) if known else ""
        shown, cut = _shown_files(contents, case.oracle)
        message = message_of(commit.message)
        notes = self._notes(commit)
        before = "\n".join(contents.values()) + "\n".join(tests.values())
        task, hidden = without_answer("\n\n".join(part for part in (message, notes) if part), _added(case), before)
        listing = [path for path in entries if self._language.is_source(path)]
        return {
            "id": f"coder-{commit.sha[:12]}",
            "workload": "coder",
            "input": {
                "task": task,
                "language": self._language.title,
                "files": shown,
                "listing": listing[:80],
                "known_test": {"name": known, "source": source} if source else {},
            },
            "expect": {"coder": msgspec.to_builtins(case)},
            "tags": [tag for tag, applies in (("excerpt", cut), ("held-back", bool(known))) if applies],
            "provenance": provenance(self._repository, commit, hidden=list(hidden)),
        }

    def _notes(self, commit: GitCommit) -> str:
        """What the commit wrote into the change log: where a repository keeps the text of an issue."""
        paths = [one.path for one in commit.changes if is_changelog(one.path) and one.status in "AM"]
        if not paths:
            return ""
        diff = self._repository.diff(commit.parents[0], commit.sha, paths, context=0).decode("utf-8", "replace")
        return added_lines(diff).strip()[:1_500]


def coder_miner(
    options: MiningOptions, repository: GitRepository, scratch: Path, cache: Path, env: Mapping[str, str]
) -> CoderMiner:
    """A miner of this machine, which runs tests in the folder ``scratch``."""
    place = make_workplace(repository, scratch, Isolation(unsafe_here=options.unsafe_here, limits=TEST_LIMITS))
    return CoderMiner(
        repository,
        cache,
        place,
        env,
        repeats=options.repeats,
        seed=options.seed,
        language=options.code_language,
        command=options.command,
    )


def provenance(repository: GitRepository, commit: GitCommit, **more: Any) -> dict[str, Any]:
    """Where a case comes from. ``time`` is the author's, in seconds since 1970: fresh cases are told by it."""
    return {"repository": repository.name, "commit": commit.sha, "time": commit.time, **more}


def _check_tree(entries: Mapping[str, TreeEntry]) -> None:
    if sum(entry.size or 0 for entry in entries.values()) > _MOST_TREE_BYTES:
        raise NoCase("the tree is too large", f"more than {_MOST_TREE_BYTES >> 20} MiB")
    if any(path.count("/") > _DEEPEST for path in entries):
        raise NoCase("a path is too deep", f"more than {_DEEPEST} folders")
    if any(entry.mode == SUBMODULE for entry in entries.values()):
        raise NoCase("the tree has a submodule")


def _tests_of(selected: Selected, language: CodeLanguage) -> dict[str, str]:
    tests = {}
    for change in selected.tests:
        if change.old_path != change.path and language.is_test(change.old_path):
            tests[change.old_path] = ""
        if language.is_test(change.path):
            tests[change.path] = "" if change.status == "D" else change.new_blob
    return tests


def _generated(declared: Declared) -> dict[str, str]:
    path = declared.version_file
    if not path or path.startswith("/") or ".." in path.split("/") or not path.endswith(".py"):
        return {}
    return {path: f'version = __version__ = "{declared.version}"\n__version_tuple__ = version_tuple = (0, 0, 0)\n'}


def _added(case: CoderCase) -> str:
    return added_lines(case.oracle)


def _shown_files(contents: Mapping[str, str], oracle: str) -> tuple[list[dict[str, Any]], bool]:
    changed = _changed_lines(oracle)
    share = _MOST_SHOWN // max(1, len(contents))
    shown, any_cut = [], False
    for path, text in contents.items():
        part, cut = excerpt(text, path, changed.get(path, frozenset()), share)
        any_cut |= cut
        shown.append({"path": path, "text": part, "cut": cut})
    return shown, any_cut


def _changed_lines(diff: str) -> dict[str, frozenset[int]]:
    """Lines of each old file that a diff touches."""
    try:
        patch = PatchSet(diff)
    except (UnidiffParseError, ValueError):
        return {}
    found = {}
    for file in patch:
        lines = {line.source_line_no for hunk in file for line in hunk if line.is_removed}
        lines |= {hunk.source_start for hunk in file}
        found[file.source_file.removeprefix("a/")] = frozenset(line for line in lines if line)
    return found
