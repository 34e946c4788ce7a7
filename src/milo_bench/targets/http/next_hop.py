"""Where bytes would really go in, whether that is inside the team's own network out; decided on resolved addresses."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from milo_bench.config.hosts import is_inside


class LeavesNetworkError(OSError):
    """The next hop of a target that is not called hosted is outside the team's own network."""


def require_inside(host: str, resolved: Sequence[str]) -> None:
    """Raises LeavesNetworkError where any of the addresses that ``host`` resolved to is outside."""
    for address in resolved:
        if not is_inside(address):
            raise LeavesNetworkError(f"{host} is {address}, which is outside your network")


def is_excepted(host: str, port: int, entries: str) -> bool:
    """Whether a NO_PROXY list covers ``host``: names with their subdomains, addresses, networks (10.0.0.0/8), ``*``."""
    try:
        literal: Any = ip_address(host)
    except ValueError:
        literal = None
    dotted = f".{host.casefold()}"
    for entry in (one.strip().casefold() for one in entries.split(",")):
        name, _, only_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        if only_port and only_port != str(port):
            continue
        if name == "*":
            return True
        if literal is not None:
            try:
                if literal in ip_network(name.strip("[]"), strict=False):
                    return True
            except ValueError:
                pass
        suffix = name.removeprefix("*").lstrip(".")
        if suffix and dotted.endswith(f".{suffix}"):
            return True
    return False
