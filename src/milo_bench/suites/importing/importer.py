"""What every importer takes and gives: a source and the person's wishes in, cases and an account of them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from milo_bench.config.written import Problem
from milo_bench.core.amounts import parse_amount
from milo_bench.core.registry import Registry

CheckEntry: TypeAlias = str | dict[str, dict[str, Any]]
AmountReader: TypeAlias = Callable[[str], Decimal | None]  # the one number that a text is, None for any other text


@dataclass(frozen=True)
class ValueReaders:
    """What tells columns of numbers and of dates from other columns, as the check of their values will read them."""

    amount: AmountReader = parse_amount
    is_date: Callable[[str], bool] = lambda text: False


@dataclass(frozen=True)
class ImportRequest:
    """What to import and how. Empty mappings are guessed, and the guess is said aloud.

    ``inputs``, ``expects`` and ``tags`` are columns; ``labels`` is the label file of a folder of documents.
    ``group`` is the column that says what cases have in common: a story, author or thread.
    ``equals`` is a column with the whole answer. ``sheet`` and ``header_row`` (from 1) say where the table is in a
    spreadsheet. ``address`` and ``query`` are those of a database, in place of a file. ``forms`` are
    those of each document: its text, its text by OCR, its pages as pictures.
    ``time_limit_s`` is the longest that a page of a document may take to read.
    ``progress`` is told how many rows of a label file are done, of how many. ``readers`` tell columns of
    numbers and dates from other columns.
    """

    source: Path
    workload: str = ""
    id_column: str = ""
    inputs: tuple[str, ...] = ()
    label: str = ""
    expects: tuple[str, ...] = ()
    labels: Path | None = None
    tags: tuple[str, ...] = ()
    sheet: str = ""
    header_row: int = 0
    group: str = ""
    equals: str = ""
    address: str = ""
    query: str = ""
    forms: tuple[str, ...] = ("text",)
    time_limit_s: float = 60.0
    progress: Callable[[int, int], None] = field(default=lambda done, total: None, compare=False, repr=False)
    readers: ValueReaders = field(default_factory=ValueReaders, compare=False, repr=False)


@dataclass(frozen=True)
class ImportedCase:
    """One case to be: ``place`` is where it is in the source, ``origin`` names the source of several."""

    id: str
    input: dict[str, Any]
    expect: dict[str, Any]
    place: str
    workload: str = ""
    tags: tuple[str, ...] = ()
    origin: str = ""
    group: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkloadDraft:
    """A workload to be: prompt source, checks, and the answer schema where there is one.

    ``variants`` are further prompts for the same work, by name.
    """

    name: str
    title: str
    prompt: str
    checks: list[CheckEntry]
    schema: dict[str, Any] | None = None
    max_tokens: int = 256
    variants: dict[str, str] = field(default_factory=dict)


@dataclass
class Imported:
    """What came of a source: cases, workloads, guesses made, what was not carried over, what was broken.

    ``unread`` are documents for whose format a package is missing here.
    ``files`` are kept in the suite's folder. ``for_review`` is what was read with low confidence.
    """

    cases: list[ImportedCase] = field(default_factory=list)
    workloads: list[WorkloadDraft] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)
    not_carried: list[Problem] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    for_review: list[Problem] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Importer:
    """A format: what reads it, and the sources that are taken for it if none is named.

    ``endings`` are those of file names, in lower case with the dot; ``folders`` says that it reads folders.
    ``recognises`` looks at a file's bytes, and decides before the ending does;
    ``recognises_folder`` looks at a folder, and decides before ``folders``.
    """

    read: Callable[[ImportRequest], Imported]
    endings: tuple[str, ...] = ()
    folders: bool = False
    recognises: Callable[[bytes], bool] | None = None
    recognises_folder: Callable[[Path], bool] | None = None


IMPORTERS: Registry[Importer] = Registry(
    "import format",
    "milo_bench.suites.importers",
    installed="milo_bench.importers",
    needs=("read", "endings", "folders"),
)
