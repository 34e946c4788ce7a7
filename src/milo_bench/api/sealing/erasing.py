"""Logs, decisions, packages and sheets in, the same without a person's texts out; what still holds some is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.core.errors import DataError, MiloError, PrerequisiteError, UsageError
from milo_bench.core.files import write_file
from milo_bench.core.paths import AnyPath
from milo_bench.decide.records import Decision, Example
from milo_bench.evidence.erasing import ErasedLog, Forgotten, erase_from_log
from milo_bench.evidence.reviewing import read_key, review_key_path
from milo_bench.report.decision_file import decision_bytes, read_decision, write_decision
from milo_bench.report.package import DECISION, write_package
from milo_bench.store.board_index import FOLDER as BOARD_FOLDER
from milo_bench.store.log.lines import HEADER_START, read_header
from milo_bench.store.log.parquet import MARK, is_parquet_log

_NAMES: Final = ("id", "candidate", "check", "category", "key")  # of an example: no text of a person
_TEXT_COLUMNS: Final = ("input", "output", "comment")


@dataclass(frozen=True)
class EraseOptions:
    """What to erase from ``paths`` (logs, decisions, packages, review sheets, or folders of them).

    ``fixtures`` are ids; ``texts`` are searched in cases and answers, whatever their case. ``older_than_days`` takes
    the texts of whole logs that are older. ``state`` is the database of the queue for people.
    """

    paths: Sequence[AnyPath]
    fixtures: Sequence[str] = ()
    texts: Sequence[str] = ()
    older_than_days: int | None = None
    reason: str = ""
    state: str | None = None
    dry_run: bool = False


@dataclass
class Erased:
    """What was erased: logs, then other files with how many of their texts; ``left`` still holds one of the texts."""

    logs: list[ErasedLog] = field(default_factory=list)
    files: dict[Path, int] = field(default_factory=dict)
    removed: list[Path] = field(default_factory=list)
    queued: int = 0
    reviewed: int = 0  # answers of the board's review
    left: list[Path] = field(default_factory=list)

    @property
    def fixtures(self) -> frozenset[str]:
        return frozenset(id for log in self.logs for id in log.fixtures)

    def as_record(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "logs": [
                {"log": str(log.path), "fixtures": log.fixtures, "lines": log.lines, "unsealed": log.unsealed}
                for log in self.logs
            ],
            "files": {str(path): count for path, count in self.files.items()},
            "removed": [str(path) for path in self.removed],
            "queued": self.queued,
            "reviewed": self.reviewed,
            "left": [str(path) for path in self.left],
        }


def erase_texts(options: EraseOptions, *, now: datetime | None = None) -> Erased:
    """Erase texts of people and say where. Seals and signatures stay valid.

    Raises UsageError where nothing says what to erase, and the errors of the files that cannot be read or written.
    """
    now = now or datetime.now(UTC)
    if not options.fixtures and not options.texts and options.older_than_days is None:
        message = "Nothing says what to erase."
        raise UsageError(message, hint="add --fixture ID, --containing TEXT or --expired.")
    if any(len(text.strip()) < 3 for text in options.texts):
        raise UsageError("--containing needs at least 3 characters.", hint="give a name, a number or an address.")
    for path in options.paths:
        _refuse_parquet(Path(path))
    files = list(dict.fromkeys(_files(Path(path) for path in options.paths)))
    forgotten = Forgotten(frozenset(options.fixtures), tuple(options.texts))
    done = Erased()
    for path in (path for path in files if _is_log(path)):
        of_log = _of_log(path, forgotten, options.older_than_days, now)
        if of_log is not None:
            at = now.isoformat(timespec="seconds")
            done.logs.append(erase_from_log(path, of_log, at=at, reason=options.reason, dry_run=options.dry_run))
    fixtures = forgotten.fixtures | done.fixtures
    for path in files:
        if path.suffix == ".json":
            _erase_decision(path, fixtures, forgotten, done, dry_run=options.dry_run)
        elif path.suffix == ".csv" and review_key_path(path).is_file():
            _erase_sheet(path, fixtures, forgotten, done, dry_run=options.dry_run)
    logs = {log.path for log in done.logs if log.lines}
    for path in files:
        if path.suffix == ".parquet" and path.with_suffix(".jsonl") in logs:  # made from the log, and made again
            done.removed.append(path)
            if not options.dry_run:
                path.unlink()
    if options.state is not None and not options.dry_run:
        done.queued = _erase_queue(options.state, forgotten, options.older_than_days, now)
        done.reviewed = _erase_review(options.state, forgotten, fixtures)
    if not options.dry_run:
        done.left = [path for path in files if path.exists() and _still_holds(path, options.texts)]
    return done


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            # The board's index goes with its log, and is no file of its own.
            yield from sorted(one for one in path.rglob("*") if one.is_file() and BOARD_FOLDER not in one.parts)
        elif path.is_file():
            yield path
            if path.suffix == ".jsonl":
                yield from (one for one in (path.with_suffix(".parquet"),) if one.is_file())
        else:
            raise PrerequisiteError(f"There is nothing at {path}.", hint="give logs, packages, sheets or folders.")


def _refuse_parquet(path: Path) -> None:
    """Texts in a log in Parquet cannot be erased in place, and none may be left behind without a word."""
    beside = [path.with_suffix(".parquet")] if path.suffix == ".jsonl" else []
    inside = [mark.parent for mark in path.rglob(MARK)] if path.is_dir() else []
    for folder in filter(is_parquet_log, (*beside, *inside)):
        message = f"{folder} is a log in Parquet, whose texts cannot be erased in place."
        hint = f"milo-bench log convert {folder} --out NEW.jsonl, remove the folder, and erase from NEW.jsonl."
        raise DataError(message, hint=hint)


def _is_log(path: Path) -> bool:
    if path.suffix != ".jsonl":
        return False
    with path.open("rb") as file:
        return file.read(len(HEADER_START)) == HEADER_START


def _of_log(path: Path, forgotten: Forgotten, older_than_days: int | None, now: datetime) -> Forgotten | None:
    if older_than_days is None:
        return forgotten
    try:
        made = datetime.fromisoformat(read_header(path).created_at.replace("Z", "+00:00"))
    except ValueError:
        raise DataError(f"{path} does not say when it was made.", hint="erase it by --fixture.") from None
    made = made if made.tzinfo is not None else made.replace(tzinfo=UTC)
    if now - made > timedelta(days=older_than_days):
        return Forgotten(everything=True)
    return forgotten if forgotten.fixtures or forgotten.texts else None


def _erase_decision(path: Path, fixtures: frozenset[str], forgotten: Forgotten, done: Erased, *, dry_run: bool) -> None:
    try:
        decision = read_decision(path)
    except MiloError:
        return  # another kind of file; it is among ``left`` if it holds a text
    shown = {name: getattr(decision, name) for name in ("examples", "shown_answers")}
    erased_of = {
        name: tuple(emptied(one) if _is_of(one, fixtures, forgotten) else one for one in some)
        for name, some in shown.items()
    }
    count = sum(
        one is not before for name, some in shown.items() for one, before in zip(erased_of[name], some, strict=True)
    )
    if not count:
        return
    done.files[path] = count
    if dry_run:
        return
    erased: Decision = msgspec.structs.replace(decision, **erased_of)
    is_package = path.name == DECISION and path.read_bytes() == decision_bytes(decision)
    if is_package and (path.parent / "index.html").is_file():
        write_package(erased, path.parent)
    else:
        write_decision(path, erased)


def _is_of(example: Example, fixtures: frozenset[str], forgotten: Forgotten) -> bool:
    if example.text == "hashes":
        return False
    if any(example.key.startswith(f"{id}/") for id in fixtures):
        return True
    return forgotten.is_in({name: value for name, value in msgspec.to_builtins(example).items() if name not in _NAMES})


def emptied(example: Example) -> Example:
    """``example`` with what names it, and nothing of the case, the answer or their pictures."""
    named: dict[str, Any] = {name: getattr(example, name) for name in _NAMES}
    return Example(**named, reason="", expected="", got="", input="", output="", spans=(), text="hashes")


def _erase_sheet(path: Path, fixtures: frozenset[str], forgotten: Forgotten, done: Erased, *, dry_run: bool) -> None:
    """Empty input, output and comment of the rows that are about an erased fixture; scores stay."""
    items = {item.id for item in read_key(review_key_path(path)).items if item.fixture in fixtures}
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = list(reader)
    count = 0
    for row in rows:
        if (row.get("item") in items or forgotten.is_in(list(row.values()))) and any(row.get(c) for c in _TEXT_COLUMNS):
            row.update({column: "" for column in _TEXT_COLUMNS if column in row})
            count += 1
    if not count:
        return
    done.files[path] = count
    if dry_run or reader.fieldnames is None:
        return
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, reader.fieldnames)
    writer.writeheader()
    writer.writerows(rows)
    write_file(path, "\ufeff" + out.getvalue())


def _erase_queue(state: str, forgotten: Forgotten, older_than_days: int | None, now: datetime) -> int:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import erase_queued_texts
    from milo_bench.store.state.samples import erase_samples

    before = None if older_than_days is None else (now - timedelta(days=older_than_days)).timestamp()
    engine = open_state(state, make=False)
    samples = erase_samples(engine, lambda text: forgotten.is_in(text), taken_before=before)
    return samples + erase_queued_texts(engine, lambda text: forgotten.is_in(text), ended_before=before)


def _erase_review(state: str, forgotten: Forgotten, fixtures: Collection[str]) -> int:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.review import erase_review_texts

    return erase_review_texts(open_state(state, make=False), lambda text: forgotten.is_in(text), fixtures)


def _still_holds(path: Path, texts: Sequence[str]) -> bool:
    if not texts:
        return False
    read = path.read_bytes().decode("utf-8", "replace").casefold()
    return any(text.casefold() in read for text in texts)
