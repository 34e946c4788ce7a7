"""A filter in, attempts of the logs' indexes and their counts out: through DuckDB, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.filters import AttemptFilter
from milo_bench.board.index.place import index_folder
from milo_bench.board.index.records import IndexRow, Kind, LogIndex
from milo_bench.board.index.rows import fold
from milo_bench.board.index.segments import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PAGE: Final = 50
COUNTED: Final = 10_000  # above this a search for text says "more than"
_COLUMNS: Final = "n, start, size, kind, fixture, repeat, words, latency_s, '' AS text, verdict_at, verdict_size"


@dataclass(frozen=True)
class FoundAttempt:
    """An attempt of a log, and its kind."""

    log: BoardLog
    row: IndexRow
    kind: Kind


@dataclass
class Counts:
    """How many attempts are within a filter: by kind of each log, and in all. ``more`` where counting stopped."""

    by_kind: Counter[Kind] = field(default_factory=Counter)
    more: bool = False

    @property
    def total(self) -> int:
        return self.by_kind.total()

    def by(self, part: str, filter: AttemptFilter) -> list[tuple[str, int]]:
        """Counts by one part of the filter, as if that part did not narrow; the most first."""
        found: Counter[str] = Counter()
        for kind, n in self.by_kind.items():
            if filter.takes(kind, aside=part):
                values = {"cause": kind.causes, "check": kind.checks}.get(part)
                for value in values if values is not None else (str(getattr(kind, part)),):
                    found[value] += n
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    def within(self, filter: AttemptFilter) -> int:
        return sum(n for kind, n in self.by_kind.items() if filter.takes(kind))


class Search:
    """Queries over indexes. One connection; each query has a cursor of its own, so threads do not meet."""

    def __init__(self) -> None:
        self._database: DuckDBPyConnection = connect()

    def page(
        self, logs: Sequence[BoardLog], filter: AttemptFilter, *, after: tuple[str, int] | None = None,
        before: tuple[str, int] | None = None, most: int = PAGE,
    ) -> list[FoundAttempt]:  # fmt: skip
        """Up to ``most`` attempts past the place ``after``, or the last ones in front of ``before``, in order."""
        backwards = before is not None
        start = before if backwards else after
        found: list[FoundAttempt] = []
        ordered = list(reversed(logs)) if backwards else list(logs)
        if start is not None:
            ids = [log.id for log in ordered]
            if start[0] in ids:
                ordered = ordered[ids.index(start[0]) :]
        for log in ordered:
            if log.index is None or len(found) >= most:
                continue
            n = start[1] if start is not None and log.id == start[0] else None
            found += self._rows(log, log.index, filter, n, backwards, most - len(found))
        return list(reversed(found)) if backwards else found

    def counts(self, logs: Sequence[BoardLog], filter: AttemptFilter) -> Counts:
        """By kind, without regard to the parts of the filter that kinds answer."""
        found = Counts()
        for log in logs:
            index = log.index
            if index is None:
                continue
            if not filter.needs_rows:
                for kind, n in zip(index.kinds, index.counts, strict=True):
                    found.by_kind[kind] += n
                continue
            where, values = _where(index, filter, kinds=False)
            limit = f"LIMIT {COUNTED + 1}" if filter.q else ""
            rows = self._run(
                log, index,
                "SELECT kind, count(*) FROM (SELECT kind FROM read_parquet($files) "  # noqa: S608
                f"WHERE {where} {limit}) GROUP BY kind",
                values,
            )  # fmt: skip
            for kind_number, n in rows:
                found.by_kind[index.kinds[kind_number]] += n
            found.more |= bool(filter.q) and sum(n for _, n in rows) > COUNTED
        return found

    def tags(self, logs: Sequence[BoardLog], filter: AttemptFilter) -> list[tuple[str, int]]:
        """Attempts within the filter by the tags of their fixtures, the most first."""
        found: Counter[str] = Counter()
        for log in logs:
            if log.index is None or not log.index.fixture_segments:
                continue
            where, values = _where(log.index, filter.without("tag"), kinds=True)
            rows = self._run(
                log, log.index,
                "SELECT tag, sum(c) FROM (SELECT fixture, count(*) AS c FROM read_parquet($files) "  # noqa: S608
                f"WHERE {where} GROUP BY fixture) AS a JOIN (SELECT id, unnest(tags) AS tag "
                "FROM read_parquet($tag_files)) AS f ON a.fixture = f.id GROUP BY tag",
                {**values, "tag_files": _files(log, log.index.fixture_segments)},
            )  # fmt: skip
            found.update({tag: int(n) for tag, n in rows})
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    def at(self, log: BoardLog, n: int) -> FoundAttempt | None:
        """The attempt that is the ``n``th of its log."""
        index = log.index
        if index is None:
            return None
        rows = self._run(log, index, f"SELECT {_COLUMNS} FROM read_parquet($files) WHERE n = $n", {"n": n})  # noqa: S608
        return _found(log, index, rows[0]) if rows else None

    def beside(self, log: BoardLog, fixture: str) -> list[FoundAttempt]:
        """All attempts on a fixture: repeats and other targets, in the order of the log; at most 100."""
        index = log.index
        if index is None:
            return []
        rows = self._run(
            log, index,
            f"SELECT {_COLUMNS} FROM read_parquet($files) WHERE fixture = $fixture ORDER BY n LIMIT 100",  # noqa: S608
            {"fixture": fixture},
        )  # fmt: skip
        found = [_found(log, index, row) for row in rows]
        return [one for one in found if one.kind.outcome != "retried"]

    def fixture_place(self, log: BoardLog, fixture: str) -> tuple[int, int] | None:
        """Start and size of the fixture's line."""
        if log.index is None or not log.index.fixture_segments:
            return None
        rows = self._run(
            log, log.index, "SELECT start, size FROM read_parquet($fixture_files) WHERE id = $fixture",
            {"fixture": fixture, "fixture_files": _files(log, log.index.fixture_segments)},
        )  # fmt: skip
        return (int(rows[0][0]), int(rows[0][1])) if rows else None

    def _rows(
        self, log: BoardLog, index: LogIndex, filter: AttemptFilter, place: int | None, backwards: bool, most: int
    ) -> list[FoundAttempt]:
        where, values = _where(index, filter, kinds=True)
        if place is not None:
            where += " AND n < $place" if backwards else " AND n > $place"
            values["place"] = place
        order = "DESC" if backwards else "ASC"
        rows = self._run(
            log, index,
            f"SELECT {_COLUMNS} FROM read_parquet($files) WHERE {where} ORDER BY n {order} LIMIT {most}",  # noqa: S608
            values,
        )  # fmt: skip
        return [_found(log, index, row) for row in rows]

    def _run(self, log: BoardLog, index: LogIndex, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if "$files" in query:
            if not index.segments:
                return []
            values = {**values, "files": _files(log, index.segments)}
        if "$fixture_files" in query and "fixture_files" not in values:
            values = {**values, "fixture_files": _files(log, index.fixture_segments)}
        with self._database.cursor() as cursor:
            return cursor.execute(query, values).fetchall()


def _files(log: BoardLog, names: Sequence[str]) -> list[str]:
    folder = index_folder(log.path)
    return [str(folder / name) for name in names]


def _where(index: LogIndex, filter: AttemptFilter, *, kinds: bool) -> tuple[str, dict[str, Any]]:
    """The condition and its values. All text of a person is among the values."""
    parts, values = ["true"], dict[str, Any]()
    if kinds:
        parts.append("kind IN (SELECT unnest($kinds))")
        values["kinds"] = [n for n, kind in enumerate(index.kinds) if filter.takes(kind)]
    if filter.fixture:
        parts.append("fixture = $fixture")
        values["fixture"] = filter.fixture
    if filter.repeat is not None:
        parts.append("repeat = $repeat")
        values["repeat"] = filter.repeat
    if filter.words_from is not None:
        parts.append("words >= $words_from")
        values["words_from"] = filter.words_from
    if filter.words_to is not None:
        parts.append("words <= $words_to")
        values["words_to"] = filter.words_to
    if filter.tag and index.fixture_segments:
        parts.append("fixture IN (SELECT id FROM read_parquet($fixture_files) WHERE list_contains(tags, $tag))")
        values["tag"] = filter.tag
    if filter.q:
        parts.append("(contains(text, $q) OR fixture = $raw_q OR fixture IN "
                     "(SELECT id FROM read_parquet($fixture_files) WHERE contains(text, $q)))")  # fmt: skip
        values |= {"q": fold(filter.q), "raw_q": filter.q}
    return " AND ".join(parts), values


def _found(log: BoardLog, index: LogIndex, row: tuple[Any, ...]) -> FoundAttempt:
    made = IndexRow(*row)
    return FoundAttempt(log, made, index.kinds[made.kind])
