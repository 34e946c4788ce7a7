"""Audit lines and a key in, a chain of authenticated lines out: how a line is sealed and how the head is written.

A line is the JSON of its record with one more field, ``mac``: HMAC-SHA256 over the mac of the line before
and the bytes before it. A changed, moved, removed or inserted line breaks the chain there. The head, a small
file of fixed length kept elsewhere, has the number and mac of the last line, so that a cut tail is found.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import PRIVATE, read_whole, write_new_file

KEY_VARIABLE: Final = "MILO_BENCH_AUDIT_KEY"
FIRST_MAC: Final = b"0" * 64
_BLOCK_BYTES: Final = 64  # of SHA-256
_MARK: Final = b',"mac":"'
_MOST_KEY_BYTES: Final = 64 << 10
_END: Final = b'"}\n'
MAC_FIELD_BYTES: Final = len(_MARK) + 64 + len(_END)


class AuditHead(msgspec.Struct, frozen=True):
    """Number and mac of the last line, and a mac over both."""

    n: str
    mac: str
    seal: str


def mac_of(key: bytes, before: bytes, body: bytes) -> bytes:
    """64 hexadecimal digits over the mac before and the bytes of this line."""
    begun, ended = _keyed(key)
    inner, outer = begun.copy(), ended.copy()
    inner.update(before + body)
    outer.update(inner.digest())
    digits: str = outer.hexdigest()
    return digits.encode()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """HMAC's two hashes with the key in them (RFC 2104): to copy them costs half of what ``hmac.digest`` does."""
    block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in block)), hashlib.sha256(bytes(byte ^ 0x5C for byte in block))


def seal_line(key: bytes, before: bytes, record: bytes) -> tuple[bytes, bytes]:
    """A record's JSON in; the whole line and its mac out."""
    body = record[:-1]
    mac = mac_of(key, before, body)
    return b"".join((body, _MARK, mac, _END)), mac


def split_line(line: bytes) -> tuple[bytes, bytes] | None:
    """The bytes before the mac, and the mac; None where the line does not end with one."""
    if len(line) < MAC_FIELD_BYTES or not line.endswith(_END) or line[-MAC_FIELD_BYTES:].find(_MARK) != 0:
        return None
    return line[:-MAC_FIELD_BYTES], line[-len(_END) - 64 : -len(_END)]


def head_bytes(key: bytes, n: int, mac: bytes) -> bytes:
    """The head as it is written: always of the same length, so that one write replaces it."""
    number = b"%020d" % n
    seal = mac_of(key, b"head", number + mac)
    return b'{"n":"%b","mac":"%b","seal":"%b"}\n' % (number, mac, seal)


def read_head(path: Path, key: bytes) -> tuple[int, bytes]:
    """Number and mac of the last line that the head knows. Raises DataError, PrerequisiteError where it is missing."""
    try:
        data = read_whole(path)
    except FileNotFoundError:
        message = f"The head {path} is missing."
        raise PrerequisiteError(
            message, hint="give the head file that 'milo-bench serve' wrote, with --head."
        ) from None
    except OSError as error:
        message = f"Cannot read the head {path}: {error.strerror}."
        raise PrerequisiteError(message, hint="check the path and its permissions.") from None
    try:
        head = msgspec.json.decode(data, type=AuditHead)
        number, mac, seal = int(head.n), head.mac.encode(), head.seal.encode()
        body = head.n.encode() + mac
    except (msgspec.MsgspecError, ValueError, UnicodeError):
        message = f"{path} is not the head of an audit."
        raise DataError(message, hint="give the head file that 'milo-bench serve' wrote.") from None
    if not hmac.compare_digest(seal, mac_of(key, b"head", body)):
        message = f"The head {path} was changed or belongs to another key."
        raise DataError(message, hint=f"use the key of this audit (the .key file or {KEY_VARIABLE}).")
    return number, mac


def read_key(path: Path, given: str = "", *, make: bool = False) -> bytes:
    """The chain's key: ``given`` (the environment's) where there is one, else the file, made where ``make`` says so.

    Raises PrerequisiteError where there is none, DataError for one that is too short.
    """
    text = given.strip()
    if not text:
        if make and not path.exists():
            write_new_file(path, secrets.token_hex(32) + "\n", taken="remove it.", mode=PRIVATE)
        try:
            text = read_whole(path, _MOST_KEY_BYTES).decode("ascii").strip()
        except FileNotFoundError:
            message = f"The key {path} is missing."
            raise PrerequisiteError(message, hint=f"name it with --key, or set {KEY_VARIABLE}.") from None
        except (OSError, UnicodeDecodeError):
            message = f"The key {path} cannot be read."
            raise DataError(message, hint="it must contain at least 32 characters of ASCII text.") from None
    if len(text) < 32:
        message = "The audit key is shorter than 32 characters."
        raise DataError(message, hint="use e.g. the output of 'openssl rand -hex 32'.")
    return text.encode("utf-8")


def write_all(descriptor: int, data: bytes) -> None:
    """Append ``data`` whole. Raises OSError where not all of it could be written; the part is then cut off again."""
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:] if written else data)
    except OSError:
        if written:
            os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_END) - written)
        raise
