"""``milo-bench sample list``: how much live work was kept, by workload and outcome."""

from __future__ import annotations

import os

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import print_samples, sample_counts


@click.command("list")
@STATE
@JSON_FLAG
def sample_list(state: str | None, as_json: bool) -> None:
    """Count the sampled requests by workload and outcome. Shows no text."""
    found = api.samples_of(api.state_place(os.environ, state))
    if as_json:
        print_json({"samples": sample_counts(found)})
        return
    print_samples(found)
    if found:
        say_next("milo-bench sample export --suite SUITE --out live/")
