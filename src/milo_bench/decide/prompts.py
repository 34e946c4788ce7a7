"""A workload in, the name and hash of what it asks with out."""

from __future__ import annotations

from milo_bench.core.records import Workload


def prompt_identity(workload: Workload) -> str:
    """Name and hash of the prompt: what a decision holds for."""
    return f"{workload.prompt_name} {workload.prompt_hash[:12]}"
