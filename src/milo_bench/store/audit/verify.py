"""A folder of audit files, its key and its head in, every place where the chain does not hold out."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.core import units
from milo_bench.core.errors import PrerequisiteError
from milo_bench.store.audit.chain import FIRST_MAC, mac_of, read_head, split_line
from milo_bench.store.audit.records import AuditedFingerprint, AuditedRequest, AuditedShadow, AuditFileStart, AuditLine
from milo_bench.store.audit.writer import audit_files, file_name, file_number

MOST_PROBLEMS: Final = 50
_DECODER: Final = msgspec.json.Decoder(AuditedRequest | AuditedShadow | AuditedFingerprint | AuditFileStart)


@dataclass(frozen=True)
class AuditCheck:
    """``lines`` were read in ``files``; each of ``problems`` is a sentence that names file and line.

    ``requests`` are the lines about requests; ``tail_checked`` is whether a head was given.
    """

    files: int
    lines: int
    requests: int
    problems: tuple[str, ...]
    tail_checked: bool
    unfinished: bool  # a last line without its end: its request was never answered
    clock_steps: tuple[str, ...] = ()  # each place where the clock had gone back; the chain holds all the same

    @property
    def ok(self) -> bool:
        return not self.problems


def verify_audit(folder: Path, key: bytes, *, head: Path | None) -> AuditCheck:
    """Recompute the whole chain. Raises PrerequisiteError where there is no audit, DataError for a false head."""
    files = audit_files(folder)
    if not files:
        message = f"{folder} contains no audit."
        raise PrerequisiteError(message, hint="name the folder that 'milo-bench serve --audit' wrote.")
    wanted = read_head(head, key) if head is not None else None
    check = _Check(key, wanted)
    place = 0
    for path in files:
        place += 1
        if path.name != file_name(place):
            number = file_number(path)
            if number > place:
                missing = file_name(place) if number == place + 1 else f"{file_name(place)} to {file_name(number - 1)}"
                check.say(f"{missing} {'is' if number == place + 1 else 'are'} missing, and {path.name} follows.")
            else:
                check.say(f"{path.name} is not a file of this audit.")
            place, check.lost = number, True
        check.file(path, last=path is files[-1])
        if check.full:
            break
    if not check.full:
        check.tail()
    return AuditCheck(
        len(files), check.lines, check.requests, tuple(check.problems), wanted is not None, check.unfinished,
        tuple(check.clock_steps),
    )  # fmt: skip


class _Check:
    def __init__(self, key: bytes, wanted: tuple[int, bytes] | None) -> None:
        self._key, self._wanted = key, wanted
        self._mac, self._n = FIRST_MAC, 0
        self._highest = 0
        self._known: bytes | None = None  # mac of the line that the head knows
        self.problems: list[str] = []
        self.lines = self.requests = 0
        self.clock_steps: list[str] = []
        self._at: datetime | None = None
        self.unfinished = False
        self.lost = False  # the line before this one is missing, so its mac is unknown

    @property
    def full(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS

    def say(self, problem: str) -> None:
        self.problems.append(problem)

    def file(self, path: Path, *, last: bool) -> None:
        number = 0
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if not line.endswith(b"\n") and last:
                        self.unfinished = True
                        return
                    self._line(line, f"{path.name} line {number}")
                    if self.full:
                        return
        except OSError as error:
            self.say(f"{path.name} cannot be read: {error.strerror or type(error).__name__}.")
            self.lost = True
            return
        if number == 0 and last and path.name != file_name(1):
            self.unfinished = True  # the gateway was killed as it began the file
        elif number == 0:
            self.say(f"{path.name} is empty.")

    def _line(self, line: bytes, where: str) -> None:
        self.lines += 1
        parts = split_line(line)
        try:
            record = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            record = None
        if parts is None or record is None:
            self.say(f"{where} is not a line of an audit: it was changed.")
            self._n, self.lost = self._n + 1, True
            return
        body, mac = parts
        self.requests += isinstance(record, AuditedRequest)
        missing = record.n - self._n - 1
        if missing > 0:
            which = f"line {self._n + 1} is" if missing == 1 else f"lines {self._n + 1} to {record.n - 1} are"
            self.say(f"Before {where}, {which} missing.")
        elif missing < 0:
            self.say(f"{where} has the number {record.n}, after {self._n}: it was moved or repeated.")
        elif not hmac.compare_digest(mac, mac_of(self._key, self._mac, body)) and not self.lost:
            self.say(f"{where} was changed (number {record.n}), or the key is another one.")
        self.lost = False
        self._n, self._mac = record.n, mac
        self._clock(record, where)
        self._highest = max(self._highest, record.n)
        if self._wanted is not None and record.n == self._wanted[0]:
            self._known = mac

    def _clock(self, record: AuditLine, where: str) -> None:
        """Lines are written in the order of their times, so an earlier one shows a clock that was set back."""
        try:
            at = datetime.fromisoformat(record.at)
        except ValueError:
            return
        if at.tzinfo is None:
            return
        before, self._at = self._at, at
        if before is not None and at < before and len(self.clock_steps) < MOST_PROBLEMS:
            by = units.seconds((before - at).total_seconds())
            self.clock_steps.append(f"At {where} the clock had gone back by {by}, from {_said(before)} to {_said(at)}.")

    def tail(self) -> None:
        """The head knows so many lines; more may have come since, fewer may not be there."""
        if self._wanted is None:
            return
        n, mac = self._wanted
        if self._highest < n:
            missing = n - self._highest
            which = "line is" if missing == 1 else f"{missing} lines are"
            self.say(f"The last {which} missing: the head knows {n} lines, the files end at line {self._highest}.")
        elif self._known is None and not self.problems:
            self.say(f"The head knows no line of this audit (number {n}).")
        elif self._known is not None and self._known != mac:
            self.say(f"Line {n} is not the one that the head knows: it is the head of another audit.")


def _said(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="milliseconds")


def read_audit(folder: Path, *, after: int = 0) -> Iterator[AuditLine]:
    """The records of an audit in their order; broken lines are left out: ``verify_audit`` names them.

    Those up to number ``after`` are left out, and whole files of them are not read.
    """
    files = audit_files(folder)
    for path, following in zip(files, (*files[1:], None), strict=True):
        if after and following is not None and 0 < _first_number(following) <= after + 1:
            continue
        with path.open("rb") as file:
            for line in file:
                try:
                    record = _DECODER.decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    continue
                if record.n > after:
                    yield record


def _first_number(path: Path) -> int:
    """The number of a file's first line, 0 where it cannot be read."""
    with path.open("rb") as file:
        try:
            return int(_DECODER.decode(file.readline()).n)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return 0
