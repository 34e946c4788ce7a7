"""An audit that a gateway may be writing in, a whole copy of it out: its head first, then each file to a line's end."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file, writing
from milo_bench.store.audit.writer import audit_files, head_path

_BLOCK = 1 << 16


def copy_audit(folder: Path, into: Path) -> int:
    """Copy ``folder`` and its head to the new folder ``into`` and the head beside it; the number of files.

    The head is read first, so the copy has every line that it names. The key is not copied.
    Raises PrerequisiteError where there is no audit, OSError where a file cannot be read or written.
    """
    if not audit_files(folder):
        message = f"There is no audit in {folder}."
        raise PrerequisiteError(message, hint="name the folder that the gateway was given with --audit.")
    head = head_path(folder)
    if head.exists():
        write_file(head_path(into), head.read_bytes())
    into.mkdir(mode=0o700)
    files = audit_files(folder)  # looked up anew: the head may name a line of a file that has just begun
    for path in files:
        with path.open("rb") as source, writing(into / path.name) as copy:
            left = _whole_lines(source)
            source.seek(0)
            while left > 0:
                block = source.read(min(left, _BLOCK))
                copy.write(block)
                left -= len(block)
    return len(files)


def _whole_lines(file: BinaryIO) -> int:
    """How many bytes its whole lines take: the last line may be on its way."""
    end = file.seek(0, 2)
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        place = file.read(end - start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0
