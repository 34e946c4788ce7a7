"""A socket in, what Linux knows of it out: when a read came, and how many bytes the other side acknowledged."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

_LINUX: Final = sys.platform == "linux"
_STAMP: Final = struct.Struct("qq")  # seconds and nanoseconds
ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_STAMP.size) if _LINUX else 0
_TCP_INFO: Final = 11
_BYTES_ACKED: Final = struct.Struct("Q")
_BYTES_ACKED_AT: Final = 120  # offset of tcpi_bytes_acked in struct tcp_info (linux/tcp.h)


def lags_ns(stamped: Sequence[tuple[int, bytes]], offset_ns: int) -> list[int]:
    """Our stamp minus the kernel's of each read. ``offset_ns``: the wall clock minus the monotonic one."""
    kernels = iter(struct.unpack(f"{2 * len(stamped)}q", b"".join([stamp for _, stamp in stamped])))
    return [
        max(0, at_ns + offset_ns - whole_s * 1_000_000_000 - rest_ns)
        for (at_ns, _), whole_s, rest_ns in zip(stamped, kernels, kernels, strict=True)
    ]


def bytes_acked(sock: socket.socket) -> int | None:
    """Bytes that the other side has acknowledged, of all that was sent; None where the system does not tell."""
    if not _LINUX:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
    except OSError:
        return None
    if len(info) < _BYTES_ACKED_AT + 8:
        return None
    return int(_BYTES_ACKED.unpack_from(info, _BYTES_ACKED_AT)[0])
