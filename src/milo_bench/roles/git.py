"""A git repository in, its commits, trees and blobs out, by git's own plumbing; nothing of the repository is run.

A repository's configuration, attributes and hooks may name programs. None of them is started: hooks, external diffs,
text conversion, filters, file system monitors and transports are switched off, and the user's own configuration is not
read.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from milo_bench.core.errors import DataError, PrerequisiteError

_OFF: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.autocrlf=false"),
    *("-c", "core.attributesFile=/dev/null", "-c", "protocol.allow=never", "-c", "safe.directory=*"),
    *("-c", "core.quotePath=false", "-c", "diff.renameLimit=400", "-c", "core.eol=lf", "-c", "core.fileMode=true"),
    *("-c", "core.symlinks=true", "-c", "core.ignoreCase=false", "-c", "core.sparseCheckout=false"),
)
_ENVIRONMENT: Final = {
    "PATH": os.defpath,
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_DIFF: Final = ("--no-ext-diff", "--no-textconv", "--no-color", "-M")
_FORMAT: Final = "%x01%H%x1f%P%x1f%at%x1f%B"
_LATEST: Final = 253_402_300_799  # the end of the year 9999, the last that a date has
SYMLINK: Final = "120000"
SUBMODULE: Final = "160000"


@dataclass(frozen=True)
class Change:
    """One file of a commit. ``status`` is git's letter; modes and blobs are those before and after."""

    status: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    old_path: str
    path: str


@dataclass(frozen=True)
class GitCommit:
    """One commit with what it changed against its first parent; ``time`` is its author's, in seconds since 1970.

    ``bad_paths`` says that a path is not UTF-8.
    """

    sha: str
    parents: tuple[str, ...]
    time: int
    message: str
    changes: tuple[Change, ...] = ()
    bad_paths: bool = False

    @property
    def subject(self) -> str:
        return self.message.strip().partition("\n")[0]


@dataclass(frozen=True)
class TreeEntry:
    """A file of a tree; ``size`` in bytes, None for a submodule."""

    mode: str
    blob: str
    path: str
    size: int | None


class GitRepository:
    """A git directory or work tree. Read only; a context manager that ends the git process it keeps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._batch: subprocess.Popen[bytes] | None = None
        self._asking = threading.Lock()
        self._off: dict[str, str] | None = None

    def __enter__(self) -> GitRepository:
        return self

    def __exit__(self, *_: object) -> None:
        if self._batch is not None:
            self._batch.kill()
            self._batch.communicate()
            self._batch = None

    @property
    def name(self) -> str:
        """What the folder is called: a name for people."""
        folder = self.path.resolve()
        return folder.name.removesuffix(".git") or folder.parent.name

    def run(self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
        """What git printed. Raises DataError with git's own words where it fails."""
        done = subprocess.run(  # noqa: S603  a fixed program
            self._command(*words), input=stdin, capture_output=True, check=False, env={**_ENVIRONMENT, **(env or {})}
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            message = f"git {words[0]} failed in {self.path}: {said.removeprefix('fatal: ')[:300]}."
            raise DataError(message, hint="check the repository with 'git fsck'.")
        return done.stdout

    def commits(
        self, *, since: str = "", until: str = "", paths: Sequence[str] = (), start: str = "HEAD"
    ) -> Iterator[GitCommit]:
        """Commits from ``start`` back, newest first, streamed. ``since`` and ``until`` are dates."""
        words = ["log", "-z", "--raw", "--full-diff", "--no-abbrev", *_DIFF, f"--format={_FORMAT}"]
        words += [f"--since={since}"] if since else []
        words += [f"--until={until}"] if until else []
        words += ["--end-of-options", start, "--", *paths]
        process = subprocess.Popen(  # noqa: S603  a fixed program
            self._command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
        )
        assert process.stdout is not None
        try:
            yield from _read_log(process.stdout)
            _, said = process.communicate()
            if process.returncode:
                why = said.decode("utf-8", "replace").strip().rpartition("\n")[2].removeprefix("fatal: ")
                raise DataError(f"git cannot list commits of {self.path}: {why[:300]}.", hint="check --path.")
        finally:
            process.kill()
            process.communicate()

    def blob(self, blob: str) -> bytes:
        """The contents of one blob; any thread may ask. Raises DataError where the object is missing."""
        with self._asking:
            return self._blob(blob)

    def _blob(self, blob: str) -> bytes:
        if self._batch is None:
            self._batch = subprocess.Popen(  # noqa: S603  a fixed program
                self._command("cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_ENVIRONMENT
            )
        stdin, stdout = self._batch.stdin, self._batch.stdout
        assert stdin is not None and stdout is not None
        stdin.write(blob.encode() + b"\n")
        stdin.flush()
        head = stdout.readline().split()
        if len(head) < 3:
            raise DataError(f"{self.path} lacks the object {blob}.", hint="fetch the whole repository again.")
        content = stdout.read(int(head[2]))
        stdout.read(1)
        return content

    def size(self, blob: str) -> int:
        """How many bytes a blob has, without reading it."""
        return int(self.run("cat-file", "-s", blob))

    def tree(self, commit: str) -> str:
        """The id of a commit's tree."""
        return self.run("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").decode().strip()

    def files(self, tree: str) -> list[TreeEntry]:
        """All files of a tree; one with a path that is not UTF-8 has it with replacement characters."""
        entries = []
        for line in self.run("ls-tree", "-r", "-l", "-z", "--end-of-options", tree).split(b"\0"):
            if line:
                head, _, path = line.partition(b"\t")
                mode, _kind, blob, size = head.decode().split()
                entries.append(TreeEntry(mode, blob, path.decode("utf-8", "replace"), _size(size)))
        return entries

    def diff(self, old: str, new: str, paths: Sequence[str] = (), *, context: int = 3) -> bytes:
        """The unified diff between two commits or trees."""
        words = ("diff-tree", "-p", *_DIFF, f"-U{context}", "--full-index", "--end-of-options", old, new, "--", *paths)
        return self.run(*words)

    def checkout(self, tree: str, folder: Path) -> None:
        """Write a tree's files into the empty ``folder``, which others may read. Links in it are not followed."""
        index = folder.with_name(f"{folder.name}.index")
        env = {"GIT_INDEX_FILE": str(index.absolute()), "GIT_WORK_TREE": str(folder.absolute())}
        env |= self._without_filters()
        try:
            self.run("read-tree", "--reset", "-u", tree, env=env)
        finally:
            index.unlink(missing_ok=True)

    def _without_filters(self) -> dict[str, str]:
        """Variables that switch off each filter of files which the repository's own configuration names."""
        if self._off is None:
            done = subprocess.run(  # noqa: S603  a fixed program
                self._command("config", "--null", "--name-only", "--get-regexp", r"^filter\."),
                capture_output=True,
                check=False,
                env=_ENVIRONMENT,
            )
            keys = done.stdout.decode("utf-8", "surrogateescape").split("\0")
            names = dict.fromkeys(key.rpartition(".")[0] for key in keys if key)
            values = {"smudge": "", "clean": "", "process": "", "required": "false"}
            off = [(f"{name}.{key}", value) for name in names for key, value in values.items()]
            self._off = {"GIT_CONFIG_COUNT": str(len(off))}
            for number, (key, value) in enumerate(off):
                self._off |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return self._off

    def pack(self, trees: Iterable[str], blobs: Iterable[str], out: Path) -> None:
        """Make a bare repository at ``out`` that holds ``trees`` and ``blobs``, and no history."""
        out = out.absolute()  # git is started in the repository's folder
        wanted = set(blobs)
        for tree in set(trees):
            wanted.add(tree)
            for line in self.run("ls-tree", "-r", "-t", "-z", tree).split(b"\0"):
                if line and not line.startswith(b"160000"):
                    wanted.add(line.split(b"\t")[0].split()[2].decode())
        stdin = "".join(f"{name}\n" for name in sorted(wanted)).encode()
        packed = self.run("pack-objects", "-q", "--stdout", stdin=stdin)
        if not out.exists():
            form = self.run("rev-parse", "--show-object-format").decode().strip()
            self.run("init", "-q", "--bare", "--template=", f"--object-format={form}", str(out))
        GitRepository(out).run("index-pack", "--stdin", stdin=packed)

    def packed_history(self) -> tuple[str, bytes]:
        """The commit that is checked out, and a pack of everything that it leads to."""
        head = self.run("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        return head, self.run("pack-objects", "-q", "--revs", "--stdout", stdin=f"{head}\n".encode())

    def _command(self, *words: str) -> list[str]:
        return ["git", "-C", str(self.path), *_OFF, *words]


def open_repository(path: Path) -> GitRepository:
    """The repository at ``path``. Raises DataError for anything that cannot be mined, PrerequisiteError without git."""
    hint = "give a folder that 'git clone' made."
    if not path.is_dir():
        raise DataError(f"{path} is not a folder.", hint=hint)
    repository = GitRepository(path)
    try:
        said = repository.run("rev-parse", "--is-shallow-repository").decode().strip()
    except FileNotFoundError:
        raise PrerequisiteError("Mining needs git, which is missing.", hint="install git.") from None
    except DataError as error:
        if "not a git repository" in error.message:
            raise DataError(f"{path} is not a git repository.", hint=hint) from None
        raise
    prefix = repository.run("rev-parse", "--show-prefix").decode("utf-8", "replace").strip("\n/")
    if prefix:
        top = path.absolute().parents[prefix.count("/")]
        message = f"{path} is a folder inside the repository {top}."
        raise DataError(
            message,
            hint=f"milo-bench roles mine {shlex.quote(str(top))} --path {shlex.quote(prefix)} --out suites/ours",
        )
    if said == "true":
        message = f"{path} is a shallow clone, so most of its commits are missing."
        raise DataError(message, hint=f"git -C {shlex.quote(str(path))} fetch --unshallow")
    try:
        repository.run("rev-parse", "--verify", "HEAD^{commit}")
    except DataError:
        raise DataError(f"{path} has no commits.", hint="commit something, or check out a branch.") from None
    return repository


def unpack_history(folder: Path, name: str, head: str, pack: bytes) -> GitRepository:
    """A bare repository called ``name`` in ``folder``, from what ``packed_history`` gave."""
    place = folder.absolute() / f"{name}.git"
    place.mkdir()
    repository = GitRepository(place)
    form = "sha256" if len(head) == 64 else "sha1"
    repository.run("init", "-q", "--bare", "--template=", f"--object-format={form}", str(place))
    repository.run("index-pack", "--stdin", stdin=pack)
    repository.run("update-ref", "--no-deref", "HEAD", head)
    return repository


def _size(written: str) -> int | None:
    return int(written) if written.isdecimal() and len(written) < 19 else None


def _read_log(stream: IO[bytes]) -> Iterator[GitCommit]:
    commit: GitCommit | None = None
    changes: list[Change] = []
    bad = False
    tokens = _tokens(stream)
    for raw in tokens:
        token = raw.lstrip(b"\n")
        if token.startswith(b"\x01"):
            if commit is not None:
                yield _with(commit, changes, bad)
            commit, changes, bad = _commit(token[1:]), [], False
        elif token.startswith(b":"):
            old_mode, new_mode, old_blob, new_blob, status = token[1:].decode().split()
            first = next(tokens)
            second = next(tokens) if status[0] in "RC" else first
            try:
                old_path, path = first.decode(), second.decode()
            except UnicodeDecodeError:
                bad = True
                continue
            changes.append(Change(status[0], old_mode, new_mode, old_blob, new_blob, old_path, path))
    if commit is not None:
        yield _with(commit, changes, bad)


def _with(commit: GitCommit, changes: list[Change], bad: bool) -> GitCommit:
    return GitCommit(commit.sha, commit.parents, commit.time, commit.message, tuple(changes), bad)


def _commit(token: bytes) -> GitCommit:
    sha, parents, time, message = token.decode("utf-8", "replace").split("\x1f", 3)
    return GitCommit(sha, tuple(parents.split()), min(max(int(time or 0), 0), _LATEST), message)


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest
