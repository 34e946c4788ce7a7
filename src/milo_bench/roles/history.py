"""Promotion records in, one append-only file out, each line chained to the one before; and back, checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.file_lock import lock_file
from milo_bench.core.files import read_whole, write_errors
from milo_bench.decide.promotion.records import PromotionRecord, RolePair


def read_history(path: Path) -> tuple[PromotionRecord, ...]:
    """All records, oldest first; none where there is no file.

    Raises DataError for a line that cannot be read, or that was changed, removed or added afterwards.
    """
    try:
        data = read_whole(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.", hint="check its permissions.") from None
    records: list[PromotionRecord] = []
    previous = ""
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            record = msgspec.json.decode(line, type=PromotionRecord)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataError(f"{path} line {number} cannot be read: {error}.", hint="restore the file.") from None
        if record.previous != previous:
            message = f"{path} line {number} does not follow the line before it: the history was changed."
            raise DataError(message, hint="restore the file from a copy.")
        records.append(record)
        previous = _digest(line)
    return tuple(records)


def append_history(path: Path, record: PromotionRecord) -> PromotionRecord:
    """Add ``record`` at the end, chained to the line before; as it was written."""
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            lock_file(file.fileno(), wait=True)
            lines = read_whole(path).splitlines()
            chained = msgspec.structs.replace(record, previous=_digest(lines[-1]) if lines else "")
            file.write(msgspec.json.encode(chained) + b"\n")
    return chained


def earlier_pairs(
    history: Sequence[PromotionRecord], role: str, incumbent: str, challenger: str, models: dict[str, str]
) -> tuple[RolePair, ...]:
    """Pairs of the same two models from earlier looks: they count on, so that looking again promotes no noise."""
    found: dict[str, RolePair] = {}
    for record in history:
        if record.kind != "decision":
            continue
        same = all(record.models.get(name, "") == models.get(name, "") for name in (incumbent, challenger))
        held = next((one.before for one in record.roles if one.role == role), "")
        if same and held == incumbent:
            for pair in record.pairs.get(role, {}).get(challenger, ()):
                found.setdefault(pair.group, pair)
    return tuple(found.values())


def rejections_running(
    history: Sequence[PromotionRecord], role: str, challenger: str, pairs: Sequence[RolePair]
) -> int:
    """How many looks, one after the other up to now, rejected ``challenger``, each on other commits than the next.

    ``pairs`` are those of the look that is made now: running the same commits again is no other evidence.
    """
    count = 0
    seen = {frozenset(pair.group for pair in pairs)}
    for record in reversed(history):
        decisions = [one for decided in record.roles if decided.role == role for one in decided.decisions]
        mine = next((one for one in decisions if one.target == challenger), None)
        if record.kind != "decision" or mine is None:
            continue
        if mine.verdict not in ("reject", "retire"):
            break
        evidence = frozenset(pair.group for pair in record.pairs.get(role, {}).get(challenger, ()))
        count += evidence not in seen
        seen.add(evidence)
    return count


def looks_at(history: Sequence[PromotionRecord], role: str) -> int:
    """How often somebody has decided on this role before."""
    return sum(record.kind == "decision" and any(one.role == role for one in record.roles) for record in history)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
