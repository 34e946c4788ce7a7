"""``python -m milo_bench.suites.importing.apart_worker``: documents on standard input in, what is in them out."""

from __future__ import annotations

import dataclasses
import io
import os
import sys
from typing import IO

import msgspec

from milo_bench.suites.bounded.broken import DocumentBroken, NoSuchForm, PackageMissing
from milo_bench.suites.importing.apart import (
    MEMORY_LIMIT_BYTES,
    ApartReply,
    ApartRequest,
    as_document,
    read_frame,
    write_frame,
)
from milo_bench.suites.importing.forms import document_in_form
from milo_bench.suites.sheets.workbook import read_sheets


def main() -> None:
    """Answer requests until there are no more."""
    _limit_memory()
    source, out = sys.stdin.buffer, io.BufferedWriter(io.FileIO(os.dup(1), "w"))
    os.dup2(2, 1)  # a library that prints must not write into the replies
    while data := read_frame(source):
        reply = _answer(msgspec.msgpack.decode(data, type=ApartRequest), out)
        write_frame(out, msgspec.msgpack.encode(reply))


def _answer(request: ApartRequest, out: IO[bytes]) -> ApartReply:
    alive = msgspec.msgpack.encode(ApartReply("alive"))
    document = dataclasses.replace(as_document(request), alive=lambda: write_frame(out, alive))
    left_out = document.left_out
    try:
        if request.form == "sheets":
            return ApartReply("done", sheets=read_sheets(request.raw))
        given = document_in_form(document, request.form)
    except PackageMissing as missing:
        return ApartReply("broken", left_out=left_out, message=str(missing), hint=missing.hint, extra=missing.extra)
    except NoSuchForm as missing:
        return ApartReply("no_form", left_out=left_out, message=str(missing), hint=missing.hint)
    except DocumentBroken as broken:
        return ApartReply("broken", left_out=left_out, message=str(broken), hint=broken.hint)
    except MemoryError:
        said = f"needs more than {MEMORY_LIMIT_BYTES >> 30} GiB of memory"
        return ApartReply("broken", left_out=left_out, message=said, hint="split it, or save it anew.")
    except Exception as error:
        # A reader may fail in any way on a damaged file; one file must not stop the rest.
        said = f"cannot be read: {type(error).__name__}"
        return ApartReply("broken", left_out=left_out, message=said, hint="save it anew in the program that made it.")
    return ApartReply("done", given.value, given.read, given.files, left_out)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit, and some systems do not let it be set


if __name__ == "__main__":
    main()
