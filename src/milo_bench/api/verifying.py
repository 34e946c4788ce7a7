"""A package's folder in, every figure and text that its evidence does not give out."""

from __future__ import annotations

from pathlib import Path

from milo_bench.api.deciding import decide_again
from milo_bench.core.paths import AnyPath
from milo_bench.evidence.log_checks import check_log
from milo_bench.report import verification
from milo_bench.report.decision_file import read_decision
from milo_bench.report.evidence_check import EvidenceCheck, HeldFiles, check_evidence
from milo_bench.report.verification import Verification


def verify_package(folder: AnyPath, *, runs: AnyPath | None = None, held: HeldFiles | None = None) -> Verification:
    """Render every file of a package again from its decision, and recompute that from the run logs.

    Looks for logs where the decision names them (from the working folder, the package and the folder
    above it), then in ``runs`` by their hash or seal. ``held`` are files that the package must rest on. Raises
    PrerequisiteError and DataError if there is no decision to start from.
    """
    return verification.verify_package(folder, decide_again, check_log, runs=runs, held=held)


def verify_decision(path: AnyPath, *, runs: AnyPath | None = None, held: HeldFiles | None = None) -> EvidenceCheck:
    """As ``verify_package``, for a decision file alone: no page is rendered."""
    path = Path(path)
    return check_evidence(read_decision(path), path.parent, decide_again, check_log, runs=runs, held=held)
