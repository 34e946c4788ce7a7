"""An address without TLS in, the client for it that this system can run out."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from milo_bench.targets.http.address import Address
from milo_bench.targets.http.reply import Wire
from milo_bench.targets.http.wire import TcpWire


def open_plain(address: Address, headers: Mapping[str, str] | None = None, *, inside_only: bool = False) -> Wire:
    """The measured client; where a loop cannot watch sockets (Windows), aiohttp's, whose stamps are coarser."""
    if sys.platform != "win32":
        return TcpWire(address, headers, inside_only=inside_only)
    from milo_bench.targets.http.tls import TlsWire

    return TlsWire(address, headers or {}, inside_only=inside_only)
