"""A package and a key in, a signature over its decision and its logs' seals out."""

from __future__ import annotations

from pathlib import Path

from milo_bench.api.sealing.transparency import get_receipt
from milo_bench.api.verifying import verify_package
from milo_bench.core.errors import GateFailed, PrerequisiteError
from milo_bench.core.files import write_file
from milo_bench.core.paths import AnyPath
from milo_bench.report.decision_file import read_decision
from milo_bench.report.package import DECISION
from milo_bench.report.signature import (
    RECEIPT,
    SIGNATURE,
    envelope_bytes,
    make_statement,
    new_key,
    public_bytes,
    read_private_key,
    sign_statement,
)


def sign_package(folder: AnyPath, key: AnyPath, *, runs: AnyPath | None = None, transparency_log: str = "") -> Path:
    """Verify a package and sign it; where the signature lies. With ``transparency_log`` its receipt lies beside it.

    Raises GateFailed where something differs and PrerequisiteError where a run log is missing: nothing is signed then.
    """
    folder = Path(folder)
    private = read_private_key(Path(key))
    found = verify_package(folder, runs=runs)
    if found.missing_logs:
        message = f"{folder} was not signed: the run log {found.missing_logs[0]} is missing."
        raise PrerequisiteError(message, hint=f"milo-bench sign {folder} --key KEY --runs FOLDER")
    if found.exit_code:
        message = f"{folder} was not signed: it does not hold what its run logs give."
        raise GateFailed(message, hint=f"milo-bench verify {folder} lists the differences.")
    envelope = sign_statement(make_statement(read_decision(folder / DECISION)), private)
    receipt = get_receipt(transparency_log, envelope, public_bytes(private)) if transparency_log else b""
    written = write_file(folder / SIGNATURE, envelope_bytes(envelope))
    if receipt:
        write_file(folder / RECEIPT, receipt)
    else:
        (folder / RECEIPT).unlink(missing_ok=True)  # one of an earlier signature
    return written


def new_signing_key(path: AnyPath) -> Path:
    """Make a new ed25519 key at ``path``; where its public key lies."""
    return new_key(Path(path))
