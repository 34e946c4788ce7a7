"""A page of metrics and a place in, the page kept up to date there out: a file that node_exporter reads, or a port."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.files import write_file
from milo_bench.telemetry.prometheus import CONTENT_TYPE

SUFFIX: Final = ".prom"
EVERY_S: Final = 5.0


@contextlib.contextmanager
def published(page: Callable[[], str], place: str, *, every_s: float = EVERY_S) -> Iterator[str]:
    """Keep ``page`` at ``place`` while the block runs, and a last time at its end; yields where it is.

    ``place`` is "" for nowhere, a port of the loopback, or a path that ends with ``.prom``: such a file is replaced
    whole, as the textfile collector of node_exporter wants it, every ``every_s`` seconds. Raises UsageError for
    another place, PrerequisiteError where it cannot be written or listened on.
    """
    if not place:
        yield ""
    elif place.isascii() and place.isdigit() and len(place) <= 5:
        with _served(page, int(place)) as address:
            yield address
    elif place.endswith(SUFFIX):
        with _written(page, Path(place), every_s):
            yield place
    else:
        message = f"--metrics is neither a port nor a file that ends with {SUFFIX}: '{place[:80]}'."
        raise UsageError(message, hint="write --metrics 9200, or --metrics /var/lib/node_exporter/milo.prom")


@contextlib.contextmanager
def _written(page: Callable[[], str], path: Path, every_s: float) -> Iterator[None]:
    _write(page, path)
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(every_s):
            with contextlib.suppress(PrerequisiteError):  # a full disk may have room again
                _write(page, path)

    thread = threading.Thread(target=keep, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _write(page, path)


def _write(page: Callable[[], str], path: Path) -> None:
    # Its part does not end with .prom, so nobody reads half a page; the collector runs as another user.
    write_file(path, page(), hint="name a file in a folder that you may write to.", mode=0o644)


@contextlib.contextmanager
def _served(page: Callable[[], str], port: int) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:  # the standard library's name
            found = self.path.partition("?")[0] == "/metrics"
            body = page().encode() if found else b"The metrics are at /metrics.\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", CONTENT_TYPE if found else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or "there is no such port"
        message = f"Cannot serve metrics on 127.0.0.1:{port}: {said}."
        raise PrerequisiteError(message, hint="stop what uses the port, or name another with --metrics.") from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
