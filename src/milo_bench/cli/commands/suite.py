"""``milo-bench suite``: suites by name or folder in; checks, lists, views and new suite folders out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milo_bench.cli.entry import say_next

if TYPE_CHECKING:
    from milo_bench.config.written import Problem
    from milo_bench.core.chat import Message
    from milo_bench.suites.load import Suite

_OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder to write the suite to.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def suite() -> None:
    """Check, list, show, import, redact and regenerate suites.

    SUITE is the name of a built-in suite or the folder of your own.
    """


@suite.command("check")
@click.argument("name", metavar="SUITE")
@_JSON
def check_command(name: str, as_json: bool) -> int:
    """Check a suite for errors and warnings. Exits 2 if it cannot run."""
    from milo_bench.grade.engine import validate_checks
    from milo_bench.suites.check import check_suite

    problems = check_suite(name, validate_checks=validate_checks)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        _print_json({"suite": name, "usable": not errors, "problems": [_record(problem) for problem in problems]})
    else:
        for problem in problems:
            click.echo(f"{problem.severity}: {_clean(str(problem))}.")
            if problem.hint:
                click.echo(f"  hint: {_clean(problem.hint)}")
        doubts = len(problems) - len(errors)
        click.echo(f"{name}: {_count(len(errors), 'error')}, {_count(doubts, 'warning')}.")
    say_next(
        f"milo-bench suite check {name}" if errors else f"milo-bench run --suite {name} --models NAME --out RUN.jsonl"
    )
    return 2 if errors else 0


@suite.command("list")
@click.option("--folder", type=click.Path(path_type=Path), help="Also list suites one level below this folder.")
@_JSON
def list_command(folder: Path | None, as_json: bool) -> None:
    """List the built-in suites, their workloads and their fixture counts."""
    from milo_bench.core.errors import MiloError
    from milo_bench.suites import list_suites

    suites = list_suites(folder)
    if as_json:
        _print_json([item.as_record() if isinstance(item, MiloError) else _overview(item) for item in suites])
    else:
        for item in suites:
            if isinstance(item, MiloError):
                click.echo(f"broken: {_clean(item.message)}")
                continue
            click.echo(f"{item.ref.name}  version {item.ref.version}  {_clean(item.title)}")
            for name, count in _per_workload(item).items():
                variants = f"  variants: {', '.join(item.variants[name])}" if item.variants[name] else ""
                click.echo(f"  {name}: {_count(count, 'fixture')}{variants}")
    say_next("milo-bench suite show case_ops_v1")


@suite.command("show")
@click.argument("name", metavar="SUITE")
@click.argument("fixture_id", metavar="[FIXTURE]", required=False)
@click.option(
    "--variant", "variants", multiple=True, metavar="WORKLOAD=VARIANT", help="Show the prompt of this variant."
)
@_JSON
def show_command(name: str, fixture_id: str | None, variants: tuple[str, ...], as_json: bool) -> None:
    """Show a fixture's prompt and expectation, or the suite without FIXTURE."""
    from milo_bench.suites import load_suite

    loaded = load_suite(name, variants=_variants(variants))
    if fixture_id is None:
        _show_suite(loaded, as_json)
        first = loaded.fixtures[0].id
        say_next(f"milo-bench suite show {name} {first}")
        return
    _show_fixture(loaded, fixture_id, as_json)
    say_next(f"milo-bench run --suite {name} --models NAME --limit 8 --out RUN.jsonl")


@suite.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@_OUT
@click.option("--format", "form", default="", help="csv, jsonl, folder or promptfoo.  [default: guessed]")
@click.option("--name", default="", help="Name of the suite.  [default: the folder's name]")
@click.option("--workload", default="", help="Name of the workload.")
@click.option("--id", "id_column", default="", metavar="COLUMN", help="Column with each row's id.")
@click.option("--input", "inputs", multiple=True, metavar="COLUMN", help="Column that the model receives. Repeatable.")
@click.option("--label", default="", metavar="COLUMN", help="Column with the correct label.")
@click.option(
    "--expect",
    "expects",
    multiple=True,
    metavar="COLUMN",
    help="Column with a correct field value, or an object of them.",
)
@click.option("--labels", type=click.Path(path_type=Path), help="File of labels for a folder of documents.")
@_JSON
def import_command(
    source: Path,
    out: Path,
    form: str,
    name: str,
    workload: str,
    id_column: str,
    inputs: tuple[str, ...],
    label: str,
    expects: tuple[str, ...],
    labels: Path | None,
    as_json: bool,
) -> None:
    """Make a suite from CSV, JSON Lines, a folder of .txt, .eml and .pdf files, or promptfoo tests.

    Prints its guesses. Lists what is broken or cannot be imported, here and in
    import_report.json.
    """
    from milo_bench.suites.importers import ImportRequest
    from milo_bench.suites.importing import REPORT_NAME, import_suite, summary

    request = ImportRequest(source, workload, id_column, inputs, label, expects, labels)
    report = import_suite(request, out=out, format_name=form, name=name)
    if as_json:
        import msgspec

        _print_json(msgspec.to_builtins(report))
    else:
        if report.guesses:
            click.echo(f"guessed: {_clean('  '.join(report.guesses))}", err=True)
        parts = ", ".join(f"{workload} {count}" for workload, count in report.workloads.items())
        click.echo(f"{out}: {_count(report.fixtures, 'fixture')} ({parts})")
        for title, problems in (("not imported", report.not_carried), ("broken", report.broken)):
            if problems:
                click.echo(f"{title}: {len(problems)}")
                for line in summary(problems):
                    click.echo(f"  {_clean(line)}")
        click.echo(f"full list: {out / REPORT_NAME}")
    say_next(f"milo-bench suite check {out}", f"edit the prompt in {out / 'prompts'}")


@suite.command("redact")
@click.argument("name", metavar="SUITE")
@_OUT
@click.option("--keep", multiple=True, metavar="KIND", help="Keep this kind of personal data, e.g. date_of_birth.")
@click.option("--known", type=click.Path(path_type=Path), help="File of known person names, one per line.")
@_JSON
def redact_command(name: str, out: Path, keep: tuple[str, ...], known: Path | None, as_json: bool) -> None:
    """Replace personal data in inputs and expectations with placeholders like [PERSON_1]."""
    from milo_bench.guards.personal.data import KINDS, Redactor
    from milo_bench.guards.personal.figures import HELD_OUT, HELD_OUT_TEXTS
    from milo_bench.suites import load_suite
    from milo_bench.suites.importers.tables import source_text
    from milo_bench.suites.redact import redact_suite

    loaded = load_suite(name)
    kept = [kind for kind in KINDS if kind in keep]
    _all_known(keep, KINDS)
    names = source_text(known).splitlines() if known is not None else []
    counts = redact_suite(loaded, redactor=Redactor(known=names, keep=kept), out=out)
    figures = {item.kind: item for item in HELD_OUT}
    if as_json:
        measured = {
            kind: {"labelled": item.labelled, "recall": item.recall, "found": item.found, "precision": item.precision}
            for kind, item in figures.items()
        }
        _print_json(
            {"out": str(out), "replaced": dict(counts), "measured_on_held_out": measured, "texts": HELD_OUT_TEXTS}
        )
    else:
        click.echo(f"{out}: replaced {sum(counts.values())}")
        click.echo(f"{'kind':<15}{'replaced':>9}   found in {HELD_OUT_TEXTS} held-out texts   correct when found")
        for kind in (*counts, "all"):
            item = figures[kind]
            replaced = sum(counts.values()) if kind == "all" else counts[kind]
            click.echo(
                f"{kind:<15}{replaced:>9}   {_share(item.covered, item.labelled):<31}{_share(item.right, item.found)}"
            )
        click.echo("Some personal data remains: read a sample before the suite leaves your network.", err=True)
    say_next(f"milo-bench suite check {out}", f"milo-bench suite show {out} {loaded.fixtures[0].id}")


@suite.command("regenerate")
@click.argument("name", metavar="SUITE", default="case_ops_v1")
@click.option("--seed", required=True, type=int, help="Any whole number. The same seed gives the same fixtures.")
@_OUT
def regenerate_command(name: str, seed: int, out: Path) -> None:
    """Write new fixtures of the same difficulty that no model has seen."""
    from milo_bench.suites import load_suite
    from milo_bench.suites.regenerate import regenerate_suite

    regenerate_suite(load_suite(name), seed=seed, out=out)
    fresh = load_suite(str(out))
    click.echo(f"{out}: {_count(len(fresh.fixtures), 'fixture')}, seed {seed}, hash {fresh.ref.hash[:12]}")
    say_next(f"milo-bench run --suite {out} --models NAME --out RUN.jsonl")


def _variants(written: Sequence[str]) -> Mapping[str, str]:
    from milo_bench.core.errors import UsageError

    chosen: dict[str, str] = {}
    for item in written:
        workload, equals, variant = item.partition("=")
        if not equals or not variant:
            message = f"'{item}' has no variant."
            raise UsageError(message, hint="write --variant WORKLOAD=VARIANT.")
        chosen[workload] = variant
    return chosen


def _all_known(given: Sequence[str], kinds: Sequence[str]) -> None:
    from milo_bench.core.errors import UsageError
    from milo_bench.core.suggest import hint_for

    for kind in given:
        if kind not in kinds:
            message = f"Unknown kind of personal data '{kind}'."
            raise UsageError(message, hint=hint_for(kind, kinds, noun="kinds"))


def _per_workload(loaded: Suite) -> dict[str, int]:
    counts = dict.fromkeys(loaded.workloads, 0)
    for fixture in loaded.fixtures:
        counts[fixture.workload] += 1
    return counts


def _overview(loaded: Suite) -> dict[str, Any]:
    counts = _per_workload(loaded)
    return {
        "name": loaded.ref.name,
        "version": loaded.ref.version,
        "hash": loaded.ref.hash,
        "title": loaded.title,
        "fixtures": len(loaded.fixtures),
        "workloads": {
            name: {"fixtures": counts[name], "variants": list(loaded.variants[name])} for name in loaded.workloads
        },
    }


def _show_suite(loaded: Suite, as_json: bool) -> None:
    from collections import Counter

    ids = [fixture.id for fixture in loaded.fixtures]
    if as_json:
        _print_json({**_overview(loaded), "description": loaded.description, "ids": ids})
        return
    click.echo(f"{loaded.ref.name}  version {loaded.ref.version}  hash {loaded.ref.hash[:12]}  {loaded.root}")
    if loaded.description:
        click.echo(_clean(loaded.description))
    counts = _per_workload(loaded)
    for name, workload in loaded.workloads.items():
        checks = ", ".join(spec.name for spec in workload.checks)
        click.echo(f"\n{name}: {_count(counts[name], 'fixture')}, prompt {workload.prompt_name}, checks: {checks}")
        tags = Counter(tag for fixture in loaded.fixtures if fixture.workload == name for tag in fixture.tags)
        if tags:
            click.echo("  tags: " + ", ".join(f"{tag} {count}" for tag, count in tags.most_common()))
        mine = [fixture.id for fixture in loaded.fixtures if fixture.workload == name]
        click.echo(f"  ids: {', '.join(mine[:6])}{' …' if len(mine) > 6 else ''}")


def _show_fixture(loaded: Suite, fixture_id: str, as_json: bool) -> None:
    import msgspec

    from milo_bench.config.written import place
    from milo_bench.core.errors import MiloError
    from milo_bench.suites import render_prompt

    fixture = loaded.fixture(fixture_id)
    workload = loaded.workloads[fixture.workload]
    messages: tuple[Message, ...] = ()
    why = ""
    try:
        messages = render_prompt(workload, {"input": fixture.input})
    except MiloError as error:
        why = error.message
    if as_json:
        _print_json({**msgspec.to_builtins(fixture), "messages": msgspec.to_builtins(messages), "not_rendered": why})
        return
    tags = f"  tags: {', '.join(fixture.tags)}" if fixture.tags else ""
    click.echo(f"{fixture.id}  {fixture.workload}{tags}  {place(*loaded.fixture_places[fixture.id])}")
    if why:
        step = ", ".join(workload.prepare)
        click.echo(
            f"\nThe prompt needs the output of '{step}', which only a run makes. Showing the input instead."
            if step
            else why
        )
        click.echo(_clean(json.dumps(fixture.input, ensure_ascii=False, indent=2)))
    for message in messages:
        click.echo(f"\n--- {message.role}")
        click.echo(_clean(message.content))
    click.echo("\n--- expected")
    click.echo(_clean(json.dumps(fixture.expect, ensure_ascii=False, indent=2)))


def _record(problem: Problem) -> dict[str, str]:
    return {
        "where": problem.where,
        "what": problem.what,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f}%)" if whole else "none present"


def _clean(text: str) -> str:
    """Text from a suite without characters that would steer the terminal."""
    shown = (c if c in "\n\t" or c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
    return "".join(shown)
