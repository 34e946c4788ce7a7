"""The address of a gateway's admin pages in, the health of its targets out; only this machine is asked."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

from milo_bench.core.errors import UsageError

_TIMEOUT_S: Final = 2.0
_MOST_BYTES: Final = 1_000_000


def check_gateway(address: str) -> str:
    """``address`` as it is asked. Raises UsageError unless it is a loopback address: no request leaves the machine."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    host = parts.hostname or ""
    if parts.scheme != "http" or not (host in ("localhost", "::1") or host.startswith("127.")):
        message = f"--gateway {address} is not an address of this machine."
        raise UsageError(message, hint="give the address of its admin pages, e.g. http://127.0.0.1:8702.")
    return f"{host}:{parts.port or 80}"


def read_health(address: str) -> dict[str, Any]:
    """Each target's state and why; ``problem`` where the gateway does not answer."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_S)
    try:
        targets = _get(connection, "/health/targets").get("targets", {})
        ready = _get(connection, "/health/ready")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return {"named": True, "problem": f"The gateway at {address} does not answer ({type(error).__name__})."}
    finally:
        connection.close()
    return {
        "named": True,
        "problem": "",
        "status": ready.get("status", "unknown"),
        "reasons": ready.get("reasons", {}),
        "targets": [
            {"name": name, **{key: one.get(key) for key in ("state", "why", "model", "last_token_s")}}
            for name, one in targets.items()
            if isinstance(one, dict)
        ],
    }


def _get(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path)
    found = json.loads(connection.getresponse().read(_MOST_BYTES))
    return found if isinstance(found, dict) else {}
