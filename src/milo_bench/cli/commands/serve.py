"""``milo-bench serve``: a routing table in, an OpenAI-compatible server that enforces it until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE, FOLDER
from milo_bench.report.terminal import print_listening

SECTION = "Serve"


@click.command()
@click.option("--routing", type=FILE, required=True, help="routing.yaml of a decision package, or your own.")
@click.option("--config", type=FILE, help="Path of bench.yaml.")
@click.option("--suite", "suites", multiple=True, metavar="SUITE", help="Suite with the workloads. Repeatable.")
@click.option(
    "--audit", type=FOLDER, default=Path("audit"), show_default=True,
    help="Folder of the audit.",
)  # fmt: skip
@click.option("--head", type=FILE, help="Head of the audit.  [default: AUDIT.head]")
@click.option("--state", metavar="FILE|URL", help="Database of queue and keys.  [default: milo-state.db]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="Port (0 picks one).")
@click.option(
    "--admin-port", type=click.IntRange(0, 65535), default=8702, show_default=True, help="Loopback port of metrics."
)
@click.option("--shadow", metavar="TARGET", help="Send all to this target. Only record what the table says.")
@click.option("--registry", type=FILE, help="registry.yaml with roles. Clients name one as milo/ROLE.")
@click.option("--alarms", type=FILE, help="Alarms to watch.  [default: alarms.yaml beside routing.yaml]")
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM).")
@click.option("--tls-key", type=FILE, help="Key of the certificate (PEM).")
def serve(
    routing: Path,
    config: Path | None,
    suites: tuple[str, ...],
    audit: Path,
    head: Path | None,
    state: str | None,
    host: str,
    port: int,
    admin_port: int,
    shadow: str | None,
    registry: Path | None,
    alarms: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Serve an OpenAI-compatible API that enforces a routing table.

    Each request names its workload: in the header X-Milo-Workload, as the model milo/WORKLOAD, or in
    the field milo of its body. Every request gets one line in the audit, whose key and head are
    beside the folder. A changed routing.yaml is taken over within seconds, a broken one never.
    """
    options = api.ServeOptions(
        routing=routing,
        audit=audit,
        state=api.state_place(os.environ, state),
        host=host,
        port=port,
        admin_port=admin_port,
        suites=suites,
        head=head,
        shadow=shadow,
        alarms=alarms,
        registry=registry,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    api.serve_gateway(options, api.load_settings(config, os.environ), os.environ, print_listening)
    say_next(f"milo-bench audit verify {audit}")
