"""Listening sockets and known model servers in, the servers' ports and who can reach them out."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

from milo_bench.inventory.reading import Reader
from milo_bench.inventory.records import Endpoint, KeyNeeded, Listeners, ListeningPort, Processes

_LISTEN = "0A"


@dataclass(frozen=True)
class Socket:
    """A listening TCP socket; ``pid`` is None where the system does not tell whose it is."""

    address: str
    port: int
    pid: int | None


@dataclass(frozen=True)
class KeyAnswer:
    """What a request without a key was answered with."""

    needed: KeyNeeded
    reason: str


def listening_sockets(reader: Reader) -> tuple[tuple[Socket, ...], str]:
    """All listening TCP sockets, and why they are incomplete where they are.

    Where psutil may not tell, Linux's /proc/net is read, which names no processes.
    """
    try:
        found = {
            Socket(connection.laddr.ip, connection.laddr.port, connection.pid)
            for connection in psutil.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr
        }
        foreign = sum(item.pid is None for item in found)
        why = (
            (f"the processes behind {foreign} of {len(found)} listening sockets are hidden from this user")
            if foreign
            else ""
        )
        return tuple(sorted(found, key=lambda item: (item.port, item.address))), why
    except (psutil.Error, OSError):
        pass
    tables = [(reader.read(f"/proc/net/{name}"), name == "tcp6") for name in ("tcp", "tcp6")]
    if all(text.why for text, _ in tables):
        return (), "no permission to list sockets"
    sockets = [item for text, wide in tables for item in parse_proc_net(text.text, wide=wide)]
    return tuple(sockets), "the system does not show which process owns a socket"


def parse_proc_net(text: str, *, wide: bool) -> list[Socket]:
    """/proc/net/tcp or tcp6 (``wide``): addresses are hexadecimal words in the machine's byte order."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != _LISTEN:
            continue
        raw, _, port = fields[1].partition(":")
        try:
            data = bytes.fromhex(raw)
            words = struct.unpack(f">{len(data) // 4}I", data)
            packed = struct.pack(f"={len(words)}I", *words)
            address = socket.inet_ntop(socket.AF_INET6 if wide else socket.AF_INET, packed)
            found.append(Socket(address, int(port, 16), None))
        except (ValueError, struct.error, OSError):
            continue
    return found


def server_sockets(sockets: Sequence[Socket], processes: Processes) -> tuple[Socket, ...]:
    """Those that belong to a model server's process."""
    pids = {server.pid for server in processes.servers}
    return tuple(item for item in sockets if item.pid in pids)


def read_listeners(
    sockets: Sequence[Socket],
    why: str,
    processes: Processes,
    endpoints: Sequence[Endpoint],
    keys: Mapping[int, KeyAnswer],
) -> Listeners:
    """Ports of model servers: held by a server's process, or answered as one. Other ports are nobody's business.

    ``keys`` says by port what asking without a key gave.
    """
    runtimes = {server.pid: server.runtime for server in processes.servers}
    local = {port: endpoint.kind for endpoint in endpoints if (port := local_port(endpoint.base_url)) is not None}
    found = []
    for item in sockets:
        runtime = runtimes.get(item.pid, "") if item.pid is not None else ""
        if not runtime and item.port not in local:
            continue
        answer = keys.get(item.port, KeyAnswer("unknown", "it did not answer a request"))
        found.append(
            ListeningPort(
                address=item.address,
                port=item.port,
                beyond_loopback=not is_loopback(item.address),
                runtime=runtime or local[item.port],
                pid=item.pid,
                key=answer.needed,
                key_reason=answer.reason,
            )
        )
    return Listeners(tuple(found), {"listeners": why} if why else {})


def is_loopback(address: str) -> bool:
    """127.0.0.0/8, ::1, and the first written as IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def local_port(base_url: str) -> int | None:
    """The port of an address on this machine's loopback, else None."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    return port if host == "localhost" or is_loopback(host) else None
