"""A source of cases in, a suite folder that passes ``suite check`` and an account of the import out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import yaml

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_file
from milo_bench.core.records import Frozen
from milo_bench.suites.fixtures import fixture_line, make_fixture
from milo_bench.suites.importing.groups import guess_groups
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest, ValueReaders, WorkloadDraft
from milo_bench.suites.importing.reduce import (
    DoubtFinder,
    SampleOf,
    SecretFinder,
    list_doubts,
    list_secrets,
    take_sample,
)
from milo_bench.suites.redact import TextRedactor, redact_fixture
from milo_bench.suites.write import refuse_taken, write_suite

IMPORT_REPORT = "import_report.json"


class ImportReport(Frozen, frozen=True, omit_defaults=False):
    """What an import carried over, guessed, left behind and could not read."""

    source: str
    format: str
    fixtures: int
    workloads: dict[str, int]
    guesses: tuple[str, ...]
    not_carried: tuple[Problem, ...]
    broken: tuple[Problem, ...]
    unread: tuple[Problem, ...]
    for_review: tuple[Problem, ...]
    secrets: tuple[Problem, ...]
    redacted: dict[str, int]
    out: str


def guess_format(source: Path) -> str:
    """The import format for ``source``. Raises UsageError if there is no such source, or its name does not tell."""
    if not source.exists():
        message = f"{source} is missing."
        raise UsageError(message, hint="give a CSV, JSONL or promptfoo YAML file, or a folder of documents.")
    if not source.is_dir() and not source.is_file():
        message = f"{source} is a pipe or a device, and a source is read more than once."
        raise UsageError(message, hint="write it to a file first, and name that file.")
    ending = source.suffix.lower()
    start = b"" if source.is_dir() or source.stat().st_size > FILE_LIMIT_BYTES else source.read_bytes()
    for name, importer in IMPORTERS:
        is_one = getattr(importer, "recognises_folder", None)
        if source.is_dir() and is_one is not None and is_one(source):
            return name
        recognises = getattr(importer, "recognises", None)
        if start and recognises is not None and recognises(start):
            return name
    for name, importer in IMPORTERS:
        if importer.folders if source.is_dir() else ending in importer.endings:
            return name
    message = f"Cannot guess the format of {source.name}."
    raise UsageError(message, hint=f"add --format, one of: {', '.join(IMPORTERS.names())}.")


def import_suite(
    request: ImportRequest,
    *,
    out: Path,
    format_name: str = "",
    name: str = "",
    sample: SampleOf | None = None,
    find_secrets: SecretFinder | None = None,
    find_doubt: DoubtFinder | None = None,
    redactor: TextRedactor | None = None,
    readers: ValueReaders = ValueReaders(),  # noqa: B008  frozen
) -> ImportReport:
    """Write the suite made from ``request.source`` to the new folder ``out``; ``name`` defaults to the folder's.

    What is broken or cannot be carried over is in the report, which is also written into the
    folder. ``sample`` keeps some of the cases, ``find_secrets`` gives the kind and place of each secret in a text,
    ``find_doubt`` says why an expected value could be read in two ways, ``readers`` tell columns of numbers and dates
    from others, ``redactor`` takes personal data and secrets
    out of every fixture before it is written.
    Raises UsageError and DataError where nothing can be imported.
    """
    refuse_taken(out)
    form = format_name or ("database" if request.address else guess_format(request.source))
    imported = IMPORTERS.get(form).read(replace(request, readers=readers))
    if not imported.cases:
        lost = [*imported.unread, *imported.broken]
        first = f" First: {lost[0]}." if lost else ""
        message = f"{request.source} contains nothing to import.{first}"
        raise DataError(message, hint=lost[0].hint if lost else "check the file.")
    if sample is not None:
        take_sample(imported, sample)
    if find_doubt is not None:
        imported.guesses.extend(list_doubts(imported, find_doubt))
    bare = [case for case in imported.cases if not case.expect]
    if 0 < len(bare) < len(imported.cases):
        have = f"{len(bare)} of {len(imported.cases)} cases {'has' if len(bare) == 1 else 'have'} no expected answer"
        imported.guesses.append(f"{have}, for example '{bare[0].id}': imported, and not judged")
    source = request.source
    origin: dict[str, Any] = {"source": source.name}
    if request.address:
        origin = {"source": "database", "query": request.query}
    elif source.is_file():
        origin["source_sha256"] = sha256_file(source)
    return write_imported(
        imported, out=out, form=form, name=name, origins={"": origin}, find_secrets=find_secrets, redactor=redactor
    )


def write_imported(
    imported: Imported,
    *,
    out: Path,
    form: str,
    name: str,
    origins: Mapping[str, Mapping[str, Any]],
    find_secrets: SecretFinder | None = None,
    redactor: TextRedactor | None = None,
) -> ImportReport:
    """Write what was imported as the new suite folder ``out``, with an account of it; the account.

    ``origins`` says of each case, by its ``origin``, what it came from: ``source`` is the file's name.
    """
    guess_groups(imported)
    source = ", ".join(str(origin["source"]) for origin in origins.values())
    secrets = list_secrets(imported, find_secrets) if find_secrets is not None else []
    files = _files(imported, name or out.name, source, origins, redactor)
    counts = {draft.name: 0 for draft in imported.workloads}
    for case in imported.cases:
        counts[case.workload or imported.workloads[0].name] += 1
    report = ImportReport(
        source=source,
        format=form,
        fixtures=len(imported.cases),
        workloads=counts,
        guesses=tuple(imported.guesses),
        not_carried=tuple(imported.not_carried),
        broken=tuple(imported.broken),
        unread=tuple(imported.unread),
        for_review=tuple(imported.for_review) if redactor is None else (),  # its lines quote the documents
        secrets=tuple(secrets),
        redacted=dict(redactor.counts()) if redactor is not None else {},
        out=str(out),
    )
    files[IMPORT_REPORT] = msgspec.json.format(msgspec.json.encode(report), indent=2)
    write_suite(out, files)
    return report


def _files(
    imported: Imported,
    name: str,
    source: str,
    origins: Mapping[str, Mapping[str, Any]],
    redactor: TextRedactor | None,
) -> dict[str, str | bytes]:
    lines = []
    for case in imported.cases:
        data = {
            "id": case.id,
            "workload": case.workload or imported.workloads[0].name,
            "input": case.input,
            "expect": case.expect,
            "tags": list(case.tags),
            "group": case.group,
            "provenance": {**origins[case.origin], "place": _short_place(case.place), **case.provenance},
        }
        fixture = make_fixture(data)
        lines.append(fixture_line(fixture if redactor is None else redact_fixture(fixture, redactor)) + "\n")
    files: dict[str, str | bytes] = {"fixtures/imported.jsonl": "".join(lines), **imported.files}
    for draft in imported.workloads:
        files[f"prompts/{draft.name}.jinja"] = draft.prompt
        for variant, prompt in draft.variants.items():
            files[f"prompts/{draft.name}.{variant}.jinja"] = prompt
        if draft.schema is not None:
            files[f"schemas/{draft.name}.json"] = json.dumps(draft.schema, indent=2, ensure_ascii=False) + "\n"
    manifest = {
        "name": name,
        "version": "1",
        "title": f"Imported from {source}"[:200],
        "fixtures": ["fixtures/imported.jsonl"],
        "workloads": {draft.name: _section(draft) for draft in imported.workloads},
    }
    files["suite.yaml"] = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=110)
    return files


def _short_place(written: str) -> str:
    """``file:line`` without the folders of the machine that it was imported on."""
    return written.replace("\\", "/").rpartition("/")[2]


def _section(draft: WorkloadDraft) -> dict[str, Any]:
    section: dict[str, Any] = {"title": draft.title, "prompt": f"prompts/{draft.name}.jinja"}
    if draft.schema is not None:
        section["schema"] = f"schemas/{draft.name}.json"
    section["max_tokens"] = draft.max_tokens
    section["checks"] = list(draft.checks)
    if draft.variants:
        section["variants"] = {
            variant: {"prompt": f"prompts/{draft.name}.{variant}.jinja"} for variant in draft.variants
        }
    return section


def first_problems(problems: Sequence[Problem], limit: int = 10) -> list[str]:
    """The first problems a line each, and how many more there are."""
    lines = [str(problem) for problem in problems[:limit]]
    return lines if len(problems) <= limit else [*lines, f"… and {len(problems) - limit} more"]
