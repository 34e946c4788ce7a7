"""``milo-bench suite redact``: a suite in, a new suite folder without personal data out."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, OUT
from milo_bench.cli.printing import print_json, say
from milo_bench.core.units import share


@click.command("redact")
@click.argument("name", metavar="SUITE")
@OUT
@click.option("--keep", multiple=True, metavar="KIND", help="Keep this kind, e.g. date_of_birth.")
@click.option("--known", type=click.Path(path_type=Path), help="File of known person names, one per line.")
@JSON_FLAG
def suite_redact(name: str, out: Path, keep: tuple[str, ...], known: Path | None, as_json: bool) -> None:
    """Replace personal data and secrets with placeholders.

    A placeholder is for example [PERSON_1] or [PASSWORD_1]. It replaces the
    same value in inputs and expectations.
    """
    redacted = api.redact_suite(name, out, keep=keep, known=known)
    counts, figures, texts = redacted.replaced, redacted.held_out, redacted.texts
    if as_json:
        measured = {
            kind: {"labelled": item.labelled, "recall": item.recall, "found": item.found, "precision": item.precision}
            for kind, item in figures.items()
        }
        print_json({"out": str(out), "replaced": dict(counts), "measured_on_held_out": measured, "texts": texts})
    else:
        say(f"{out}: replaced {sum(counts.values())}")
        say(f"{'kind':<15}{'replaced':>9}   found in {texts} held-out texts   correct when found")
        for kind in (*counts, "all"):
            item = figures.get(kind)
            if item is None:
                say(f"{kind:<15}{counts[kind]:>9}   not measured")
                continue
            replaced = sum(counts.values()) if kind == "all" else counts[kind]
            say(f"{kind:<15}{replaced:>9}   {_share(item.covered, item.labelled):<31}{_share(item.right, item.found)}")
        say("Some personal data remains: read a sample before the suite leaves your network.", err=True)
    say_next(f"milo-bench suite check {out}", f"milo-bench suite show {out} {redacted.suite.fixtures[0].id}")


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({share(part / whole)})" if whole else "none present"
