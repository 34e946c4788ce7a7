"""Options of a board in, a running web server out, until Ctrl-C; an unsafe address is refused before it listens."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import uvicorn

from milo_bench.board.parts import BoardParts, RoleChange
from milo_bench.board.server.app import WebBoard
from milo_bench.board.server.people import BoardAccess, BoardPerson, ProxyHeader, is_loopback, known_hosts
from milo_bench.board.views.gateway.health import check_gateway
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.files import require_regular
from milo_bench.core.text import one_line
from milo_bench.store.state.database import open_state
from milo_bench.store.state.people import board_secret
from milo_bench.suites.manifest import MANIFEST_NAME

TOKEN_VARIABLE: Final = "MILO_BENCH_BOARD_TOKEN"  # noqa: S105  the name of a variable
_EVERY_ADDRESS: Final = ("0.0.0.0", "::")  # noqa: S104  refused without a name, and without TLS


@dataclass(frozen=True)
class BoardOptions:
    """Where the board looks and listens. ``person`` is who looks, by the token that it prints."""

    folder: Path
    state: str
    person: str
    host: str = "127.0.0.1"
    port: int = 8701
    hostnames: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    proxy_header: str = ""
    gateway: str = ""
    suites: tuple[Path, ...] = ()
    proxy_peers: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class BoardListening:
    """``address`` carries the token; ``folder`` is what it shows; ``warning`` is for who started it, or ""."""

    address: str
    folder: Path
    state: str
    warning: str = ""


def serve_board(
    options: BoardOptions,
    env: Mapping[str, str],
    on_start: Callable[[BoardListening], None],
    *,
    promote: RoleChange | None = None,
    roll_back: RoleChange | None = None,
) -> None:
    """Serve until Ctrl-C. Raises UsageError for an address that others could reach in the clear."""
    _check_bind(options)
    _check_peers(options)
    for suite in options.suites:
        if not (suite / MANIFEST_NAME).is_file():
            message = f"--suite {one_line(str(suite), 200)} is not the folder of a suite: it has no {MANIFEST_NAME}."
            raise UsageError(message, hint="make one with 'milo-bench suite new FOLDER'.")
    token = env.get(TOKEN_VARIABLE, "") or secrets.token_urlsafe(24)
    board = make_board(options, token)
    board.promote, board.roll_back = promote, roll_back
    listening = _listen(options.host, options.port)
    port = listening.getsockname()[1]
    board.cookie = f"milo-board-{port}"
    scheme = "https" if options.tls_cert else "http"
    name = options.hostnames[0] if options.hostnames and not is_loopback(options.host) else options.host
    shown_host = f"[{name}]" if ":" in name else name
    address = f"{scheme}://{shown_host}:{port}/?token={token}"
    config = uvicorn.Config(
        WebBoard(board).application(),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        timeout_graceful_shutdown=2,
    )
    _load(config)
    on_start(BoardListening(address, options.folder, options.state, _warning(options)))
    with contextlib.suppress(KeyboardInterrupt):  # how a person stops it
        uvicorn.Server(config).run(sockets=[listening])


def make_board(options: BoardOptions, token: str) -> BoardParts:
    """The board without its server."""
    engine = open_state(options.state)
    owner = BoardPerson(options.person)
    proxy = ProxyHeader(options.proxy_header, options.proxy_peers) if options.proxy_header else None
    access = BoardAccess(engine, board_secret(engine), token, owner, proxy)
    return BoardParts(
        folder=options.folder,
        engine=engine,
        access=access,
        hosts=known_hosts(options.host, options.hostnames),
        cookie=f"milo-board-{options.port}",
        is_secure=options.tls_cert is not None or options.behind_proxy,
        suites=options.suites,
        gateway=check_gateway(options.gateway) if options.gateway else "",
    )


def _load(config: uvicorn.Config) -> None:
    """Read certificate and key before anything is printed. Raises PrerequisiteError where they cannot be used."""
    try:
        for path in (config.ssl_certfile, config.ssl_keyfile):
            if path:
                require_regular(Path(str(path)))
        config.load()
    except OSError as error:  # ssl.SSLError is one
        message = f"The certificate or its key cannot be used: {error.strerror or error}."
        raise PrerequisiteError(message, hint="check --tls-cert and --tls-key. Both are PEM files.") from None


def _check_bind(options: BoardOptions) -> None:
    if (options.tls_cert is None) != (options.tls_key is None):
        raise UsageError("TLS needs a certificate and its key.", hint="give both --tls-cert and --tls-key.")
    if options.host in _EVERY_ADDRESS and not options.hostnames:
        message = f"On {options.host} the board has no name that it could answer to."
        raise UsageError(message, hint="give the name or address that people open: --hostname bench.example.")
    if is_loopback(options.host) or options.tls_cert is not None or options.behind_proxy:
        return
    message = f"On {options.host} others could read what the board shows, and the tokens."
    raise UsageError(message, hint="give --tls-cert and --tls-key, or --behind-proxy if a proxy in front has TLS.")


def _check_peers(options: BoardOptions) -> None:
    """A peer that is no address would match nobody, and every person would be asked for a token."""
    for peer in options.proxy_peers if options.proxy_header else ():
        try:
            ip_address(peer)
        except ValueError:
            message = f"--proxy-peer {one_line(peer, 200)} is not an IP address."
            raise UsageError(
                message, hint="give the address from which the proxy connects: --proxy-peer 10.0.0.1"
            ) from None


def _warning(options: BoardOptions) -> str:
    if not options.proxy_header or not any(map(is_loopback, options.proxy_peers)):
        return ""
    return (
        f"Every program on this machine can name a person in {one_line(options.proxy_header, 100)}. "
        "If others use this machine, run the proxy on another one and give --proxy-peer."
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        message = f"Cannot listen on {host}:{port}: {error.strerror or error}."
        raise PrerequisiteError(message, hint="choose another --port, or 0 for a free one.") from None
    listening.listen(128)
    return listening
