"""A repository and wishes in, a suite's folder out: bounded in time and count, and continued where it ended."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core import units
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.files import write_errors
from milo_bench.core.records import Frozen
from milo_bench.core.records.roles import MiningEvent, MiningSummary
from milo_bench.roles.coder import CoderCase
from milo_bench.roles.declared import Declared
from milo_bench.roles.git import GitCommit, GitRepository, open_repository
from milo_bench.roles.languages.calls import RecordedCall
from milo_bench.roles.languages.javascript.packages import find_node
from milo_bench.roles.mining.coder import CoderProver, coder_miner
from milo_bench.roles.mining.draft import DraftMiner
from milo_bench.roles.mining.reason import derive_reason
from milo_bench.roles.mining.records import Mined, MinedRole, MiningOptions, NoCase, Rejection
from milo_bench.roles.mining.review import ReviewMiner
from milo_bench.sandbox import require_sandbox

PROGRESS: Final = "mining.jsonl"
OBJECTS: Final = "objects.git"


class _Header(Frozen, frozen=True, tag="mining", tag_field="type", omit_defaults=False):
    """First line of the progress file: which repository, so that another one is refused."""

    repository: str
    root: str
    seed: int
    schema_version: int = 1
    language: str = "python"


class _Environment(Frozen, frozen=True, tag="environment", tag_field="type"):
    digest: str
    declared: Declared


class _Case(Frozen, frozen=True, tag="case", tag_field="type"):
    commit: str
    mined: Mined


class _Rejected(Frozen, frozen=True, tag="rejected", tag_field="type"):
    rejection: Rejection


_Line = _Header | _Environment | _Case | _Rejected


@dataclass
class MiningReport:
    """What there is now. ``cases`` are all of the folder, ``new`` counts those of this call, ``why`` it ended."""

    repository: str = ""
    cases: list[Mined] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    environments: dict[str, Declared] = field(default_factory=dict)
    new: int = 0
    examined: set[str] = field(default_factory=set)  # commits of this call
    wall_s: float = 0.0
    why: str = "done"
    notes: list[str] = field(default_factory=list)

    def summary(self) -> MiningSummary:
        """The same as counts."""
        reasons: dict[str, Counter[str]] = {}
        for rejection in self.rejections:
            reasons.setdefault(rejection.role, Counter())[rejection.reason] += 1
        return MiningSummary(
            repository=self.repository,
            cases=dict(Counter(case.role for case in self.cases)),
            rejected={role: dict(counter.most_common()) for role, counter in reasons.items()},
            new=self.new,
            examined=len(self.examined),
            wall_s=self.wall_s,
            why=self.why,
            notes=tuple(self.notes),
        )


Listener = Callable[[MiningEvent], None]
# A commit in, its cases out; raises NoCase.
MineCommit = Callable[[GitCommit], Sequence[Mined]]


class _Progress:
    """The file that is appended to as commits are judged; what an earlier call wrote is read first."""

    def __init__(self, path: Path, header: _Header) -> None:
        self.path = path
        self.seen: set[tuple[str, str]] = set()
        self.report = MiningReport(repository=header.repository)
        lines = self._read()
        if lines and isinstance(lines[0], _Header) and lines[0].root != header.root:
            message = f"{path.parent} was mined from another repository, {lines[0].repository}."
            raise UsageError(message, hint="choose a new folder with --out.")
        if lines and isinstance(lines[0], _Header) and lines[0].language != header.language:
            message = f"{path.parent} was mined for {lines[0].language}."
            raise UsageError(message, hint="choose a new folder with --out, one for each language.")
        for line in lines:
            self._take(line)
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        if not lines:
            self.add(header)

    def add(self, line: _Line) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        self._take(line)

    def close(self) -> None:
        self._file.close()

    def _read(self) -> list[_Line]:
        if not self.path.is_file():
            return []
        decoder = msgspec.json.Decoder(_Line)
        raw = self.path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:  # a torn last line: killed while it was written
            os.truncate(self.path, len(whole))
        try:
            return [decoder.decode(line) for line in whole.splitlines()]
        except msgspec.MsgspecError as error:
            message = f"{self.path} cannot be read: {error}."
            raise DataError(message, hint="remove the folder and mine again.") from None

    def _take(self, line: _Line) -> None:
        match line:
            case _Environment(digest=digest, declared=declared):
                self.report.environments[digest] = declared
            case _Case(commit=commit, mined=mined):
                self.seen.add((mined.role, commit))
                self.report.cases.append(mined)
            case _Rejected(rejection=rejection):
                self.seen.add((rejection.role, rejection.commit))
                self.report.rejections.append(rejection)


def mine(
    options: MiningOptions,
    cache: Path,
    env: Mapping[str, str],
    *,
    listen: Listener = lambda event: None,
    provers: Callable[[GitRepository, MiningOptions], CoderProver] | None = None,
) -> MiningReport:
    """Mine ``options.repository`` into ``options.out``, or go on there. Objects are packed; no suite is written.

    ``provers`` makes who proves coder cases; without it, this machine does.

    Raises DataError for what cannot be mined, PrerequisiteError without git or the sandbox, UsageError for an
    ``out`` of something else. Ctrl-C keeps what there is.
    """
    if not options.unsafe_here:
        require_sandbox()
    language = options.code_language
    for name, written in (("since", options.since), ("until", options.until)):
        if written and not _is_date(written):
            message = f"'{written}' is not a date, so --{name} cannot be used."
            raise UsageError(message, hint="write it as 2026-01-31.")
    if options.language == "javascript":
        find_node(env.get("PATH"))
    began = time.monotonic()
    with open_repository(options.repository) as repository:
        root = repository.run("rev-list", "--max-parents=0", "HEAD").decode().split()[0]
        _refuse_taken(options.out)
        progress = _Progress(
            options.out / PROGRESS, _Header(repository.name, root, options.seed, language=language.name)
        )
        try:
            with tempfile.TemporaryDirectory(prefix=".scratch-", dir=options.out) as name:
                Path(name).chmod(0o755)
                local = coder_miner(options, repository, Path(name), cache, env)
                coder = local if provers is None else provers(repository, options)
                _Miner(options, repository, progress, coder, listen, began).all()
        finally:
            progress.close()
        report = progress.report
        report.new -= _balance(report)
        _pack(repository, report, options.out / OBJECTS)
    report.wall_s = time.monotonic() - began
    return report


def _is_date(written: str) -> bool:
    """Git takes any text for a date, and the words that it does not know for now."""
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return False
    return True


def _refuse_taken(out: Path) -> None:
    if out.exists() and not (out / PROGRESS).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} already exists.", hint="choose a new folder with --out, or one that was mined.")


class _Miner:
    """The loop over commits and roles, with a few workers; the order of results does not depend on them."""

    def __init__(
        self,
        options: MiningOptions,
        repository: GitRepository,
        progress: _Progress,
        coder: CoderProver,
        listen: Listener,
        began: float,
    ) -> None:
        self._options = options
        self._repository = repository
        self._progress = progress
        self._listen = listen
        self._until = began + options.minutes * 60
        self._halfway = began + options.minutes * 30
        # Questions are about cases that are there, so that the search for more of them must not take all of the time.
        self._coder_until = began + options.minutes * (54 if "reason" in options.roles else 60)
        self._language = options.code_language
        self._coder = coder

    def all(self) -> None:
        """Every role that was asked for. What runs nothing comes first, since time is limited."""
        roles = set(self._options.roles)
        if roles & {"review", "draft"}:
            known = self._known()
            if "review" in roles:
                self._review(known)
            if "draft" in roles:
                self._role("draft", DraftMiner(self._repository, known, self._language).mine)
        if roles & {"coder", "reason"}:
            in_time = time.monotonic() <= self._coder_until
            self._role("coder", self._coder.prove, by=self._coder_until)
            if in_time:  # what was under way then may have taken the time of the questions
                self._until = max(self._until, time.monotonic() + self._options.minutes * 6)
        if "reason" in roles:
            self._reason()

    def _known(self) -> list[GitCommit]:
        options = self._options
        commits = self._repository.commits(until=options.until, paths=options.paths)
        return list(islice(commits, options.commits))

    def _reason(self) -> None:
        """Questions on the coder cases that have none yet."""
        report = self._progress.report
        cases = [(str(case.fixture["provenance"]["commit"]), case) for case in report.cases if case.role == "coder"]
        cases = [(commit, case) for commit, case in cases if ("reason", commit) not in self._progress.seen]
        asked = 0
        with ThreadPoolExecutor(self._options.workers) as pool:
            waiting: deque[tuple[str, Future[list[Mined]]]] = deque()
            while (waiting or asked < len(cases)) and not self._has("reason", self._options.limit):
                if asked < len(cases) and len(waiting) < self._options.workers and not self._is_over():
                    commit, case = cases[asked]
                    derived = pool.submit(derive_reason, case, self._repository, self._options.seed, self._calls)
                    waiting.append((commit, derived))
                    asked += 1
                elif waiting:
                    self._take_questions(*waiting.popleft())
                else:
                    left = len(cases) - asked
                    report.notes.append(
                        f"reason: no time was left to ask about {left:,} coder {units.things(left, 'case')}. "
                        "Another call asks about them"
                    )
                    break

    def _take_questions(self, commit: str, derived: Future[list[Mined]]) -> None:
        """Add what was derived from one coder case, but for questions that another one has given already."""
        report = self._progress.report
        try:
            found = derived.result()
        except NoCase as no:
            self._progress.add(_Rejected(Rejection("reason", commit, no.reason, no.detail)))
            return
        except (DataError, OSError, ValueError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}"[:300]
            self._progress.add(_Rejected(Rejection("reason", commit, "it cannot be read", why)))
            return
        known = {_question(one.fixture) for one in report.cases if one.role == "reason"}
        for mined in found:
            if _question(mined.fixture) not in known:
                self._progress.add(_Case(commit, mined))
                report.new += 1

    def _calls(self, case: CoderCase) -> tuple[Sequence[RecordedCall], Mapping[str, str]]:
        declared = self._progress.report.environments.get(case.environment)
        return self._coder.calls(case, declared) if declared is not None else ((), {})

    def _review(self, known: Sequence[GitCommit]) -> None:
        """As many faulty changes as controls: first the faulty ones, half of the limit, then their number again.

        Tracing the fixes has half of the time. A part of them would call changes controls that another fix mends.
        """
        miner = ReviewMiner(self._repository, known, self._language)
        if not miner.trace(in_time=lambda: time.monotonic() < self._halfway):
            traced, fixes = miner.counts["fixes"], miner.counts["fixes to trace"]
            self._progress.report.notes.append(
                f"review: no new cases, since half of the time was enough to trace {traced:,} of {fixes:,} fixes. "
                "Give more --minutes, or fewer --commits"
            )
            return
        half = max(1, self._options.limit // 2)
        report = self._progress.report

        def count(kind: str) -> int:
            return sum(case.role == "review" and kind in case.fixture["tags"] for case in report.cases)

        had = len(report.cases)
        # A control of an earlier call may have been mended since.
        report.cases = [
            case
            for case in report.cases
            if not ("control" in case.fixture["tags"] and case.fixture["provenance"]["commit"] in miner.faults)
        ]
        self._role("review", miner.mine, until=lambda more: count("faulty") + more >= half, keep=miner.faulty)
        self._role(
            "review", miner.control, until=lambda more: count("control") + more >= count("faulty"), keep=miner.settled
        )
        report.new -= _balance(report)
        report.notes.append(
            f"review: {miner.counts['usable fixes']} of {miner.counts['fixes']} fixes lead to a change, "
            f"{miner.counts['fixes that only add lines']} only add lines or change no source line, "
            f"{len(report.cases) - had} new {units.things(len(report.cases) - had, 'case')}"
        )

    def _role(
        self,
        role: MinedRole,
        miner: MineCommit,
        *,
        until: Callable[[int], bool] | None = None,
        keep: Callable[[GitCommit], bool] = lambda commit: True,
        by: float | None = None,
    ) -> None:
        report = self._progress.report
        had = sum(case.role == role for case in report.cases)
        waiting: dict[Future[Sequence[Mined]], GitCommit] = {}
        with ThreadPoolExecutor(self._options.workers) as pool:
            try:
                for commit, limit in self._commits(role, had):
                    full = until or partial(self._has, role, limit)
                    while waiting and full(len(waiting)):  # what is under way may be enough
                        self._finish(role, waiting)
                    if full(0):
                        break
                    if not keep(commit):
                        continue
                    if self._is_over(by):
                        break
                    report.examined.add(commit.sha)
                    waiting[pool.submit(miner, commit)] = commit
                    while len(waiting) >= self._options.workers:
                        self._finish(role, waiting)
                while waiting:
                    self._finish(role, waiting)
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise

    def _is_over(self, by: float | None = None) -> bool:
        """Whether the time is up, or the part of it that ends ``by`` then, which the report says."""
        if time.monotonic() <= (self._until if by is None else by):
            return False
        self._progress.report.why = f"stopped after {units.number(self._options.minutes)} minutes"
        return True

    def _commits(self, role: MinedRole, had: int) -> Iterator[tuple[GitCommit, int]]:
        """Commits not yet judged for ``role``, each with the number of cases at which to stop.

        What is newer than all that was judged before may give as many new cases again; older commits fill up.
        """
        options = self._options
        newer = bool(had)
        commits = self._repository.commits(since=options.since, until=options.until, paths=options.paths)
        for count, commit in enumerate(commits):
            if count >= options.commits:
                return
            if (role, commit.sha) in self._progress.seen:
                newer = False
                continue
            yield commit, had + options.limit if newer else max(options.limit, had)

    def _has(self, role: MinedRole, limit: int, more: int = 0) -> bool:
        return more + sum(case.role == role for case in self._progress.report.cases) >= limit

    def _finish(self, role: MinedRole, waiting: dict[Future[Sequence[Mined]], GitCommit]) -> None:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            commit = waiting.pop(future)
            try:
                found = future.result()
            except NoCase as no:
                reason, detail = no.reason, no.detail
            except DataError as error:
                reason, detail = "git cannot read it", error.message
            except (OSError, ValueError, RecursionError, subprocess.SubprocessError) as error:
                # One odd commit of thousands ends nothing: it is listed like any other.
                reason, detail = "it cannot be read", f"{type(error).__name__}: {error}"[:300]
            else:
                reason = detail = ""
            if reason:
                self._progress.add(_Rejected(Rejection(role, commit.sha, reason, detail)))
                self._listen(MiningEvent(role, commit.sha, commit.subject, 0, reason))
                continue
            for digest, declared in self._coder.declared.copy().items():
                if digest not in self._progress.report.environments:
                    self._progress.add(_Environment(digest, declared))
            for mined in found:
                self._progress.add(_Case(commit.sha, mined))
                self._progress.report.new += 1
            self._listen(MiningEvent(role, commit.sha, commit.subject, len(found)))


def _question(fixture: Mapping[str, Any]) -> str:
    """What is asked: the same call of the same function is one question, from whichever commit."""
    return msgspec.json.encode(fixture["input"], order="deterministic").decode()


def _balance(report: MiningReport) -> int:
    """Leave out faulty changes without a control beside them: rejecting everything would pass a suite of those.

    How many of them are new since the last call.
    """
    faulty = [case for case in report.cases if case.role == "review" and "faulty" in case.fixture["tags"]]
    controls = sum(case.role == "review" and "control" in case.fixture["tags"] for case in report.cases)
    left_out = faulty[controls:]
    if not left_out:
        return 0
    new = {id(case) for case in report.cases[len(report.cases) - report.new :]}
    report.cases = [case for case in report.cases if not any(case is one for one in left_out)]
    for case in left_out:
        commit = str(case.fixture["provenance"]["commit"])
        report.rejections.append(Rejection("review", commit, "no control beside it", f"{controls} controls"))
    return sum(id(case) in new for case in left_out)


def _pack(repository: GitRepository, report: MiningReport, out: Path) -> None:
    """The trees and blobs that judging needs, in a bare repository without any history."""
    trees = {tree for case in report.cases for tree in case.trees}
    blobs = {blob for case in report.cases for blob in case.blobs}
    if trees or blobs:
        repository.pack(trees, blobs, out)
