"""A name in; the shipped suites, the prompt, the case record or the reply templates of that name out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from milo_bench.config.written import Problem, place, read_text
from milo_bench.core.cases.record import CaseRecord, ReplyTemplate
from milo_bench.core.errors import DataError, MiloError, UsageError
from milo_bench.core.records import Workload
from milo_bench.core.suggest import hint_for
from milo_bench.suites.load import Suite, builtin_names, load_suite
from milo_bench.suites.manifest import MANIFEST_NAME
from milo_bench.suites.paths import BUILTIN

CASES_NAME = "cases.jsonl"
TEMPLATES_NAME = "templates.json"


def list_suites(folder: Path | None = None) -> tuple[Suite | MiloError, ...]:
    """The shipped suites, then those one level below ``folder``; the error in place of one that is broken."""
    names = list(builtin_names())
    if folder is not None and folder.is_dir():
        names += sorted(str(file.parent) for file in folder.glob(f"*/{MANIFEST_NAME}"))
    return tuple(_loaded(name) for name in names)


def _loaded(name: str) -> Suite | MiloError:
    try:
        return load_suite(name)
    except MiloError as error:
        return error


def find_prompt(name: str, *, suite: str | None = None, variant: str = "") -> Workload:
    """The contract of the workload whose prompt is called ``name``, a variant's prompt included.

    Looks in ``suite`` (a name or folder), else in every shipped suite. ``variant`` is one of that workload's. Raises
    UsageError with a suggestion where there is none.
    """
    known: dict[str, tuple[str, Workload]] = {}
    for suite_name in (suite,) if suite else builtin_names():
        base = load_suite(suite_name)
        for workload, contract in base.workloads.items():
            known.setdefault(contract.prompt_name, (suite_name, contract))
            for other in base.variants[workload]:
                if name not in known:
                    changed = load_suite(suite_name, variants={workload: other}).workloads[workload]
                    known.setdefault(changed.prompt_name, (suite_name, changed))
    if name not in known:
        message = f"Unknown prompt template '{name}'."
        raise UsageError(message, hint=hint_for(name, known, noun="templates"))
    where, found = known[name]
    return load_suite(where, variants={found.name: variant}).workloads[found.name] if variant else found


def load_cases(path: Path | None = None) -> tuple[CaseRecord, ...]:
    """Case records from a JSON Lines file, by default those of every shipped suite.

    Raises DataError naming the line of a record that cannot be read.
    """
    if path is not None:
        return _cases(path)
    return tuple(case for file in sorted(BUILTIN.glob(f"*/{CASES_NAME}")) for case in _cases(file))


@lru_cache(maxsize=8)
def _cases(path: Path) -> tuple[CaseRecord, ...]:
    cases = []
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            cases.append(msgspec.json.decode(line, type=CaseRecord))
        except (msgspec.DecodeError, RecursionError) as error:
            message = f"{place(path, number)}: not a case record: {error}"
            raise DataError(
                message, hint=("write one case per line, with case_id, claimant_name, as_of, events …")
            ) from None
    return tuple(cases)


def find_case(case_id: str, *, path: Path | None = None) -> CaseRecord:
    """The case record with that id, from ``path`` or from the shipped suites. Raises UsageError."""
    cases = load_cases(path)
    for case in cases:
        if case.case_id == case_id:
            return case
    message = f"Unknown case '{case_id}'."
    ids = [case.case_id for case in cases]
    hint = hint_for(case_id, ids, noun="cases") if len(ids) <= 12 else f"There are {len(ids)}: {', '.join(ids[:8])} …"
    raise UsageError(message, hint=hint)


def load_templates(path: Path | None = None) -> tuple[ReplyTemplate, ...]:
    """Reply templates from a JSON file, by default those of every shipped suite. Raises DataError."""
    files = [path] if path is not None else sorted(BUILTIN.glob(f"*/{TEMPLATES_NAME}"))
    templates: list[ReplyTemplate] = []
    for file in files:
        try:
            templates += msgspec.json.decode(_read(file), type=list[ReplyTemplate])
        except (msgspec.DecodeError, RecursionError) as error:
            message = f"{file}: not a list of reply templates: {error}"
            raise DataError(message, hint="give each template id, title, valid_from and required_text.") from None
    return tuple(templates)


def _read(path: Path) -> str:
    text = read_text(path)
    if isinstance(text, Problem):
        raise DataError(f"{text}.", hint=text.hint)
    return text
