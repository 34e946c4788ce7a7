"""``milo-bench infer``: standard input in, one model's answer out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.core.errors import DataError
from milo_bench.report import terminal

SECTION = "Tools"


@click.command()
@click.option("--model", required=True, metavar="TARGET", help="A target in bench.yaml.")
@click.option("--template", required=True, metavar="PROMPT", help="A suite's prompt, e.g. timeline_summary_v3.")
@click.option("--suite", help="Search only this suite (name or folder) for the prompt.")
@click.option("--variant", default="", help="A variant of the prompt's workload, e.g. chunked.")
@click.option("--constrained", is_flag=True, help="Constrain decoding to the workload's answer schema.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending the text to a hosted target.")
@click.option("--cited", is_flag=True, help="Print each sentence with the evidence that it cites.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: answer, usage and times.")
def infer(
    model: str,
    template: str,
    suite: str | None,
    variant: str,
    constrained: bool,
    allow_hosted: bool,
    cited: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Send standard input to one target through a prompt template.

    Prints the answer.

    Standard input is a timeline, a JSON object with the template's inputs, or plain text, which
    becomes the document. A variant with chunks sends a long text in parts and merges their summaries.
    If case-timeline routed the timeline to human review, the exit code is 1.

    --cited puts the events or numbered lines that a sentence cites below it.
    """
    settings = api.load_settings(config, os.environ)
    target = settings.target(model)
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"Standard input is not UTF-8 (byte {error.start})."
        raise DataError(message, hint="convert it to UTF-8 first, e.g. with iconv.") from None
    exchange = api.infer(
        text,
        template=template,
        target=target,
        env=os.environ,
        suite=suite,
        variant=variant,
        constrained=constrained,
        allow_hosted=allow_hosted,
        limits=settings.run,
    )
    statements = api.cited_answer(exchange.text, text) if cited else ()
    if as_json:
        record = msgspec.to_builtins(exchange)
        if cited:
            record["cited"] = msgspec.to_builtins(statements)
        click.echo(msgspec.json.format(msgspec.json.encode(record), indent=2))
        return
    if cited:
        terminal.print_cited(statements)
    else:
        click.echo(exchange.text)
    if exchange.finish_reason == "length":
        click.echo("The answer was cut off at max_tokens.", err=True)
