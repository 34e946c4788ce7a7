"""``milo-bench suite regenerate``: a generated suite and a seed in, a new suite folder with fresh fixtures out."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import LANGUAGE, OUT, SEED
from milo_bench.cli.printing import count_noun, say

_COUNT = click.IntRange(1, 1_000_000)


@click.command("regenerate")
@click.argument("name", metavar="SUITE", default="case_ops_v1")
@click.option("--seed", required=True, type=SEED, help="Any whole number. The same seed gives the same fixtures.")
@click.option("--count", type=_COUNT, help="Fixtures per workload.  [default: as many as SUITE has]")
@LANGUAGE
@OUT
def suite_regenerate(name: str, seed: int, count: int | None, language: str, out: Path) -> None:
    """Write new fixtures of the same difficulty that no model has seen."""
    fresh = api.regenerate_suite(name, seed=seed, out=out, count=count, language=language)
    say(f"{out}: {count_noun(len(fresh.fixtures), 'fixture')}, seed {seed}, hash {fresh.ref.hash[:12]}")
    say_next(f"milo-bench run --suite {out} --models NAME --out RUN.jsonl")
