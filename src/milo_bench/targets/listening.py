"""A local port in, the process ids that listen on it out; of those, the ones that hold the model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

# What only passes requests on; its memory is not the model's.
_PROXIES: Final = (
    "nginx", "haproxy", "caddy", "envoy", "traefik", "litellm", "docker-proxy", "rootlessport", "ssh", "sshd", "socat",
    "kubectl", "slirp4netns", "conmon", "apache2", "httpd", "mitmproxy", "pasta",
)  # fmt: skip
_LISTENS: Final = "0A"  # the state TCP_LISTEN in /proc/net/tcp
# Words of a server's command line, by what its API says that it is.
_WORDS: Final = {
    "llama.cpp": ("llama", "milo_bench"),
    "vLLM": ("vllm",),
    "SGLang": ("sglang",),
    "Ollama": ("ollama",),
    "LM Studio": ("lm-studio", "lmstudio", "lm studio", "lms", "llmster"),
}


def listening_pids(port: int) -> tuple[int, ...]:
    """Empty where nobody listens, or the system does not tell us whose it is."""
    if sys.platform == "linux":
        return _holding(set(_listening_inodes(port)))
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


def _listening_inodes(port: int) -> Iterator[str]:
    """Of the sockets that listen on ``port``, line by line: a busy machine has thousands of others (proc(5))."""
    for name in ("tcp", "tcp6"):
        with suppress(OSError), Path("/proc/net", name).open(encoding="ascii") as lines:
            for line in lines:
                fields = line.split(maxsplit=10)
                if len(fields) > 9 and fields[3] == _LISTENS and fields[1].endswith(f":{port:04X}"):
                    yield fields[9]


def _holding(inodes: set[str]) -> tuple[int, ...]:
    """Of each socket the latest process that has it open, which got it from systemd, say. None that we may not see."""
    links = {f"socket:[{inode}]" for inode in inodes}
    found = set()
    for pid in sorted(psutil.pids(), reverse=True):
        if not links:
            break
        with suppress(OSError):
            held = links & {_link(one) for one in Path("/proc", str(pid), "fd").iterdir()}
            if held:
                found.add(pid)
                links -= held
    return tuple(sorted(found))


def _link(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  text, as proc(5) writes it
    except OSError:  # closed meanwhile
        return ""


def serving_pids(pids: Iterable[int], runtime: str) -> tuple[int, ...]:
    """Those of ``pids`` that hold the model themselves or in a child: a proxy that listens for a server does not.

    ``runtime`` is what the API says of itself, "" where it does not: then everything but a known proxy counts.
    """
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            own = " ".join(process.cmdline()).lower()
            lines = [own, *map(_line, process.children(recursive=True))]
            name = process.name().lower()
        except (psutil.Error, OSError):
            continue
        first = lines[0].split(" ", 1)[0].rpartition("/")[2].rstrip(":")
        words = _WORDS.get(runtime)
        is_proxy = name in _PROXIES or first in _PROXIES or "litellm" in lines[0]
        if any(any(word in line for word in words) for line in lines) if words else not is_proxy:
            found.append(pid)
    return tuple(found)


def _line(process: psutil.Process) -> str:
    """The command line of a child; "" for one that has ended or is another user's, which says nothing of its parent."""
    try:
        return " ".join(process.cmdline()).lower()
    except (psutil.Error, OSError):
        return ""


def model_server_ports() -> tuple[int, ...]:
    """Ports on which a process listens whose command line is a model server's; beyond the usual ones."""
    every = [word for words in _WORDS.values() for word in words if word not in ("lms", "milo_bench")]
    ports: set[int] = set()
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ()
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.pid or not connection.laddr:
            continue
        try:
            process = psutil.Process(connection.pid)
            parent = process.parent()
            # A router's children are reached through it, and our own servers are no news.
            if _serves(process, every) and not (parent is not None and _serves(parent, every)):
                ports.add(connection.laddr[1])
        except (psutil.Error, OSError):
            continue
    return tuple(sorted(ports))


def _serves(process: psutil.Process, words: Iterable[str]) -> bool:
    line = process.cmdline()[:4]
    program = " ".join(word.rpartition("/")[2] for word in line).lower()
    return "milo_bench" not in program and any(word in program for word in words)
