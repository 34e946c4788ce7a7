"""Who listens on a port is found among thousands of sockets, on both families, and it is what psutil finds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import psutil
import pytest

from milo_bench.targets.listening import listening_pids

_CHILD = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def by_psutil(port: int) -> set[int]:
    return {
        one.pid
        for one in psutil.net_connections(kind="tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr[1] == port and one.pid
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_listener_of_either_family_is_found_and_its_clients_are_not(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((host, port)) as client:
            assert listening_pids(port) == (os.getpid(),) == tuple(by_psutil(port))
            assert listening_pids(client.getsockname()[1]) == ()
    assert listening_pids(port) == ()


def test_of_two_processes_that_share_a_listener_the_latest_is_named() -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None and child.stdout is not None
    try:
        port = int(child.stdout.readline())
        assert listening_pids(port) == (child.pid,)
    finally:
        child.stdin.close()
        child.wait()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        sharing = subprocess.Popen(
            [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(listener.fileno(),),
        )  # fmt: skip
        assert sharing.stdin is not None and sharing.stdout is not None
        try:
            sharing.stdout.readline()
            assert listening_pids(port) == (max(os.getpid(), sharing.pid),) == tuple(by_psutil(port))
        finally:
            sharing.stdin.close()
            sharing.wait()
