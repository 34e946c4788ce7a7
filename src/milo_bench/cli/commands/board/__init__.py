"""``milo-bench board``: a folder of run logs and packages in, pages of a web browser until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import FILE, FOLDER, PERSON, STATE
from milo_bench.report.terminal import print_board

SECTION = "Serve"


@click.command()
@click.argument("folder", type=FOLDER, default=Path("runs"))
@click.option("--port", type=click.IntRange(0, 65535), default=8701, show_default=True, help="Port (0 picks one).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--hostname", "hostnames", multiple=True, metavar="NAME", help="A name it answers to. Repeatable.")
@STATE
@PERSON
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM).")
@click.option("--tls-key", type=FILE, help="Key of the certificate (PEM).")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it has TLS.")
@click.option("--proxy-header", default="", metavar="NAME", help="Header in which that proxy names the person.")
@click.option(
    "--suite", "suites", multiple=True, type=FOLDER,
    help="Folder of a suite that takes new fixtures. Repeatable.",
)  # fmt: skip
@click.option("--gateway", default="", metavar="URL", help="Admin address of a gateway on this machine.")
@click.option("--proxy-peer", "peers", multiple=True, metavar="ADDRESS", help="The proxy's address. Repeatable.")
def board(
    folder: Path,
    port: int,
    host: str,
    hostnames: tuple[str, ...],
    state: str | None,
    person: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    proxy_header: str,
    suites: tuple[Path, ...],
    gateway: str,
    peers: tuple[str, ...],
) -> None:
    """Look at runs, failures and decisions in a browser.

    FOLDER has run logs and packages, at any depth. The printed address signs you in. Pages read the
    logs where they are and change none of them. What people add is kept in the state database.
    """
    options = api.BoardOptions(
        folder=folder,
        state=api.state_place(os.environ, state),
        person=person or api.person_here(),
        host=host,
        port=port,
        hostnames=hostnames,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        proxy_header=proxy_header,
        gateway=gateway,
        suites=suites,
        proxy_peers=peers or ("127.0.0.1", "::1"),
    )
    api.serve_board(options, os.environ, print_board)
