"""Lines of a run log in, the digest of each and the hash that seals a block of them out; a text enters as a digest.

A line that may hold a person's text is written in two parts: what is sealed as it is, then a salt, then the texts:
``{"type":"attempt",…,"salt":"32 hex digits","output":"…"}``. The digest of such a line is

    SHA-256(1, bytes before the salt, SHA-256(salt, bytes after it))

so that an erasure can put the inner digest in place of salt and texts, and the line has the digest that it had. Without
the salt nobody can try texts against the inner digest. Any other line has the digest SHA-256(0, line).

A block of lines ends in a ``seal`` line. Its hash is SHA-256(hash of the seal before, digests of the lines).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct, field

from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Frozen, Plan, Seal

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32
SHOWN: Final = 8  # hexadecimal digits of a line's digest that its seal repeats, to name the line that differs
SEAL_START: Final = b'{"type":"seal"'
SALT_MARK: Final = b',"salt":"'
ERASED_MARK: Final = b',"erased":"'
_SALT_DIGITS: Final = 2 * SALT_BYTES
_DIGEST_DIGITS: Final = 64
_KINDS_WITH_TEXT: Final = ("attempt", "fixture", "episode", "execution", "load_row", "judgement")
_WITH_TEXT: Final = tuple(f'{{"type":"{kind}"'.encode() for kind in _KINDS_WITH_TEXT)
FIRST: Final = bytes(32)


def digest_of_parts(before: bytes, salt: bytes, texts: bytes) -> bytes:
    """The digest of a line in two parts, 32 bytes; ``salt`` in hexadecimal digits."""
    return sha256(b"\x01" + before + sha256(salt + texts).digest()).digest()


def digest_of_line(line: bytes) -> bytes:
    """The digest of a line without its newline, 32 bytes."""
    if line.startswith(_WITH_TEXT):
        at = line.find(SALT_MARK)
        if at >= 0:
            start = at + len(SALT_MARK)
            return digest_of_parts(line[:at], line[start : start + _SALT_DIGITS], line[start + _SALT_DIGITS :])
        at = line.find(ERASED_MARK)
        if at >= 0:
            inner = _inner_digest(line[at + len(ERASED_MARK) :])
            if inner is not None:
                return sha256(b"\x01" + line[:at] + inner).digest()
    return sha256(b"\x00" + line).digest()


def _inner_digest(rest: bytes) -> bytes | None:
    """What an erasure left of a line, and nothing after it."""
    if len(rest) != _DIGEST_DIGITS + 2 or not rest.endswith(b'"}'):
        return None
    try:
        return bytes.fromhex(rest[:_DIGEST_DIGITS].decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None


def erased_line(line: bytes) -> bytes | None:
    """``line`` (without its newline) with the digest of its texts in their place; None where it has no texts."""
    at = line.find(SALT_MARK) if line.startswith(_WITH_TEXT) else -1
    if at < 0:
        return None
    start = at + len(SALT_MARK)
    inner = sha256(line[start : start + _SALT_DIGITS] + line[start + _SALT_DIGITS :]).hexdigest()
    return line[:at] + ERASED_MARK + inner.encode() + b'"}'


def is_erased(line: bytes) -> bool:
    """Whether the texts of ``line``, with its newline, were erased."""
    return line.startswith(ERASED_MARK, len(line) - len(ERASED_MARK) - _DIGEST_DIGITS - len(b'"}\n'))


class Chain(Struct):
    """The seals of a log so far: the last one's hash, and the digests of the lines after it."""

    last: bytes = FIRST
    seals: int = 0
    open: bytearray = field(default_factory=bytearray)  # one after the other: a log without seals has a million
    first_open: int = 1  # the number of the first line after the last seal
    dropped: int = 0  # lines after the last seal whose digests are not kept

    @property
    def unsealed(self) -> int:
        """How many lines come after the last seal."""
        return self.dropped + len(self.open) // DIGEST_BYTES

    def drop_open(self) -> None:
        """Let the digests after the last seal go: whoever only reads seals nothing."""
        self.dropped = self.unsealed
        self.open.clear()

    def add(self, line: bytes) -> None:
        self.open += digest_of_line(line)

    def seal(self, plan: str = "") -> Seal:
        """Close the block of the lines since the last seal."""
        made = Seal(
            hash=block_hash(self.last, self.open).hex(),
            lines=self._shown(),
            plan=plan,
        )
        self._close(bytes.fromhex(made.hash))
        return made

    def check(self, path: object, number: int, seal: Seal) -> None:
        """``seal``, read in line ``number``, closes the block. Raises DataError with the line that differs."""
        found = self._shown()
        if found != seal.lines:
            raise self._broken(path, number, seal.lines, found)
        if block_hash(self.last, self.open).hex() != seal.hash:
            raise _error(path, number, "this seal does not follow from the lines and the seal before it")
        self.go_on(number, seal)

    def differing(self, seal: Seal) -> list[int]:
        """The places in the open block of lines that are not those that ``seal`` closed; empty where it holds.

        Empty too where lines were added or removed, so that no place can be told.
        """
        sealed = _digests(seal.lines)
        if len(sealed) != self.unsealed:
            return []
        found = _digests(self._shown())
        return [place for place, (one, other) in enumerate(zip(sealed, found, strict=True)) if one != other]

    def go_on(self, number: int, seal: Seal) -> None:
        """Take ``seal``, read in line ``number``, as the last one, whether it holds or not."""
        self._close(_bytes(seal.hash))
        self.first_open = number + 1

    def _shown(self) -> str:
        """The digits of each line's digest that a seal repeats."""
        step, half = DIGEST_BYTES, SHOWN // 2
        return "".join([self.open[at : at + half].hex() for at in range(0, len(self.open), step)])

    def _close(self, hash: bytes) -> None:
        self.last = hash
        self.seals += 1
        self.open.clear()

    def _broken(self, path: object, number: int, sealed: str, found: str) -> DataError:
        wanted, there = _digests(sealed), _digests(found)
        if len(there) > len(wanted) and found.endswith(sealed):
            line = self.first_open + len(there) - len(wanted)
            return _error(path, line, "the seal before this line was removed")
        place = next(
            (place for place, (one, other) in enumerate(zip(wanted, there, strict=False)) if one != other),
            min(len(wanted), len(there)),
        )
        line = min(self.first_open + place, number)
        if len(there) > len(wanted):
            return _error(path, line, "a line was inserted after its block was sealed")
        if len(there) < len(wanted):
            return _error(path, line, "a line before this one was removed after its block was sealed")
        return _error(path, line, "this line was changed after it was sealed")


def block_hash(last: bytes, digests: bytes | bytearray) -> bytes:
    """The hash of a seal, 32 bytes, of the digests of its lines one after the other."""
    return sha256(last + digests).digest()


def _bytes(hash: str) -> bytes:
    try:
        return bytes.fromhex(hash)
    except ValueError:
        return FIRST


def plan_digest(plan: Plan) -> str:
    """SHA-256 of a plan; a setting at its default does not enter, so that one that is added changes no digest."""
    return sha256_data(_set_fields(plan))


def _set_fields(record: Frozen) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in msgspec.structs.fields(record):
        value, default = getattr(record, one.name), one.default
        if one.default_factory is not msgspec.NODEFAULT:
            default = one.default_factory()
        if value != default:
            found[one.name] = _set_fields(value) if isinstance(value, Frozen) else value
    return found


def _digests(shown: str) -> list[str]:
    return [shown[at : at + SHOWN] for at in range(0, len(shown), SHOWN)]


def _error(path: object, line: int, what: str) -> DataError:
    return DataError(f"{path} line {line}: {what}.", hint="the file was edited. Restore it, or run again.")
