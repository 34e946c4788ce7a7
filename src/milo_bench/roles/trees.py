"""The id of a git tree in, a folder of its files that may be changed out; a tree is checked out once, then linked."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from milo_bench.roles.git import GitRepository

_KEPT: Final = 4


class TreeFolders:
    """Folders of trees below ``scratch``. With ``linked`` the files of two folders of one tree may be the same inode.

    So a file is replaced and never written to: git, ``write_inside`` and the sandbox's overlay do so, and code that
    runs without the sandbox does not. Any thread may ask.
    """

    def __init__(self, objects: GitRepository, scratch: Path, *, linked: bool) -> None:
        self._objects = objects
        self._scratch = scratch
        self._linked = linked
        self._whole: OrderedDict[str, Path] = OrderedDict()
        self._alone = threading.Lock()

    @contextmanager
    def folder(self, tree: str) -> Iterator[Path]:
        """The files of ``tree``, until the block ends. Raises DataError where git lacks it, OSError for a full disk."""
        place = _new(self._scratch)
        try:
            if self._linked:
                with self._alone:  # so that what is linked from is not taken away meanwhile
                    _link(str(self._checked_out(tree)), str(place))
            else:
                self._objects.checkout(tree, place)
            yield place
        finally:
            _remove(place)

    def _checked_out(self, tree: str) -> Path:
        if tree in self._whole:
            self._whole.move_to_end(tree)
            return self._whole[tree]
        place = _new(self._scratch)
        try:
            self._objects.checkout(tree, place)
        except BaseException:
            _remove(place)
            raise
        self._whole[tree] = place
        if len(self._whole) > _KEPT:
            _remove(self._whole.popitem(last=False)[1])
        return place


def write_inside(tree: Path, path: str, content: bytes) -> None:
    """Write a file below ``tree``. Raises OSError where a folder on the way is a link."""
    place = tree
    for part in path.split("/")[:-1]:
        place = place / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise NotADirectoryError(f"{part} is not a folder")
        place.mkdir(exist_ok=True)
    target = tree / path
    if target.is_symlink() or target.exists():
        target.unlink()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _new(parent: Path) -> Path:
    """A new folder below ``parent`` that the sandbox's user may read."""
    folder = Path(tempfile.mkdtemp(prefix="tree-", dir=parent.absolute()))
    folder.chmod(0o755)
    return folder


def _remove(folder: Path) -> None:
    """Remove a tree; links in it are removed, never followed."""
    shutil.rmtree(folder, ignore_errors=True)


def _link(source: str, target: str) -> None:
    """Fill ``target`` with the folders of ``source`` and links to its files; copies where the disk has no links."""
    with os.scandir(source) as entries:
        for entry in entries:
            place = f"{target}{os.sep}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                os.mkdir(place)  # noqa: PTH102  a tree has thousands, and objects of paths take as long as links
                _link(entry.path, place)
                continue
            try:
                os.link(entry.path, place, follow_symlinks=False)
            except OSError:
                shutil.copy2(entry.path, place, follow_symlinks=False)
