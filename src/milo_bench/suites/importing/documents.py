"""A folder or a zip in, its documents by name out; a document is read when it is asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from milo_bench.config.written import Problem
from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.documents.reader import Document, DocumentBroken, file_bytes
from milo_bench.suites.documents.walk import is_left_by_system, path_text, walk_documents

_WHOLE_PATH: Final = re.compile(r"/|[A-Za-z]:/")
_ENDINGS: Final = frozenset(
    (
        ".doc",
        ".docx",
        ".pdf",
        ".txt",
        ".md",
        ".rtf",
        ".odt",
        ".htm",
        ".html",
        ".eml",
        ".msg",
        ".ppt",
        ".pptx",
        ".xls",
        ".xlsx",
        ".png",
        ".jpg",
        ".jpeg",
        ".tif",
        ".tiff",
        ".pages",
    )
)


class Documents:
    """The documents of a source. Each has a name: its path below the source, with ``/`` between folders."""

    def __init__(self, source: Path, left_out: list[Problem], *, without: Path | None = None) -> None:
        """``without`` is a file in it that is no document. Raises DocumentBroken for a zip that cannot be read."""
        self._source = source
        self._left_out = left_out
        self._archive: Archive | None = None
        self._paths: dict[str, Path] = {}
        if source.is_dir():
            skipped = without.resolve() if without is not None else None
            for path in walk_documents(source, left_out):
                if path.resolve() != skipped:
                    self._paths[path_text(path.relative_to(source).as_posix())] = path
        else:
            self._archive = Archive(file_bytes(source))
            names = (name for name in sorted(self._archive.names) if not is_left_by_system(name))
            self._paths = {name: source / name for name in names}
        self._by_path = _unique(self._paths, str)
        self._by_name = _unique(self._paths, lambda name: PurePosixPath(name).name)
        self._by_stem = _unique(self._paths, lambda name: PurePosixPath(name).stem)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._paths)

    def find(self, written: str) -> str | None:
        """The document that a label file calls ``written``: its path, its file name or that without its ending."""
        for exact in (written, written.strip()):
            if exact in self._paths:
                return exact
        plain = written.strip().replace("\\", "/").removeprefix("./")
        if plain in self._paths:
            return plain
        if "/" in plain:
            return self._by_path.get(_folded(plain))
        folded = _folded(plain)
        return self._by_name.get(folded) or self._by_stem.get(folded)

    def find_alike(self, written: str) -> str | None:
        """The document that has the same name in another folder of another machine, or with another ending.

        Only a whole path (``C:\\share\\a.pdf``) and an ending of documents (``a.docx`` for a.pdf) are seen past.
        """
        plain = written.strip().removeprefix("file://").replace("\\", "/")
        if _WHOLE_PATH.match(plain):
            return self._by_name.get(_folded(PurePosixPath(plain).name))
        path = PurePosixPath(plain)
        return self._by_stem.get(_folded(path.stem)) if path.suffix.lower() in _ENDINGS else None

    def place(self, name: str) -> str:
        return path_text(self._paths[name])

    def open(self, name: str) -> Document:
        """The document's bytes. Raises DocumentBroken."""
        path = self._paths[name]
        if self._archive is None:
            if not path.resolve().is_relative_to(self._source.resolve()):
                raise DocumentBroken("a link that leads out of the folder")
            raw = file_bytes(path)
        elif self._archive.is_link(name):
            raise DocumentBroken("a link in an archive")
        else:
            raw = self._archive.read(name)
        return Document(Path(path_text(path)), raw, self._left_out)


def _folded(name: str) -> str:
    """A name as it is looked for: case, ü written as u with two dots, and blanks around it do not count."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def _unique(names: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """Names by their folded key, without keys that two of them have."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_folded(key(name)), []).append(name)
    return {folded: same[0] for folded, same in found.items() if len(same) == 1}
