"""Run logs where they lie in, SQL views over them out: attempts, usage, timings, failures, telemetry, damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.store.log.lines import open_log

if TYPE_CHECKING:
    import duckdb

# Longest line that a log may have: an attempt with a long answer, or a fixture with a long attachment.
_LONGEST_LINE_BYTES = 256 << 20

# Typed here and not guessed from the rows: a column is there, with its type, also where no row has it.
_COLUMNS = {
    "type": "VARCHAR",
    "run_id": "VARCHAR",
    "id": "VARCHAR",
    "workload": "VARCHAR",
    "tags": "VARCHAR[]",
    "key": "STRUCT(fixture VARCHAR, target VARCHAR, repeat INTEGER, decoding VARCHAR, retry INTEGER)",
    "request_hash": "VARCHAR",
    "output": "VARCHAR",
    "output_hash": "VARCHAR",
    "finish_reason": "VARCHAR",
    "bypass": "VARCHAR",
    "failure": "STRUCT(kind VARCHAR, message VARCHAR, http_status INTEGER)",
    "usage": "STRUCT(prompt_tokens BIGINT, completion_tokens BIGINT, cached_tokens BIGINT, reasoning_tokens BIGINT)",
    "timings": (
        "STRUCT(intended_s DOUBLE, started_s DOUBLE, ended_s DOUBLE, connected_s DOUBLE, first_content_s DOUBLE, "
        "chunk_gaps_s DOUBLE[], client_lag_max_s DOUBLE, client_lag_mean_s DOUBLE)"
    ),
    "at_s": "DOUBLE",
    "target": "VARCHAR",
    "memory_bytes": "BIGINT",
    "cpu_s": "DOUBLE",
    "client_cpu_s": "DOUBLE",
    "others_cpu_share": "DOUBLE",
}

_VIEWS = {
    "runs": "SELECT log, run_id FROM rows WHERE type = 'run'",
    "fixtures": "SELECT log, id AS fixture, workload, tags FROM rows WHERE type = 'fixture'",
    "attempts": """
        SELECT r.log, unnest(r.key), f.workload, r.output, r.output_hash, r.finish_reason, r.bypass, r.request_hash,
               r.failure.kind AS failure,
               r.timings.ended_s - r.timings.intended_s AS latency_s,
               r.timings.first_content_s - r.timings.intended_s AS ttft_s
        FROM rows r LEFT JOIN fixtures f ON f.log = r.log AND f.fixture = r.key.fixture
        WHERE r.type = 'attempt'""",
    "usage": """
        SELECT r.log, unnest(r.key), unnest(r.usage)
        FROM rows r WHERE r.type = 'attempt'""",
    "timings": """
        SELECT r.log, unnest(r.key), r.failure IS NOT NULL AS failed, unnest(r.timings)
        FROM rows r WHERE r.type = 'attempt'""",
    "failures": """
        SELECT r.log, unnest(r.key), unnest(r.failure), r.timings.ended_s AS ended_s
        FROM rows r WHERE r.type = 'attempt' AND r.failure IS NOT NULL""",
    "telemetry": """
        SELECT log, at_s, target, memory_bytes, cpu_s, client_cpu_s, others_cpu_share
        FROM rows WHERE type = 'telemetry'""",
    # Lines that are no JSON: a torn tail, or damage that read_run_log names by its line.
    "damaged": "SELECT log, count(*) AS lines FROM rows WHERE type IS NULL GROUP BY log",
}


def open_views(paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory with views over the logs at ``paths``; nothing is copied.

    Views: runs, fixtures, attempts, usage, timings, failures, telemetry, damaged. ``log`` is the
    path, units stand in column names. A failed attempt has a latency here, the time until it failed; leave
    it out of latencies by ``failure IS NULL`` or count it as infinite. A line that cannot be read makes no row
    but is counted in ``damaged``: check a log with ``read_run_log`` before resting anything on it.
    The connection never loads extensions from a network. Raises PrerequisiteError for a log that cannot
    be opened, UsageError where there is none.
    """
    if not paths:
        raise UsageError("No run log was given.", hint="give one or more .jsonl files.")
    for path in paths:
        open_log(path).close()
    try:
        import duckdb
    except ImportError:
        raise PrerequisiteError("duckdb is not installed.", hint="pip install duckdb") from None
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in _COLUMNS.items())
    files = ", ".join(_quoted(_literal_glob(path)) for path in paths)
    connection.execute(
        f"CREATE VIEW rows AS SELECT *, filename AS log FROM read_json([{files}], format='newline_delimited', "  # noqa: S608  quoted above; a view takes no parameters
        f"columns={{{columns}}}, filename=true, ignore_errors=true, maximum_object_size={_LONGEST_LINE_BYTES})"
    )
    for name, query in _VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal_glob(path: Path) -> str:
    """A pattern that matches ``path`` and nothing else, whatever characters its name has."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
