"""A package's folder in, every figure and text that its evidence does not give out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.config.routing.flags import FlagsFile
from milo_bench.core.files import read_whole
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Frozen
from milo_bench.decide.records import Decision
from milo_bench.report.decision_file import decision_bytes, read_decision, whole_decision
from milo_bench.report.evidence_check import CheckLog, DecideAgain, HeldFiles, check_evidence, of_another_version
from milo_bench.report.figures import source_text
from milo_bench.report.package import DECISION, render_files
from milo_bench.report.pages.difference import (
    PackageDifference,
    line_differences,
    page_differences,
    shown_figures,
)
from milo_bench.report.signature import RECEIPT, SIGNATURE
from milo_bench.store.board_index import FOLDER as BOARD_FOLDER
from milo_bench.store.board_index import index_files
from milo_bench.store.erasures import erasures_path
from milo_bench.store.verdicts import verdicts_path

# What a team turns on after the launch is theirs to say; which flags there are is not.
_FLAG: Final = re.compile(rb"(?m)^(  [^#\n]*): (?:on|true|yes)[ \t]*$")


class Verification(Frozen, frozen=True, omit_defaults=False):
    """What was checked and what differs.

    ``figures`` of decision.json, shown in ``shown`` places of ``files`` files; ``recomputed`` says
    whether they were worked out again from the run logs, ``missing_logs`` why not. ``other_version``
    names the version of Milo Bench that decided, if it is another one: its figures and findings are
    recomputed and compared, its sentences are not, because versions word them differently.
    ``other_pages`` are then the files that this version writes differently; they were not checked.
    ``erased`` names fixtures whose texts, or answers to them, were erased from a log: its seals hold, and what rests on
    those texts was not worked out again. ``notes`` say what could not be checked.
    """

    folder: str
    files: int
    figures: int
    shown: int
    recomputed: bool
    differences: tuple[PackageDifference, ...]
    missing_logs: tuple[str, ...]
    other_version: str = ""
    unknown_files: tuple[str, ...] = ()
    other_pages: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where something differs or is not known, 3 where a log or another version is missing to check the rest."""
        return 1 if self.differences or self.unknown_files else 3 if self.missing_logs or self.other_pages else 0


def verify_package(
    folder: AnyPath,
    decide_again: DecideAgain,
    check_log: CheckLog,
    *,
    runs: AnyPath | None = None,
    held: HeldFiles | None = None,
) -> Verification:
    """Render every file again from decision.json, and recompute decision.json from the run logs.

    Looks for logs where the decision names them (from the working folder, the package and the folder
    above it), then in ``runs`` by their hash or seal. ``decide_again`` makes a decision again from its logs, given
    what finds them; ``check_log`` says what in a log does not follow from its suite, plan and seals. ``held`` are
    files that the reader trusts. Raises PrerequisiteError and DataError if there is no decision to start from.
    """
    folder = Path(folder)
    decision = read_decision(folder / DECISION)
    another = of_another_version(decision)
    differences = [] if another else list(_decision_file(folder, decision))
    with whole_decision(folder / DECISION):
        wanted = render_files(decision)
    shown = 0
    other_pages: list[str] = []
    for named, data in wanted.items():
        if named == DECISION:
            continue
        found = _read(folder / named)
        if found is None:
            differences.append(PackageDifference("file", named, "", "no such file", f"{len(data):,} bytes"))
        elif another and found != data:
            other_pages.append(named)
        elif named.endswith(".html"):
            shown += shown_figures(found)
            differences += _with_sources(page_differences(named, found, data), decision)
        elif named == FlagsFile.file_name:
            differences += line_differences(named, _FLAG.sub(rb"\1: off", found), data)
        else:
            differences += line_differences(named, found, data)
    evidence = check_evidence(decision, folder, decide_again, check_log, runs=runs, held=held)
    differences += evidence.differences
    logs = {place.resolve() for log in evidence.logs for place in (log, verdicts_path(log), erasures_path(log))}
    return Verification(
        folder=str(folder),
        files=len(wanted),
        figures=len(decision.figures),
        shown=shown,
        recomputed=not evidence.missing,
        differences=tuple(differences),
        missing_logs=evidence.missing,
        other_version=decision.tool_version if another else "",
        unknown_files=tuple(_unknown(folder, (*wanted, SIGNATURE, RECEIPT), logs)),
        other_pages=tuple(other_pages),
        erased=evidence.erased,
        notes=evidence.notes,
    )


def _unknown(folder: Path, names: Collection[str], logs: Collection[Path]) -> Iterator[str]:
    """What lies in ``folder`` beside its files ``names`` and ``logs``: files, empty folders, links, whatever else."""
    files = {folder / name for name in names}
    # A board that showed the package has left an index beside each log.
    shown = [path for path in folder.rglob("*") if path in files or path.resolve() in logs]
    files |= {file for path in shown for file in index_files(path) if file.suffix in (".json", ".parquet")}
    folders = {parent for file in files for parent in file.parents}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            # What is in it is named by itself.
            if path not in folders and not any(path.iterdir()) and path.name != BOARD_FOLDER:
                yield f"{path.relative_to(folder)}/"
        elif path not in files and not any(place in logs for place in (path.resolve(), path.parent.resolve())):
            yield str(path.relative_to(folder))


def _read(path: Path) -> bytes | None:
    try:
        return read_whole(path)
    except OSError:
        return None


def _decision_file(folder: Path, decision: Decision) -> tuple[PackageDifference, ...]:
    """decision.json must be what writing it gives: nothing added, nothing in another order."""
    return line_differences(DECISION, read_whole(folder / DECISION), decision_bytes(decision))


def _with_sources(differences: tuple[PackageDifference, ...], decision: Decision) -> Iterator[PackageDifference]:
    for one in differences:
        figure = decision.figures.get(one.figure)
        yield msgspec.structs.replace(one, source=source_text(figure)) if figure else one
