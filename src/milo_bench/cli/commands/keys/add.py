"""``milo-bench keys add``: a name, a scope and budgets in, a key that is shown once out."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import DAYS, JSON_FLAG, STATE, FiniteRange
from milo_bench.cli.printing import print_json
from milo_bench.core.errors import UsageError
from milo_bench.report.terminal import key_record


@click.command("add")
@click.argument("name")
@click.option("--workload", "workloads", multiple=True, metavar="NAME", help="Only this workload. Repeatable.")
@click.option("--requests-per-day", type=click.IntRange(1, 2**53), help="Most requests per day (UTC).")
@click.option("--tokens-per-day", type=click.IntRange(1, 2**53), help="Most tokens per day (UTC).")
@click.option("--usd-per-day", type=FiniteRange(min=0, min_open=True, max=1e9), help="Most US dollars per day (UTC).")
@click.option("--permit", default="", metavar="ID", help="Operator permit that it is bound to.")
@click.option("--days", type=DAYS, help="Days until it expires.")
@STATE
@JSON_FLAG
def keys_add(
    name: str,
    workloads: tuple[str, ...],
    requests_per_day: int | None,
    tokens_per_day: int | None,
    usd_per_day: float | None,
    permit: str,
    days: float | None,
    state: str | None,
    as_json: bool,
) -> None:
    """Make a key called NAME. It is printed once and stored as a hash.

    With --permit, an answer may call only the tools that this operator permit of routing.yaml allows.
    The rest goes to human review.

    Once there is a key, every request needs one. A running gateway knows the key within a second.
    """
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise UsageError("The name of a key must be 1 to 200 printable characters.", hint="e.g. case-system")
    if permit and (not permit.startswith("permit-") or len(permit) > 80):
        raise UsageError("This is not the id of a permit.", hint="copy it from 'operators' in routing.yaml: permit-…")
    key, record = api.add_key(
        api.state_place(os.environ, state),
        name,
        workloads=workloads,
        most_requests=requests_per_day,
        most_tokens=tokens_per_day,
        most_usd=usd_per_day,
        days=days,
        permit=permit,
    )
    if as_json:
        print_json({"key": key, **key_record(record)})
        return
    click.echo(key)
    click.echo("This is the only time that the key is shown.", err=True)
    say_next("milo-bench keys list")
