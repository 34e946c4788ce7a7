"""An mbox file, a folder of them or a Maildir in, its mails one by one out; each is bounded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError
from milo_bench.suites.documents.reader import DocumentBroken, file_bytes
from milo_bench.suites.documents.walk import DEEPEST, is_left_by_system

MOST_MAILS: Final = 200_000
LARGEST_MAIL_BYTES: Final = 64 * 1024 * 1024
# A sender and a date; a sentence that begins with From has no such date.
_FROM_LINE: Final = re.compile(
    rb"From \S+ (?:.* )?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*\d\d:\d\d|\d{4}-\d\d-\d\d.\d\d:\d\d).*\r?\n?"
)
_HEADER_LINE: Final = re.compile(rb"[A-Za-z][\w-]*:")


def is_mbox(start: bytes) -> bool:
    """Whether a file's first bytes are the line that begins each mail of an mbox."""
    return _FROM_LINE.match(start.partition(b"\n")[0] + b"\n") is not None


_INDEXES: Final = (".msf", ".toc", ".idx", ".snm", ".dat", ".sbd")
_OF_MAILDIR: Final = ("cur", "new", "tmp")
_TABLES: Final = (".csv", ".tsv", ".xlsx", ".xls", ".ods")  # with labels of the mails


def is_mail_folder(folder: Path) -> bool:
    """Whether a folder is a Maildir, or contains Maildirs or mbox files and no other documents."""
    near = [folder, *(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())]
    if any(map(_is_maildir, near)):
        return True
    return bool(_maildirs(folder) or _mbox_files(folder)) and not _other_documents(folder)


def files_beside_mailboxes(folder: Path) -> list[Path]:
    """The files of a folder of mailboxes that are none, and no index that a mail program writes beside them."""
    mailboxes = set(_mbox_files(folder))
    holders = [path for path in _folders(folder) if path == folder or not _is_maildir(path)]
    found = (path for holder in holders for path in sorted(holder.iterdir()) if path.is_file())
    files = (path for path in found if not is_left_by_system(path.name))
    return [path for path in files if path not in mailboxes and path.suffix.lower() not in _INDEXES]


def _other_documents(folder: Path) -> list[Path]:
    return [path for path in files_beside_mailboxes(folder) if path.suffix.lower() not in _TABLES]


def read_mailbox(source: Path, broken: list[Problem]) -> Iterator[tuple[str, str, bytes]]:
    """The name of the mailbox, the place of each mail and its bytes. Raises DataError past ``MOST_MAILS``."""
    for count, one in enumerate(_mails(source, broken), start=1):
        if count > MOST_MAILS:
            message = f"{source} contains more than {MOST_MAILS:,} mails."
            raise DataError(message, hint="import its folders one by one.")
        yield one


def _mails(source: Path, broken: list[Problem]) -> Iterator[tuple[str, str, bytes]]:
    if source.is_file():
        yield from _of_mbox(source, source.stem, broken)
        return
    for folder in _maildirs(source):
        name = folder.relative_to(source).as_posix().lstrip(".") or source.name
        for path in sorted(path for part in ("cur", "new") for path in (folder / part).glob("*")):
            if not path.resolve().is_relative_to(source.resolve()):
                broken.append(Problem(str(path), "a link that leads out of the folder", "copy the mail.", kind="data"))
                continue
            try:
                yield name, str(path), file_bytes(path)
            except DocumentBroken as error:
                broken.append(Problem(str(path), str(error), error.hint, kind="data"))
    for path in _mbox_files(source):
        below = [part.removesuffix(".sbd") for part in path.relative_to(source).parent.parts]  # as Thunderbird has them
        yield from _of_mbox(path, "/".join([*below, path.stem]), broken)


def _of_mbox(path: Path, name: str, broken: list[Problem]) -> Iterator[tuple[str, str, bytes]]:
    """A mail begins at a line ``From `` that follows a blank line or precedes a header; ``>From`` is a line of text."""
    lines: list[bytes] = []
    size = number = 0
    blank = True

    def ended() -> Iterator[tuple[str, str, bytes]]:
        if not lines:
            return
        where = f"{path} mail {number}"
        if size > LARGEST_MAIL_BYTES:
            said = f"larger than {LARGEST_MAIL_BYTES >> 20} MiB"
            broken.append(Problem(where, said, "the rest is imported.", kind="data"))
        else:
            yield name, where, b"".join(lines)

    with path.open("rb") as file:
        following = file.readline(1 << 20)
        while line := following:
            following = file.readline(1 << 20)
            if _FROM_LINE.match(line) and (blank or _HEADER_LINE.match(following)):
                yield from ended()
                lines, size, number = [], 0, number + 1
            elif number:
                size += len(line)
                if size <= LARGEST_MAIL_BYTES:
                    lines.append(line[1:] if re.match(rb">+From ", line) else line)
            blank = line in (b"\n", b"\r\n")
        yield from ended()


def _folders(folder: Path) -> Iterator[Path]:
    """``folder`` and those below it, links and what is in a Maildir's own folders left out."""
    for here, below, _ in os.walk(folder, followlinks=False):
        path = Path(here)
        own = _OF_MAILDIR if _is_maildir(path) else ()
        is_deep = len(path.relative_to(folder).parts) >= DEEPEST
        below[:] = [] if is_deep else sorted(name for name in below if name not in own)
        yield path


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _maildirs(folder: Path) -> list[Path]:
    return [path for path in _folders(folder) if _is_maildir(path)]


def _mbox_files(folder: Path) -> list[Path]:
    found = []
    for holder in _folders(folder):
        for path in sorted(holder.iterdir()):
            if path.is_file() and not path.is_symlink() and path.suffix.lower() in (".mbox", ".mbx", ""):
                with path.open("rb") as file:
                    if is_mbox(file.read(1_000)):
                        found.append(path)
    return found
