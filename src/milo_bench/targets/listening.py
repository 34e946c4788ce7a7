"""A local port in, the process ids that listen on it out."""

from __future__ import annotations

import psutil


def listening_pids(port: int) -> tuple[int, ...]:
    """Empty where nobody listens, or the system does not tell us whose it is."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ()
    found = {
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid
    }
    return tuple(sorted(found))
