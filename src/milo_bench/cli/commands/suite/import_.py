"""``milo-bench suite import``: a source of cases in, a new suite folder and an account of the import out."""

from __future__ import annotations

import time
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.lost_entries import lost_entries
from milo_bench.cli.options import COUNT, JSON_FLAG, OUT, SEED, Duration, NameList
from milo_bench.cli.printing import count_noun, print_json, say
from milo_bench.core.units import share


@click.command("import")
@click.argument("source")
@OUT
@click.option("--format", "form", default="", metavar="FORMAT", help="How to read it.  [default: guessed]")
@click.option("--query", default="", metavar="SQL", help="SELECT for a database. SOURCE is its SQLAlchemy address.")
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
@click.option("--tag", "tags", multiple=True, metavar="COLUMN", help="Column with a tag of each fixture. Repeatable.")
@click.option("--group", default="", metavar="COLUMN", help="Column of what cases share: story, author, thread.")
@click.option("--labels", type=click.Path(path_type=Path), help="File of labels for a folder of documents.")
@click.option("--sheet", default="", metavar="NAME", help="Sheet of a spreadsheet.  [default: guessed]")
@click.option("--header-row", type=COUNT, help="Row with the column names.  [default: guessed]")
@click.option("--forms", type=NameList(), default="text", help="Forms of each document: text, ocr, picture.")
@click.option("--sample", type=COUNT, help="Keep this many cases, with each label's share.")
@click.option("--seed", type=SEED, default=0, help="Seed of the sample.")
@click.option("--time-limit", type=Duration(), default="60s", help="Longest time for a page.  [default: 60s]")
@click.option("--redact", is_flag=True, help="Replace personal data and secrets before anything is written.")
@JSON_FLAG
def suite_import(
    source: str,
    out: Path,
    form: str,
    name: str,
    workload: str,
    id_column: str,
    inputs: tuple[str, ...],
    label: str,
    expects: tuple[str, ...],
    tags: tuple[str, ...],
    group: str,
    labels: Path | None,
    sheet: str,
    header_row: int | None,
    query: str,
    forms: tuple[str, ...],
    sample: int | None,
    seed: int,
    time_limit: float,
    redact: bool,
    as_json: bool,
) -> int:
    """Make a suite from a table, a folder of documents or promptfoo tests.

    SOURCE is a table (.csv, .xlsx, .xls, .ods, .jsonl), conversations (.jsonl), a folder or zip of documents, an
    mbox file or Maildir, a database (sqlite:///FILE, or env:NAME for the variable with its address) or promptfoo
    YAML. Documents are .txt, .md, .html, .eml, .msg, .pdf, .docx, .odt, .rtf, .pptx, pictures and zips of these.

    Prints its guesses, among them which cases are alike: duplicates, one template, one thread. Lists what is broken
    or cannot be imported, here and in import_report.json. Exit code 4 if a row, document or test was lost.
    """
    is_address = "://" in source or source.startswith("env:")
    request = api.ImportRequest(
        Path("." if is_address else source),
        workload,
        id_column,
        inputs,
        label,
        expects,
        labels,
        tags,
        sheet,
        header_row or 0,
        group,
        address=source if is_address else "",
        query=query,
        forms=forms,
        time_limit_s=time_limit,
        progress=_Progress().tell,
    )
    options = api.ImportOptions(sample or 0, seed, redact)
    report = api.import_suite(request, out=out, format_name=form, name=name, options=options)
    lost = lost_entries(len(report.broken), listed=f"{out / api.IMPORT_REPORT} lists them as broken.")
    if as_json:
        print_json({**msgspec.to_builtins(report), **(lost.as_record() if lost else {})})
    else:
        flags = [guess for guess in report.guesses if guess.startswith("--")]
        if flags:
            say(f"guessed: {'  '.join(flags)}", err=True)
        for guess in report.guesses:
            if guess not in flags:
                say(f"guessed: {guess}.", err=True)
        parts = ", ".join(f"{workload} {count}" for workload, count in report.workloads.items())
        say(f"{out}: {count_noun(report.fixtures, 'fixture')} ({parts})")
        for title, problems in (
            ("not imported", report.not_carried),
            ("broken", report.broken),
            ("not read, because a package is missing", report.unread),
            ("read with low confidence", report.for_review),
            ("secrets found", report.secrets if not redact else ()),
        ):
            if problems:
                say(f"{title}: {len(problems)}")
                for line in api.first_problems(problems):
                    say(f"  {line}")
        if report.secrets and not redact:
            row = api.secrets_measured()
            missed = f"It finds {share(row.recall)} of the secrets in {row.n} synthetic texts, and fewer in real ones"
            say(f"  {share(row.precision)} of what this marks there is a secret. {missed}.")
        if report.redacted:
            said = ", ".join(f"{kind} {count}" for kind, count in report.redacted.items())
            say(f"redacted before writing: {said}. Some personal data remains: read a sample.")
        say(f"full list: {out / api.IMPORT_REPORT}")
    if report.unread:
        hints = list(dict.fromkeys(problem.hint for problem in report.unread))
        say(f"note: {count_noun(len(report.unread), 'document')} not read.\nhint: {' && '.join(hints)}", err=True)
    say_next(f"milo-bench suite check {out}", f"edit the prompt in {out / 'prompts'}")
    if lost and not as_json:
        raise lost
    return lost.exit_code if lost else 0


class _Progress:
    """A line on standard error every few seconds, so that reading scans is not silent."""

    _EVERY_S = 5.0

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    def tell(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s >= self._EVERY_S:
            self._said_s = now_s
            say(f"read {done} of {total}", err=True)
