"""``milo-bench suite show``: a suite and a fixture in, the prompt as a model gets it and what is expected out."""

from __future__ import annotations

import json
from collections import Counter

import click
import msgspec

from milo_bench import api
from milo_bench.cli.commands.suite._overview import fixtures_per_workload, suite_record
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, variant_pairs
from milo_bench.cli.printing import count_noun, print_json, say
from milo_bench.core.chat import Message
from milo_bench.core.errors import MiloError


@click.command("show")
@click.argument("name", metavar="SUITE")
@click.argument("fixture_id", metavar="[FIXTURE]", required=False)
@click.option(
    "--variant", "variants", multiple=True, metavar="WORKLOAD=VARIANT", help="Show the prompt of this variant."
)
@JSON_FLAG
def suite_show(name: str, fixture_id: str | None, variants: tuple[str, ...], as_json: bool) -> None:
    """Show a fixture's prompt and expectation, or the suite without FIXTURE."""
    loaded = api.load_suite(name, variants=variant_pairs(variants))
    if fixture_id is None:
        _show_suite(loaded, as_json)
        first = loaded.fixtures[0].id
        say_next(f"milo-bench suite show {name} {first}")
        return
    _show_fixture(loaded, fixture_id, as_json)
    say_next(f"milo-bench run --suite {name} --models NAME --limit 8 --out RUN.jsonl")


def _show_suite(loaded: api.Suite, as_json: bool) -> None:
    ids = [fixture.id for fixture in loaded.fixtures]
    if as_json:
        print_json({**suite_record(loaded), "description": loaded.description, "ids": ids})
        return
    say(f"{loaded.ref.name}  version {loaded.ref.version}  hash {loaded.ref.hash[:12]}  {loaded.root}")
    if loaded.description:
        say(loaded.description)
    counts = fixtures_per_workload(loaded)
    for name, workload in loaded.workloads.items():
        checks = ", ".join(spec.name for spec in workload.checks)
        say(f"\n{name}: {count_noun(counts[name], 'fixture')}, prompt {workload.prompt_name}, checks: {checks}")
        tags = Counter(tag for fixture in loaded.fixtures if fixture.workload == name for tag in fixture.tags)
        if tags:
            say("  tags: " + ", ".join(f"{tag} {count}" for tag, count in tags.most_common()))
        mine = [fixture.id for fixture in loaded.fixtures if fixture.workload == name]
        say(f"  ids: {', '.join(mine[:6])}{' …' if len(mine) > 6 else ''}")


def _show_fixture(loaded: api.Suite, fixture_id: str, as_json: bool) -> None:
    fixture = loaded.fixture(fixture_id)
    workload = loaded.workloads[fixture.workload]
    messages: tuple[Message, ...] = ()
    why = ""
    try:
        messages = api.render_prompt(workload, {"input": fixture.input})
    except MiloError as error:
        why = error.message
    if as_json:
        print_json({**msgspec.to_builtins(fixture), "messages": msgspec.to_builtins(messages), "not_rendered": why})
        return
    tags = f"  tags: {', '.join(fixture.tags)}" if fixture.tags else ""
    say(f"{fixture.id}  {fixture.workload}{tags}  {loaded.where(fixture.id)}")
    if why:
        step = ", ".join(workload.prepare)
        say(
            f"\nThe prompt needs the output of '{step}', which only a run makes. Showing the input instead."
            if step
            else why
        )
        say(json.dumps(fixture.input, ensure_ascii=False, indent=2))
    for message in messages:
        say(f"\n--- {message.role}")
        say(message.content)
        for picture in message.pictures:
            say(f"[picture {picture.name}]")
    say("\n--- expected")
    say(json.dumps(fixture.expect, ensure_ascii=False, indent=2))
