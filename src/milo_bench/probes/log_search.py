"""Log files, folders and journal units in; where a canary or a part of one stands in them out, without the text."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.core.hiding import patterns
from milo_bench.core.units import seconds
from milo_bench.probes.canary import blocks_of

_MOST_BYTES = 256 << 20  # of one file, read from its end: canaries are new
_MOST_FILES = 2000
_MOST_HITS = 200
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9@:_.\\-]{0,200}")
_JOURNAL_LIMIT_S = 30.0


@dataclass(frozen=True, order=True)
class Hit:
    """A line that holds a part of a canary; ``line`` counts from 1. The line's text is not kept."""

    place: str
    line: int
    form: str
    blocks: tuple[str, ...]  # which blocks of canaries stand in the line


@dataclass
class LogSearch:
    """What was searched, what was found, and what could not be read."""

    hits: list[Hit] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    searched_bytes: int = 0


class CanarySearch:
    """Looks for the blocks of some canaries in bytes."""

    def __init__(self, canaries: Sequence[str]) -> None:
        blocks = dict.fromkeys(block for canary in canaries for block in blocks_of(canary))
        forms: dict[bytes, tuple[str, str]] = {}
        for block in blocks:
            for form, pattern in patterns(block):
                forms.setdefault(pattern, (form, block))
        self._forms = forms
        # One pass over the data for all patterns; the longest first, so that a form is not taken for its prefix.
        self._any = re.compile(b"|".join(re.escape(p) for p in sorted(forms, key=len, reverse=True)))

    def lines(self, data: bytes) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """``(line, form, blocks)`` of each line with a hit."""
        line, at = 1, 0
        found: dict[int, dict[bytes, None]] = {}
        for match in self._any.finditer(data):
            line += data.count(b"\n", at, match.start())
            at = match.start()
            found.setdefault(line, {})[match.group()] = None
        for number, matched in found.items():
            form = self._forms[next(iter(matched))][0]
            yield number, form, tuple(dict.fromkeys(self._forms[pattern][1] for pattern in matched))


async def search_logs(logs: Iterable[str], canaries: Sequence[str], *, since_s: float) -> LogSearch:
    """Search files, folders and ``journal:UNIT`` for what was written since ``since_s`` (Unix time)."""
    looking, result = CanarySearch(canaries), LogSearch()
    for log in logs:
        if log.startswith("journal:"):
            await _journal(log.removeprefix("journal:"), looking, result, since_s)
        else:
            await asyncio.to_thread(_path, Path(log), looking, result, since_s)
    return result


def _path(path: Path, looking: CanarySearch, result: LogSearch, since_s: float) -> None:
    try:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    except OSError as error:
        result.unread.append(f"{path}: {error.strerror}")
        return
    if len(files) > _MOST_FILES:
        result.unread.append(f"{path}: {len(files) - _MOST_FILES} files more than the limit of {_MOST_FILES}")
    for file in files[:_MOST_FILES]:
        try:
            # What was not written since the first canary holds none; a second's grace for coarse clocks.
            if file.stat().st_mtime < since_s - 2:
                result.places.append(str(file))
                continue
            data, cut = _read(file)
        except (OSError, EOFError, zlib.error) as error:
            result.unread.append(f"{file}: {getattr(error, 'strerror', None) or error}")
            continue
        if cut:
            result.unread.append(f"{file}: only its last {_MOST_BYTES >> 20} MiB were read")
        _take(str(file), data, looking, result)


def _read(file: Path) -> tuple[bytes, bool]:
    with file.open("rb") as raw:
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) as packed:
                data = packed.read(_MOST_BYTES + 1)
            return data[:_MOST_BYTES], len(data) > _MOST_BYTES
        size = raw.seek(0, 2)
        raw.seek(max(0, size - _MOST_BYTES))
        return raw.read(_MOST_BYTES), size > _MOST_BYTES


async def _journal(unit: str, looking: CanarySearch, result: LogSearch, since_s: float) -> None:
    place = f"journal:{unit}"
    if not _UNIT.fullmatch(unit):
        result.unread.append(f"{place}: not a unit name")
        return
    command = (
        "journalctl",
        "--unit",
        unit,
        "--since",
        f"@{int(since_s) - 2}",
        "--output",
        "cat",
        "--no-pager",
        "--quiet",
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        result.unread.append(f"{place}: journalctl: {error.strerror}")
        return
    try:
        async with asyncio.timeout(_JOURNAL_LIMIT_S):
            data, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        result.unread.append(f"{place}: journalctl did not end within {seconds(_JOURNAL_LIMIT_S)}")
        return
    if process.returncode != 0:
        first = said.decode("utf-8", "replace").strip().partition("\n")[0]
        result.unread.append(f"{place}: {first or 'journalctl failed'}")
        return
    _take(place, data, looking, result)


def _take(place: str, data: bytes, looking: CanarySearch, result: LogSearch) -> None:
    result.places.append(place)
    result.searched_bytes += len(data)
    for line, form, blocks in looking.lines(data):
        if len(result.hits) < _MOST_HITS:
            result.hits.append(Hit(place, line, form, blocks))
