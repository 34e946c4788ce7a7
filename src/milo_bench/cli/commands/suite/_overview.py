"""A loaded suite in, what lists and views say of all of it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from milo_bench.api import Suite


def fixtures_per_workload(loaded: Suite) -> dict[str, int]:
    counts = dict.fromkeys(loaded.workloads, 0)
    for fixture in loaded.fixtures:
        counts[fixture.workload] += 1
    return counts


def suite_record(loaded: Suite) -> dict[str, Any]:
    counts = fixtures_per_workload(loaded)
    return {
        "name": loaded.ref.name,
        "version": loaded.ref.version,
        "hash": loaded.ref.hash,
        "title": loaded.title,
        "fixtures": len(loaded.fixtures),
        "workloads": {
            name: {"fixtures": counts[name], "variants": list(loaded.variants[name])} for name in loaded.workloads
        },
    }
