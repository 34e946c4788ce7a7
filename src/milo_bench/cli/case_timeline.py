"""``case-timeline``: a case record in, the entries that a summary may rest on out, as one JSON document."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.printing import say
from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.errors import DataError, GateFailed

_policy = click.option("--select", "policy", default="policy_v2", show_default=True, help="Selection policy.")
_bound = click.option("--max-events", default=24, show_default=True, help="Maximum number of entries to select.")
_form = click.option("--json/--text", "as_json", default=True, help="One JSON document (default) or readable lines.")


@click.group(name="case-timeline", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Choose by rule which entries of a case a model may summarise.

    A case with contradictory current statuses goes to human review. The document is still printed,
    and the exit code is 1.
    """


@command.command()
@click.option("--case", "case_id", required=True, metavar="ID", help="Case number, e.g. 84291.")
@click.option(
    "--cases", type=click.Path(path_type=Path), help="JSON Lines of case records.  [default: the built-in ones]"
)
@_policy
@_bound
@_form
def build(case_id: str, cases: Path | None, policy: str, max_events: int, as_json: bool) -> None:
    """Select entries from a stored case."""
    _print(api.find_case(case_id, path=cases), policy, max_events, as_json)


@command.command()
@_policy
@_bound
@_form
def select(policy: str, max_events: int, as_json: bool) -> None:
    """Select entries from one JSON case record on standard input."""
    try:
        case = msgspec.json.decode(sys.stdin.buffer.read(), type=CaseRecord)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        message = f"Invalid case record on stdin: {error}"
        raise DataError(message, hint="give one JSON object with case_id, claimant_name, as_of, events …") from None
    _print(case, policy, max_events, as_json)


def _print(case: CaseRecord, policy: str, max_events: int, as_json: bool) -> None:
    chosen = api.select_events(case, policy=policy, max_events=max_events)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(api.as_document(chosen)), indent=2))
    else:
        status = chosen.current_status.replace("_", " ") or "not certain"
        say(f"case {chosen.case_id}, {chosen.claimant_name}, as of {chosen.as_of}")
        say(f"route {chosen.route}, current status: {status} [{', '.join(chosen.current_status_events)}]")
        for event in chosen.events:
            say(f"[{event.id}] {event.at} {event.source}: {' '.join(event.text.split())}")
        for lost in chosen.dropped:
            say(f"left out {lost.id}: {lost.reason}")
    if chosen.route == "human_review":
        message = f"Case {chosen.case_id} needs human review: {'; '.join(chosen.reasons)}."
        if as_json:
            # Standard output holds the document already; a second one would make it unreadable.
            say(f"error: {message}\nhint: correct the status in the record, then run this again.", err=True)
            raise click.exceptions.Exit(GateFailed.exit_code)
        raise GateFailed(message, hint="correct the status in the record, then run this again.")


def main() -> None:
    """The program ``case-timeline``."""
    sys.exit(run_command(command, "case-timeline"))
