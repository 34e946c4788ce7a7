"""A folder or a suite in, a new suite, a table of labels to fill in, or a commented policy on disk out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from milo_bench.config.policy.file import POLICY_FILE, read_policy
from milo_bench.config.policy.operator import OPERATOR_POLICY_FILE, default_policy_text
from milo_bench.config.schema import schema_line
from milo_bench.config.written import Problem
from milo_bench.core.errors import UsageError
from milo_bench.core.files import PUBLIC, write_new_file
from milo_bench.core.paths import AnyPath
from milo_bench.decide.draft import draft_policy
from milo_bench.probes.base import PROBES
from milo_bench.suites.importing.labels.draft import draft_labels
from milo_bench.suites.load import Suite, load_suite
from milo_bench.suites.starter_suite import starter_files
from milo_bench.suites.write import write_suite

_TAKEN = "remove it, or write to another file with --out."


def write_policy(suite: AnyPath, out: AnyPath | None = None) -> Path:
    """Write a policy for ``suite``: into its own folder, unless ``out`` names a file; the path.

    Its gates are of the suite's checks, and its comments say which of them the suite's size can decide. Raises
    UsageError where the file exists, PrerequisiteError where it cannot be written.
    """
    loaded = load_suite(str(suite))
    path = Path(out) if out is not None else _beside(loaded)
    text = schema_line(POLICY_FILE, path, shared=True) + policy_text(loaded)
    return write_new_file(path, text, taken=_TAKEN, mode=PUBLIC)


@dataclass(frozen=True)
class LabelsDraft:
    """A table to fill in: where it is, how many ``documents`` it names, and what of the source it leaves out."""

    path: Path
    documents: int
    left_out: tuple[Problem, ...]


def new_suite(out: AnyPath, *, name: str = "") -> tuple[Path, ...]:
    """Write the starter suite, with a policy for it, into the new folder ``out``; the files written.

    Raises UsageError for a folder that is there already or a name that a suite cannot have, PrerequisiteError where
    it cannot be written.
    """
    folder = Path(out)
    files = starter_files(name or folder.resolve().name, folder)
    write_suite(folder, files)
    return (*(folder / place for place in files), write_policy(folder))


def write_labels(source: AnyPath, out: AnyPath, *, columns: Sequence[str] = ("label",)) -> LabelsDraft:
    """Write a table to ``out`` with a row for each document of a folder or zip, to fill in its right answer.

    Raises UsageError where ``out`` exists or a column is named twice, DataError for a source without documents.
    """
    named = [column.strip() for column in columns]
    if not all(named) or len({"file", *(column.casefold() for column in named)}) <= len(named):
        raise UsageError("Two columns have one name, or a column has none.", hint="name each column once.")
    text, documents, left_out = draft_labels(Path(source), named)
    return LabelsDraft(write_new_file(Path(out), text, taken=_TAKEN), documents, tuple(left_out))


def policy_text(suite: Suite) -> str:
    """The text of a policy for ``suite``, checked as any policy is."""
    text = draft_policy(suite.ref.name, suite.title, suite.workloads, suite.fixtures)
    read_policy(text, probes=PROBES.names())
    return text


def write_operator_policy(out: AnyPath) -> Path:
    """Write the built-in policy for operator work to ``out``, to edit it. Raises UsageError where it exists."""
    text = schema_line(OPERATOR_POLICY_FILE, Path(out), shared=True) + default_policy_text()
    return write_new_file(Path(out), text, taken=_TAKEN, mode=PUBLIC)


def _beside(suite: Suite) -> Path:
    """The suite's folder; the working folder for a built-in suite, which is not the user's to change."""
    return Path(POLICY_FILE.name) if suite.is_builtin else suite.root / POLICY_FILE.name
