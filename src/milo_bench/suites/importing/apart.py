"""A document or a spreadsheet in, what is in it out, read by a process that is ended at a time or memory limit."""

from __future__ import annotations

import contextlib
import math
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Final, Literal

import msgspec
import psutil

from milo_bench.config.written import Problem
from milo_bench.core.units import seconds
from milo_bench.suites.bounded.broken import DocumentBroken, NoSuchForm, PackageMissing
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import Document, is_plain
from milo_bench.suites.importing.forms import DocumentForm, FormInput, document_in_form
from milo_bench.suites.sheets.workbook import WorkSheet

MEMORY_LIMIT_BYTES: Final = 4 * 1024**3
TIME_LIMIT_S: Final = 60.0  # without a page more
_PAGES_FOR_LONG: Final = 30  # times the limit that a document may take with all of its pages
_WHEN_BUSY: Final = 5  # times the limit, where the machine gives the reader less than half of that as processor time
_LARGEST_REPLY: Final = 1024**3
_LENGTH: Final = 8


class ApartRequest(msgspec.Struct, frozen=True):
    """One document for the process that reads; ``form`` "sheets" asks for the cells of a spreadsheet."""

    path: str
    form: DocumentForm | Literal["sheets"]
    raw: bytes


class ApartReply(msgspec.Struct, frozen=True):
    """``alive`` says that a page was read; ``broken`` why there is no text, ``extra`` which package is missing."""

    kind: Literal["alive", "done", "broken", "no_form"]
    value: Any = None
    read: DocumentText = DocumentText("")
    files: dict[str, bytes] = {}
    left_out: list[Problem] = []
    sheets: list[WorkSheet] = []
    message: str = ""
    hint: str = ""
    extra: str = ""


class ReadApart:
    """Reads documents one after the other. The process starts with the first that needs one; ``close`` ends it.

    ``time_limit_s`` is the longest that a page may take, five times that on a machine that gives the process less than
    half of it as processor time. A document may take 30 times that.
    """

    def __init__(self, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._limit_s = time_limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.Queue[ApartReply | None] = queue.Queue()

    def __enter__(self) -> ReadApart:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        self._process = None

    def read(self, document: Document, form: DocumentForm) -> FormInput:
        """As ``document_in_form``. Raises DocumentBroken also for a document that reaches a limit."""
        if form == "text" and is_plain(document):
            return document_in_form(document, form)
        reply = self._asked(ApartRequest(str(document.path), form, document.raw), document.left_out)
        return FormInput(reply.value, reply.read, reply.files)

    def read_sheets(self, path: Path, raw: bytes) -> list[WorkSheet]:
        """As ``sheets.workbook.read_sheets``. Raises DocumentBroken also for a workbook that reaches a limit."""
        return self._asked(ApartRequest(str(path), "sheets", raw), []).sheets

    def _asked(self, request: ApartRequest, left_out: list[Problem]) -> ApartReply:
        """The reply of the process. Raises DocumentBroken for anything but what was asked for."""
        stdin = self._started()
        try:
            write_frame(stdin, msgspec.msgpack.encode(request))
        except OSError:
            raise self._ended() from None
        reply = self._reply()
        left_out.extend(reply.left_out)
        if reply.kind == "done":
            return reply
        if reply.extra:
            missing = PackageMissing(reply.message, reply.extra)
            missing.args = (reply.message,)
            raise missing
        raise (NoSuchForm if reply.kind == "no_form" else DocumentBroken)(reply.message, hint=reply.hint)

    def _started(self) -> IO[bytes]:
        if self._process is None:
            words = [sys.executable, "-P", "-m", "milo_bench.suites.importing.apart_worker"]
            # What a reader prints is no message of ours.
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self._replies = queue.Queue()
            threading.Thread(target=_receive, args=(self._process.stdout, self._replies), daemon=True).start()
        stdin = self._process.stdin
        assert stdin is not None
        return stdin

    def _reply(self) -> ApartReply:
        begun_s = last_s = time.monotonic()
        spent_s = self._processor_s()
        wait_s = self._limit_s
        while True:
            end_s = begun_s + _PAGES_FOR_LONG * self._limit_s
            try:
                reply = self._replies.get(timeout=max(0.0, min(wait_s, end_s - time.monotonic())))
            except queue.Empty:
                now_s = time.monotonic()
                has_waited = now_s >= end_s or now_s - last_s >= _WHEN_BUSY * self._limit_s
                if not has_waited and self._processor_s() - spent_s < self._limit_s / 2:
                    wait_s = self._limit_s / 4  # the machine is busy with other work
                    continue
                self.close()
                said = f"took longer than {seconds(self._limit_s)} to read"
                raise DocumentBroken(said, hint="split it, or allow more with --time-limit 5m.") from None
            if reply is None:
                raise self._ended()
            if reply.kind != "alive":
                return reply
            last_s, spent_s, wait_s = time.monotonic(), self._processor_s(), self._limit_s

    def _processor_s(self) -> float:
        """Processor time that the reader has had; without an end where the system does not say."""
        try:
            times = psutil.Process(self._process.pid).cpu_times() if self._process is not None else None
        except psutil.Error:
            return math.inf
        return math.inf if times is None else times.user + times.system

    def _ended(self) -> DocumentBroken:
        """The process is gone: its reader crashed, or took so much memory that the system ended it."""
        process = self._process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        code = process.returncode if process is not None else None
        self.close()
        how = f"by signal {-code}" if code is not None and code < 0 else f"with code {code}"
        return DocumentBroken(f"the process that read it ended {how}", hint="save it anew in the program that made it.")


def write_frame(out: IO[bytes], data: bytes) -> None:
    """One message: its length, then itself."""
    out.write(len(data).to_bytes(_LENGTH, "big"))
    out.write(data)
    out.flush()


def read_frame(source: IO[bytes]) -> bytes:
    """The next message; empty at the end. Raises ValueError for one that is too long."""
    head = source.read(_LENGTH)
    length = int.from_bytes(head, "big")
    if length > _LARGEST_REPLY:
        raise ValueError("a message that is too long")
    data = source.read(length) if len(head) == _LENGTH else b""
    return data if len(data) == length else b""


def _receive(source: IO[bytes] | None, replies: queue.Queue[ApartReply | None]) -> None:
    """Every reply of the process into the queue, None where there will be no more."""
    decoder = msgspec.msgpack.Decoder(ApartReply)
    try:
        while source is not None and (data := read_frame(source)):
            replies.put(decoder.decode(data))
    except (OSError, ValueError, msgspec.DecodeError):
        pass  # the process was ended, or wrote what is no message
    replies.put(None)


def as_document(request: ApartRequest) -> Document:
    """The document of a request."""
    return Document(Path(request.path), request.raw, [])
