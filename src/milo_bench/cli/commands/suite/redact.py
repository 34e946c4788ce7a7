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
        english = any(language.code == "en" for language in redacted.languages)
        by_language = {
            language.code: {"fixtures": language.fixtures, **_figures(language)} for language in redacted.languages
        }
        print_json(
            {
                "out": str(out),
                "replaced": dict(counts),
                "measured_on_held_out": measured if english else {},
                "texts": texts if english else 0,
                "languages": by_language,
            }
        )
    else:
        say(f"{out}: replaced {sum(counts.values())}")
        _by_kind(redacted)
        say(f"\n{'language':<15}{'fixtures':>9}   found in held-out texts        correct when found")
        for language in redacted.languages:
            row = language.measured
            said = f"{share(row.recall)} ({row.n} texts)" if row else "not measured"
            right = share(row.precision) if row else ""
            say(f"{language.name:<15}{language.fixtures:>9}   {said:<31}{right}".rstrip())
        say("Some personal data remains: read a sample before the suite leaves your network.", err=True)
    say_next(f"milo-bench suite check {out}", f"milo-bench suite show {out} {redacted.suite.fixtures[0].id}")


def _figures(language: api.RedactedLanguage) -> dict[str, float]:
    row = language.measured
    return {"recall": row.recall, "precision": row.precision, "texts": row.n} if row else {}


def _by_kind(redacted: api.RedactedSuite) -> None:
    """What was replaced by kind; beside it what was measured by kind, which is English alone."""
    counts = redacted.replaced
    if all(language.code != "en" for language in redacted.languages):
        say(f"{'kind':<15}{'replaced':>9}")
        for kind in (*counts, "all"):
            say(f"{kind:<15}{sum(counts.values()) if kind == 'all' else counts[kind]:>9}")
        return
    said = f"found in {redacted.texts} English texts"
    say(f"{'kind':<15}{'replaced':>9}   {said:<31}correct when found")
    for kind in (*counts, "all"):
        item = redacted.held_out.get(kind)
        if item is None:
            row = api.secrets_measured()
            found = f"{share(row.recall)} of all secrets planted"
            say(f"{kind:<15}{counts[kind]:>9}   {found:<31}{share(row.precision)}")
            continue
        replaced = sum(counts.values()) if kind == "all" else counts[kind]
        say(f"{kind:<15}{replaced:>9}   {_share(item.covered, item.labelled):<31}{_share(item.right, item.found)}")


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({share(part / whole)})" if whole else "none present"
