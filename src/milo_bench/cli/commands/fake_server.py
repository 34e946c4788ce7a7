"""``milo-bench fake-server``: a script in, a server of scripted answers and faults until Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api

SECTION = "Tools"


@click.command()
@click.option(
    "--script", type=click.Path(path_type=Path), help="YAML or JSON script. Without one, every answer is 'ok'."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port to listen on (0 picks a free one).",
)
def fake_server(script: Path | None, port: int) -> None:
    """Serve scripted answers and faults for your own tests.

    Serves the OpenAI chat completions API and Ollama's API on 127.0.0.1. Prints its address on
    standard output and serves until Ctrl-C. GET /fake/requests returns the requests so far.
    """
    api.serve_script(script, port=port)
