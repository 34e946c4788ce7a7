"""A folder in, its decision packages out: what each decided, read once and again when a file has changed."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from milo_bench.config.routing.file import RoutingFile, load_routing
from milo_bench.config.routing.flags import load_flags
from milo_bench.core.errors import MiloError
from milo_bench.decide.records import Decision
from milo_bench.report.decision_file import read_decision

_MOST_KEPT: Final = 6  # decisions in memory: each may have megabytes of figures
_MOST_FOLDERS: Final = 5_000
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "venv", "appendix"})
REGISTRY: Final = "registry.yaml"


@dataclass(frozen=True)
class FoundPackage:
    """One package, or a decision without one. ``created_at`` is "" where its decision.json is not there."""

    id: str
    path: Path
    name: str
    title: str
    created_at: str
    suites: tuple[str, ...]
    findings: tuple[tuple[str, str, str, str], ...]  # workload, target, kind as pages say it, route
    has_decision: bool
    has_page: bool
    problem: str = ""


@dataclass
class Packages:
    """The packages below a folder."""

    folder: Path
    _summaries: dict[Path, tuple[int, FoundPackage]] = field(default_factory=dict)
    _decisions: OrderedDict[Path, tuple[int, Decision]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def all(self) -> list[FoundPackage]:
        """Every package, the newest decision first."""
        found = [self._summary(path) for path in _package_places(self.folder)]
        return sorted(found, key=lambda one: (one.created_at, one.name), reverse=True)

    def find(self, id: str) -> FoundPackage | None:
        return next((one for one in self.all() if one.id == id), None)

    def history(self, package: FoundPackage) -> list[FoundPackage]:
        """Decisions of the same title or the same suites, the newest first."""
        return [
            one for one in self.all()
            if one.has_decision and (one.title == package.title or (one.suites and one.suites == package.suites))
        ]  # fmt: skip

    def decision(self, package: FoundPackage) -> Decision | None:
        """The decision itself, None where its file is not there. Raises DataError for one that cannot be read."""
        return self._decision(_decision_file(package.path)) if package.has_decision else None

    def registries(self) -> list[tuple[str, Path]]:
        """Role registries: their address and their place."""
        found = []
        for root, names in _walk(self.folder):
            if REGISTRY in names:
                found.append((_id(self.folder, root / REGISTRY), root / REGISTRY))
        return found

    def _summary(self, path: Path) -> FoundPackage:
        file = _decision_file(path)
        changed = max((_changed(one) for one in (file, path / "routing.yaml", path)), default=0)
        with self._lock:
            known = self._summaries.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            made = self._read(path, file)
            self._summaries[path] = (changed, made)
            return made

    def _read(self, path: Path, file: Path) -> FoundPackage:
        name = path.relative_to(self.folder).as_posix() if path != self.folder else path.resolve().name
        bare = FoundPackage(
            _id(self.folder, path), path, name, name, "", (), (), has_decision=False,
            has_page=is_own_file(path / "index.html"),
        )  # fmt: skip
        try:
            if is_own_file(file):
                decision = self._decision(file)
                return replace(
                    bare,
                    title=decision.title,
                    created_at=decision.created_at,
                    suites=tuple(sorted({log.suite.name for log in decision.logs if log.attempted})),
                    findings=tuple(
                        (one.workload, one.target, one.shown_kind, one.route)
                        for one in decision.chosen or decision.findings
                    ),
                    has_decision=True,
                )
            routing = routing_of(path)
            if routing is None:
                return bare
            return replace(bare, title=routing.title or name, created_at=routing.validity.decided_at)
        except MiloError as error:
            return replace(bare, problem=error.message)

    def _decision(self, file: Path) -> Decision:
        changed = _changed(file)
        kept = self._decisions.get(file)
        if kept is None or kept[0] != changed:
            kept = (changed, read_decision(file))
            self._decisions[file] = kept
            while len(self._decisions) > _MOST_KEPT:
                self._decisions.popitem(last=False)
        return kept[1]


def routing_of(path: Path) -> RoutingFile | None:
    """The routing table of a package as it would be enforced, None where it has none. Raises ConfigError."""
    file = path / "routing.yaml"
    return load_routing(file) if is_own_file(file) else None


def flags_of(path: Path, routing: RoutingFile) -> dict[str, bool]:
    """Each flag of a routing table, and whether it is on; off where no file says so."""
    file = path / routing.flags_file if routing.flags_file else None
    on = load_flags(file, known=routing.flags).on if file is not None and is_own_file(file) else frozenset()
    return {flag: flag in on for flag in routing.flags}


def is_own_file(path: Path) -> bool:
    """Whether there is a file that is no link: a link could lead to what only the board can read."""
    return path.is_file() and not path.is_symlink()


def _decision_file(path: Path) -> Path:
    return path if path.suffix == ".json" else path / "decision.json"


def _package_places(folder: Path) -> Iterator[Path]:
    for root, names in _walk(folder):
        if "decision.json" in names or ("routing.yaml" in names and "index.html" in names):
            yield root
        yield from (root / name for name in sorted(names) if name.endswith(".decision.json"))


def _walk(folder: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    """Folders and the names in them; hidden folders are left out, links are not followed."""
    for number, (root, folders, names) in enumerate(os.walk(folder)):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _SKIPPED)
        yield Path(root), frozenset(name for name in names if is_own_file(Path(root) / name))
        if number == _MOST_FOLDERS:
            return


def _id(folder: Path, path: Path) -> str:
    name = path.relative_to(folder).as_posix()
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
