"""A run log in, the policy that its gates come from out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from milo_bench.config.policy.file import PolicyFile, load_policy, read_policy, shipped_policy
from milo_bench.core.errors import MiloError
from milo_bench.core.records import RunHeader
from milo_bench.probes.base import PROBES

_NAME: Final = "policy.yaml"


def policy_of(log: Path, root: Path, header: RunHeader) -> tuple[PolicyFile | None, str]:
    """The policy, and where it is from: the run's own rule, a policy.yaml beside the log, or the built-in one.

    Looks beside the log and in the folders above it, up to ``root``. None where there is none that can be read.
    """
    rule = header.plan.stopping
    try:
        if rule is not None:
            return read_policy(rule.policy_text, name=rule.policy), "the run's own policy"
        for folder in (log.parent, *log.parent.parents):
            if (folder / _NAME).is_symlink() and root.resolve() not in (folder / _NAME).resolve().parents:
                return None, f"{Path(folder.name) / _NAME} is a link out of the board's folder, so it is not read."
            if (folder / _NAME).is_file():
                return load_policy(folder / _NAME, probes=PROBES.names()), str(Path(folder.name) / _NAME)
            if folder == root:
                break
    except MiloError as error:
        return None, error.message
    found = shipped_policy(header.suite.name)
    return found, f"the built-in policy of {header.suite.name}" if found is not None else ""
