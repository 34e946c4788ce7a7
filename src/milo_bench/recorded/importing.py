"""Files of another tool, and a suite or the name of a new one, in; a run log and an account of the import out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import StoreText
from milo_bench.core.suggest import hint_for
from milo_bench.recorded.answer import (
    FORMATS,
    GOLD_KINDS,
    Account,
    GoldKind,
    ReadRequest,
    RecordedFormat,
    format_key,
    format_names,
)
from milo_bench.recorded.cases import Recording, collect
from milo_bench.recorded.files import RecordFile, open_files
from milo_bench.recorded.log import AttemptListener, LogRequest, WrittenLog, write_recorded_log
from milo_bench.recorded.matching import match_cases
from milo_bench.recorded.new_suite import make_suite
from milo_bench.store.log.writer import require_new_log
from milo_bench.store.stored_text import TextPolicy
from milo_bench.suites.load import Suite, load_suite

__all__ = ["ImportSetting", "RecordedImport", "RecordedReport", "import_recorded"]


@dataclass(frozen=True)
class RecordedImport:
    """What to import: ``files`` in ``format`` ("" to guess it), for ``suite`` or into the new suite ``new_suite``.

    ``columns`` maps what an answer has to columns (``output``, ``target``, ``id``, ``input``, ``gold`` …),
    ``target`` names the model where the files do not. ``hosted`` are models or targets that run outside the team's
    network. ``gold_kind`` says how the expected answers of a new suite are meant, "" to guess. ``store_text`` is how
    the log stores text.
    """

    files: Sequence[Path]
    out: Path
    format: str = ""
    suite: str = ""
    new_suite: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    workload: str = ""
    gold_kind: str = ""
    hosted: Collection[str] = ()
    store_text: StoreText = "full"


@dataclass(frozen=True)
class RecordedReport:
    """What came of an import. ``left`` is what was not carried over, each with how often and where first."""

    out: Path
    format: str
    suite: str
    written: WrittenLog
    guesses: tuple[str, ...]
    left: tuple[tuple[int, Problem], ...]
    broken: tuple[Problem, ...]
    broken_count: int

    def as_record(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "out": str(self.out),
            "format": self.format,
            "suite": self.suite,
            "attempts": dict(self.written.attempts),
            "fixtures": self.written.fixtures,
            "failures": self.written.failures,
            "missing": self.written.missing,
            "guesses": list(self.guesses),
            "not_imported": [
                {"what": one.what, "count": count, "where": one.where, "hint": one.hint} for count, one in self.left
            ],
            "broken": [{"where": one.where, "what": one.what, "hint": one.hint} for one in self.broken],
            "broken_count": self.broken_count,
        }


@dataclass(frozen=True)
class ImportSetting:
    """What an import is told by its caller: versions, the time, how text is stored, who sees attempts before that."""

    tool_version: str
    now: datetime
    policy: TextPolicy = field(default_factory=TextPolicy)
    listener: AttemptListener | None = None


def import_recorded(wanted: RecordedImport, setting: ImportSetting) -> RecordedReport:
    """Write the run log of what another tool recorded. Calls no model.

    Raises UsageError and DataError where nothing can be imported, PrerequisiteError where a file cannot be read or
    written.
    """
    if bool(wanted.suite) == (wanted.new_suite is not None):
        message = "Name the suite that the answers belong to." if not wanted.suite else "Both --suite and --make-suite."
        raise UsageError(message, hint="use --suite SUITE, or --make-suite DIR to make one from the recorded cases.")
    require_new_log(wanted.out, resumes=False)
    if wanted.new_suite is not None and wanted.new_suite.exists() and not _is_empty_folder(wanted.new_suite):
        message = f"{wanted.new_suite} already exists."
        raise UsageError(message, hint=f"choose a new folder, or use it: --suite {wanted.new_suite}")
    gold_kind = _gold_kind(wanted.gold_kind)
    files = open_files(list(wanted.files))
    name, form = _format(wanted, files)
    suite = load_suite(wanted.suite) if wanted.suite else None
    request = ReadRequest(wanted.columns, wanted.target, [fixture.id for fixture in suite.fixtures] if suite else ())
    account = Account()
    recording = collect(form.read(files, request, account), files, account, same_input=form.same_input)
    try:
        return _write(wanted, recording, files, account, suite, gold_kind, name, setting)
    finally:
        recording.close()


def _write(
    wanted: RecordedImport,
    recording: Recording,
    files: Sequence[RecordFile],
    account: Account,
    suite: Suite | None,
    gold_kind: GoldKind,
    name: str,
    setting: ImportSetting,
) -> RecordedReport:
    if not recording.count:
        first = f" First: {account.broken[0]}." if account.broken else ""
        message = f"{files[0].path} contains no answers in the format {name}.{first}"
        hint = account.broken[0].hint if account.broken else f"check --format, one of: {', '.join(format_names())}."
        raise DataError(message, hint=hint)
    if suite is None:
        assert wanted.new_suite is not None
        suite, fixtures = make_suite(
            recording.cases,
            files,
            account,
            out=wanted.new_suite,
            form=name,
            workload=wanted.workload,
            gold_kind=gold_kind,
            yes_or_no=recording.said_yes_or_no,
        )
    else:
        fixtures = match_cases(recording.cases, suite, account)
    folder = str(wanted.new_suite or ("" if suite.is_builtin else wanted.suite))
    request = LogRequest(
        out=wanted.out,
        format=name,
        suite=suite,
        suite_folder=folder,
        tool_version=setting.tool_version,
        now=setting.now,
        hosted=wanted.hosted,
        columns=wanted.columns,
        target=wanted.target,
        policy=setting.policy,
        listener=setting.listener,
    )
    written = write_recorded_log(recording, fixtures, files, request, account)
    left = [(one.count, Problem(one.where, one.what, one.hint)) for one in account.left.values()]
    return RecordedReport(
        out=wanted.out,
        format=name,
        suite=folder or suite.ref.name,
        written=written,
        guesses=tuple(account.guesses),
        left=tuple(left),
        broken=tuple(account.broken),
        broken_count=account.broken_count,
    )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _gold_kind(written: str) -> GoldKind:
    for kind in ("", *GOLD_KINDS):
        if format_key(written) == kind:
            return kind
    names = [kind.replace("_", "-") for kind in GOLD_KINDS]
    message = f"Unknown kind of expected answer '{written[:40]}'."
    raise UsageError(message, hint=hint_for(written, names, noun="kinds"))


def _format(wanted: RecordedImport, files: Sequence[RecordFile]) -> tuple[str, RecordedFormat]:
    """The format as it is written on a command line, and its reader."""
    if not files:
        raise UsageError("No files to import.", hint="name at least one file.")
    if wanted.format:
        if format_key(wanted.format) not in FORMATS:
            message = f"Unknown format '{wanted.format[:40]}'."
            raise UsageError(message, hint=hint_for(wanted.format, format_names(), noun="formats"))
        form = FORMATS.get(format_key(wanted.format))
    else:
        endings = [suffix.lower() for suffix in files[0].path.suffixes if suffix.lower() != ".gz"]
        found = [(name, one) for name, one in FORMATS if endings and endings[-1] in one.endings]
        if len(found) != 1:
            message = f"Cannot guess the format of {files[0].name}."
            raise UsageError(message, hint=f"add --format, one of: {', '.join(format_names())}.")
        return found[0][0].replace("_", "-"), found[0][1]
    if wanted.columns and not form.mapped:
        message = f"The format {wanted.format} has no columns to map."
        raise UsageError(message, hint="leave out --map, or use --format csv or jsonl.")
    return format_key(wanted.format).replace("_", "-"), form
