"""``draft-guard verify``: a draft on standard input, the part of it that may be shown on standard output."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal, cast

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import run_command
from milo_bench.cli.printing import say
from milo_bench.core.cases.record import CaseRecord, ReplyTemplate
from milo_bench.core.clock import SystemClock
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.locale import parse_locale
from milo_bench.core.text import one_line

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T.*)?")


@click.group()
def draft_guard() -> None:
    """Deterministic guardrails for reply drafts: citations, promises, policy text, templates."""


@draft_guard.command()
@click.option("--require-citations", is_flag=True, help="Remove or refuse claims that cite no event.")
@click.option("--reject-promises", is_flag=True, help="Refuse drafts that promise a date, an outcome or a payment.")
@click.option(
    "--template-policy",
    type=click.Choice(["current_only", "any"]),
    default="any",
    show_default=True,
    help="current_only: the draft must name a currently valid template.",
)
@click.option("--on-uncited", type=click.Choice(["remove", "refuse"]), default="remove", show_default=True)
@click.option("--case", "case_id", metavar="ID", help="Check citations and requests against this case record.")
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), help="JSON Lines of case records.")
@click.option("--templates", "templates_file", type=click.Path(path_type=Path), help="JSON list of reply templates.")
@click.option(
    "--as-of",
    metavar="DATE",
    default="",
    help="Day on which the template must be valid (YYYY-MM-DD).  [default: the case's day, else today]",
)
@click.option("--locale", metavar="LOCALE", default="", help="Language of short drafts, such as de-DE.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: route, text, removed, violations.")
def verify(
    require_citations: bool,
    reject_promises: bool,
    template_policy: str,
    on_uncited: str,
    case_id: str | None,
    cases_file: Path | None,
    templates_file: Path | None,
    as_of: str,
    locale: str,
    as_json: bool,
) -> int:
    """Verify a draft from standard input.

    Standard input is the draft, or a JSON document {"draft", "case", "templates", "as_of"}. The
    verified text goes to standard output, and each removal or violation with its reason to standard
    error. Exit code 0: usable, unchanged or shortened. 1: rejected or sent to human review. 2: bad
    input.
    """
    draft, case, templates, day = _read_input()
    if case_id is not None:
        case = api.find_case(case_id, path=cases_file)
    elif cases_file is not None:
        raise UsageError("--cases needs --case.", hint="add the case: --case 84291.")
    if templates_file is not None:
        templates = api.load_templates(templates_file)
    elif templates is None:
        templates = api.load_templates() if template_policy == "current_only" else ()
    day = as_of or day or (case.as_of if case is not None else "")
    if as_of and not _is_day(as_of):
        raise UsageError(f"--as-of '{as_of}' is not a date.", hint="write it as YYYY-MM-DD.")
    if template_policy == "current_only" and not day:
        day = SystemClock().now().astimezone().date().isoformat()
        click.echo(f"note: without a case or --as-of, templates must be valid today, {day}.", err=True)
    options = api.GuardOptions(
        require_citations=require_citations,
        reject_promises=reject_promises,
        template_policy=cast('Literal["current_only", "any"]', template_policy),
        on_uncited=cast('Literal["remove", "refuse"]', on_uncited),
        as_of=day,
        locale=str(parse_locale(locale)) if locale else "",
    )
    result = api.guard_draft(draft, case=case, templates=templates, options=options)
    if require_citations and case is None:
        click.echo("note: without a case, only the form of citations was checked.", err=True)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        for cut in result.removed:
            say(f"removed: {one_line(cut.text, None)}\n    why: {cut.reason}", err=True)
        for wrong in result.violations:
            shown = f"{one_line(wrong.text, None)}\n    why: " if wrong.text else ""
            say(f"{wrong.kind}: {shown}{wrong.reason}", err=True)
        click.echo(f"route: {result.route}", err=True)
        if result.text:
            click.echo(result.text, nl=not result.text.endswith("\n"))
    return 0 if result.route in ("pass", "edited") else 1


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _read_input() -> tuple[str, CaseRecord | None, tuple[ReplyTemplate, ...] | None, str]:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"Standard input is not UTF-8 (byte {error.start})."
        raise DataError(message, hint="convert it to UTF-8 first, e.g. with iconv.") from None
    if not text.strip():
        raise DataError("Standard input is empty.", hint="pipe a draft into draft-guard verify.")
    if not text.lstrip().startswith("{"):
        return text, None, None, ""
    try:
        document = msgspec.json.decode(text, type=api.DraftDocument)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"Invalid JSON draft document on stdin: {error}"
        raise DataError(message, hint='use the keys "draft", "case", "templates" and "as_of".') from None
    if document.as_of and not _is_day(document.as_of):
        message = f'"as_of" is "{document.as_of}", which is not a date.'
        raise DataError(message, hint="write it as YYYY-MM-DD.")
    return document.draft, document.case, document.templates, document.as_of


def main(arguments: Sequence[str] | None = None) -> int:
    """The program ``draft-guard``; gives back its exit code."""
    return run_command(draft_guard, "draft-guard", arguments)


if __name__ == "__main__":
    sys.exit(main())
