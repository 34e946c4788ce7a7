"""An audit that a gateway may be writing in, a whole copy of it out: its head first, then its files up to a line's end."""

from __future__ import annotations

import shutil
from pathlib import Path

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import PRIVATE
from milo_bench.store.audit.writer import audit_files, head_path


def copy_audit(folder: Path, into: Path) -> int:
    """Copy ``folder`` and its head to the new folder ``into`` and the head beside it; the number of files.

    The head is read first, so the copy has every line that it names. The key is not copied.
    Raises PrerequisiteError where there is no audit, OSError where a file cannot be read or written.
    """
    files = audit_files(folder)
    if not files:
        message = f"There is no audit in {folder}."
        raise PrerequisiteError(message, hint="name the folder that the gateway was given with --audit.")
    head = head_path(folder)
    if head.exists():
        _private(head_path(into), head.read_bytes())
    into.mkdir(mode=0o700)
    for path in audit_files(folder):  # looked up anew: the head may name a line of a file that has just begun
        copy = into / path.name
        shutil.copyfile(path, copy)
        copy.chmod(PRIVATE)
    _cut_to_line(copy)
    return len(audit_files(into))


def _private(path: Path, content: bytes) -> None:
    path.touch(mode=PRIVATE)
    path.write_bytes(content)


def _cut_to_line(path: Path) -> None:
    """The last line may have been on its way while it was copied."""
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        while end > 0:
            start = max(0, end - (1 << 16))
            file.seek(start)
            place = file.read(end - start).rfind(b"\n")
            if place >= 0:
                file.truncate(start + place + 1)
                return
            end = start
        file.truncate(0)
