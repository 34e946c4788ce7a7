"""Process ids of a server in; its process tree, what it uses and whom it talks to out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from milo_bench.targets.http.address import Address


@dataclass(frozen=True, order=True)
class Peer:
    """The other end of a connection that a server opened."""

    host: str
    port: int
    kind: str  # tcp, udp
    process: str


def tree(pids: Iterable[int]) -> tuple[psutil.Process, ...]:
    """The processes and all their descendants that can be seen."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
        except psutil.Error:
            continue
    return tuple(found.values())


def resident_bytes(pids: Sequence[int]) -> int | None:
    """Resident memory of the tree; None where it cannot be read."""
    total, seen = 0, False
    for process in tree(pids):
        try:
            total += process.memory_info().rss
            seen = True
        except psutil.Error:
            continue
    return total if seen else None


def cpu_seconds(pids: Sequence[int]) -> float | None:
    """Processor time the tree has used; None where it cannot be read."""
    total, seen = 0.0, False
    for process in tree(pids):
        try:
            times = process.cpu_times()
            total += times.user + times.system
            seen = True
        except psutil.Error:
            continue
    return total if seen else None


def is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def listening(pids: Sequence[int]) -> tuple[tuple[str, int], ...] | None:
    """``(host, port)`` on which the tree listens; None where the system does not let us see."""
    found: set[tuple[str, int]] = set()
    seen = False
    for process in tree(pids):
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.Error, OSError):
            continue
        seen = True
        found |= {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    return tuple(sorted(found)) if seen else None


def own_address(pids: Sequence[int]) -> Address | None:
    """Where a server that we started listens on loopback: None where it does not yet, or on several ports."""
    ports = {port for host, port in listening(pids) or () if is_loopback(host)}
    return Address("http", "127.0.0.1", ports.pop(), "") if len(ports) == 1 else None


def opened_outwards(pids: Sequence[int]) -> tuple[Peer, ...] | None:
    """Peers beyond loopback to whom the tree opened a connection; None where the system does not let us see.

    A connection on a port on which the tree listens was opened by the other side.
    """
    places = listening(pids)
    if places is None:
        return None
    own_ports = {port for _, port in places}
    found: set[Peer] = set()
    seen = False
    for process in tree(pids):
        try:
            connections = process.net_connections(kind="inet")
            name = process.name()
        except (psutil.Error, OSError):
            continue
        seen = True
        for connection in connections:
            if not connection.raddr or is_loopback(connection.raddr.ip):
                continue
            # A TCP server's accepted connections keep its port; datagram sockets are never accepted.
            tcp = connection.type.name == "SOCK_STREAM"
            if tcp and connection.laddr.port in own_ports:
                continue
            found.add(Peer(connection.raddr.ip, connection.raddr.port, "tcp" if tcp else "udp", name))
    return tuple(sorted(found)) if seen else None
