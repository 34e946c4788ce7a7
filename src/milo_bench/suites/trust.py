"""A suite in, the user's word that its Python may run out: kept, asked for, taken back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.records import OwnChecks, Workload
from milo_bench.store.trust import TrustRecord, read_trust, write_trust
from milo_bench.suites.load import Suite, load_suite


@dataclass(frozen=True)
class SuiteTrust:
    """A suite's own Python, and whether its digest is trusted."""

    suite: str
    path: Path
    own: OwnChecks
    trusted: bool
    kept_in: Path | None = None

    def as_record(self) -> dict[str, object]:
        return {
            "suite": self.suite,
            "file": str(self.path),
            "digest": self.own.digest,
            "checks": list(self.own.names),
            "trusted": self.trusted,
        }


def own_checks_of(workloads: Mapping[str, Workload]) -> OwnChecks | None:
    """The suite's own Python that some workload is judged by; it is the same for all of them."""
    return next((workload.own for workload in workloads.values() if workload.own is not None), None)


def suite_trust(suite: str, env: Mapping[str, str] | None = None) -> SuiteTrust:
    """What Python a suite has, and whether it is trusted. Raises UsageError for a suite that has none."""
    loaded = load_suite(suite)
    own = _own(loaded)
    trusted = own.digest in read_trust(os.environ if env is None else env)
    return SuiteTrust(loaded.ref.name, loaded.root / own.file, own, trusted)


def trust_suite(suite: str, env: Mapping[str, str] | None = None) -> SuiteTrust:
    """Record that this user trusts the Python of ``suite`` as it is now; a change of it is not trusted.

    Raises UsageError for a suite that has none, PrerequisiteError where the record cannot be written.
    """
    env = os.environ if env is None else env
    loaded = load_suite(suite)
    own = _own(loaded)
    record = TrustRecord(own.digest, loaded.ref.name, own.file, datetime.now(UTC).isoformat(timespec="seconds"))
    kept_in = write_trust(env, {**read_trust(env), own.digest: record})
    return SuiteTrust(loaded.ref.name, loaded.root / own.file, own, True, kept_in)


def distrust_suite(suite: str, env: Mapping[str, str] | None = None) -> SuiteTrust:
    """Take back what ``trust_suite`` recorded for ``suite``, in every version of its Python."""
    env = os.environ if env is None else env
    loaded = load_suite(suite)
    own = _own(loaded)
    records = read_trust(env)
    kept = {digest: record for digest, record in records.items() if record.suite != loaded.ref.name}
    kept.pop(own.digest, None)
    kept_in = write_trust(env, kept)
    return SuiteTrust(loaded.ref.name, loaded.root / own.file, own, False, kept_in)


def require_trust(own: OwnChecks, suite: str, where: str, env: Mapping[str, str]) -> None:
    """Raise PrerequisiteError unless the digest of ``own`` is trusted; ``where`` is a suite's name or folder."""
    records = read_trust(env)
    if own.digest in records:
        return
    known = [record for record in records.values() if (record.suite, record.file) == (suite, own.file)]
    what = "has changed since you trusted it" if known else "is not trusted"
    message = f"The suite's own Python {own.file} (sha256 {own.digest[:12]}) {what}."
    hint = f"read it, then: milo-bench suite trust {where}, or add --trust-suite for this run"
    raise PrerequisiteError(message, hint=hint)


def _own(suite: Suite) -> OwnChecks:
    own = own_checks_of(suite.workloads) or suite.own
    if own is None:
        message = f"The suite '{suite.ref.name}' has no Python of its own, so there is nothing to trust."
        raise UsageError(message, hint="add 'own_checks: FILE.py' to suite.yaml (docs/how-to/own-checks.md).")
    return own
