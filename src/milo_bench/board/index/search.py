"""A filter in, attempts of the logs' indexes and their counts out: through DuckDB, page by page."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import msgspec

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.filters import AttemptFilter
from milo_bench.board.index.place import index_folder
from milo_bench.board.index.records import IndexRow, Kind, LogIndex
from milo_bench.board.index.rows import fold
from milo_bench.board.index.segments import connect
from milo_bench.store.duck import as_plain_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PAGE: Final = 50
_MOST_SEARCHES: Final = 8  # remembered, so that a person can narrow and page what they searched
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
        self._searches: OrderedDict[tuple[str, int, AttemptFilter], list[tuple[int, int, str]]] = OrderedDict()
        self._lock = Lock()

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
            if filter.q:
                matched = self._matched(log, index, filter)
                found.by_kind.update(index.kinds[kind] for _, kind, _ in matched)
                found.more |= len(matched) > COUNTED
                continue
            if not filter.needs_rows:
                for kind, n in zip(index.kinds, index.counts, strict=True):
                    found.by_kind[kind] += n
                continue
            where, values = _where(index, filter, kinds=False)
            rows = self._run(
                log, index, f"SELECT kind, count(*) FROM read_parquet($files) WHERE {where} GROUP BY kind", values  # noqa: S608
            )  # fmt: skip
            for kind_number, n in rows:
                found.by_kind[index.kinds[kind_number]] += n
        return found

    def tags(self, logs: Sequence[BoardLog], filter: AttemptFilter) -> list[tuple[str, int]]:
        """Attempts within the filter by the tags of their fixtures, the most first."""
        found: Counter[str] = Counter()
        for log in logs:
            if log.index is None or not log.index.fixture_segments:
                continue
            if filter.q:
                found.update(self._tags_of_matched(log, log.index, filter))
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
        if filter.q:
            matched = self._matched(log, index, filter)
            if len(matched) <= COUNTED:
                return self._matched_rows(log, index, filter, matched, place, backwards, most)
        where, values = _where(index, filter, kinds=True)
        if place is not None:
            where += " AND n < $place" if backwards else " AND n > $place"
            values["place"] = place
        order = "DESC" if backwards else "ASC"
        found: list[FoundAttempt] = []
        for names in _batches(index.segments, backwards=backwards):
            rows = self._run(
                log, index,
                f"SELECT {_COLUMNS} FROM read_parquet($files) WHERE {where} "  # noqa: S608
                f"ORDER BY n {order} LIMIT {most - len(found)}",
                {**values, "files": _files(log, names)},
            )  # fmt: skip
            found += [_found(log, index, row) for row in rows]
            if len(found) >= most:
                break
        return found

    def _matched(self, log: BoardLog, index: LogIndex, filter: AttemptFilter) -> list[tuple[int, int, str]]:
        """Place, kind and fixture of what a search for text finds, at most one more than is counted."""
        rows_only = msgspec.structs.replace(filter, run="", workload="", target="", cause="", check="", decoding="",
                                            outcome="all", tag="")  # fmt: skip
        key = (log.id, index.read_bytes, msgspec.structs.replace(rows_only, tag=filter.tag))
        with self._lock:
            if key in self._searches:
                self._searches.move_to_end(key)
                return self._searches[key]
        where, values = _where(index, rows_only, kinds=False)
        rows = self._run(
            log, index, f"SELECT n, kind, fixture FROM read_parquet($files) WHERE {where} LIMIT {COUNTED + 1}", values  # noqa: S608
        )  # fmt: skip
        found = sorted((int(n), int(kind), str(fixture)) for n, kind, fixture in rows)
        if filter.tag and index.fixture_segments:
            tagged = self._with_tag(log, index, filter.tag)
            found = [row for row in found if row[2] in tagged]
        with self._lock:
            self._searches[key] = found
            while len(self._searches) > _MOST_SEARCHES:
                self._searches.popitem(last=False)
        return found

    def _matched_rows(
        self, log: BoardLog, index: LogIndex, filter: AttemptFilter, matched: list[tuple[int, int, str]],
        place: int | None, backwards: bool, most: int,
    ) -> list[FoundAttempt]:  # fmt: skip
        kinds = {n for n, kind in enumerate(index.kinds) if filter.takes(kind)}
        within = [n for n, kind, _ in (reversed(matched) if backwards else matched) if kind in kinds]
        if place is not None:
            within = [n for n in within if (n < place if backwards else n > place)]
        if not within[:most]:
            return []
        order = "DESC" if backwards else "ASC"
        rows = self._run(
            log, index,
            f"SELECT {_COLUMNS} FROM read_parquet($files) WHERE n IN (SELECT unnest($ns)) "  # noqa: S608
            f"AND n BETWEEN $low AND $high ORDER BY n {order}",
            {"ns": within[:most], "low": min(within[:most]), "high": max(within[:most])},
        )  # fmt: skip
        return [_found(log, index, row) for row in rows]

    def _tags_of_matched(self, log: BoardLog, index: LogIndex, filter: AttemptFilter) -> dict[str, int]:
        kinds = {n for n, kind in enumerate(index.kinds) if filter.takes(kind)}
        fixtures = Counter(
            fixture for _, kind, fixture in self._matched(log, index, filter.without("tag")) if kind in kinds
        )
        rows = self._run(
            log, index,
            "SELECT id, unnest(tags) FROM read_parquet($fixture_files) WHERE id IN (SELECT unnest($ids))",
            {"ids": list(fixtures)},
        )  # fmt: skip
        found: Counter[str] = Counter()
        for id, tag in rows:
            found[tag] += fixtures[id]
        return dict(found)

    def _with_tag(self, log: BoardLog, index: LogIndex, tag: str) -> frozenset[str]:
        rows = self._run(
            log, index, "SELECT id FROM read_parquet($fixture_files) WHERE list_contains(tags, $tag)", {"tag": tag}
        )
        return frozenset(id for (id,) in rows)

    def _run(self, log: BoardLog, index: LogIndex, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if "$files" in query and "files" not in values:
            if not index.segments:
                return []
            values = {**values, "files": _files(log, index.segments)}
        if "$fixture_files" in query and "fixture_files" not in values:
            values = {**values, "fixture_files": _files(log, index.fixture_segments)}
        with self._database.cursor() as cursor:
            return cursor.execute(query, values).fetchall()


def _batches(names: Sequence[str], *, backwards: bool) -> Iterator[Sequence[str]]:
    """Files in their order, more at once each time: a page is usually full after the first."""
    ordered, size = list(reversed(names)) if backwards else list(names), 1
    while ordered:
        yield ordered[:size]
        ordered, size = ordered[size:], size * 2


def _files(log: BoardLog, names: Sequence[str]) -> list[str]:
    folder = index_folder(log.path)
    return [as_plain_path(str(folder / name)) for name in names]


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
