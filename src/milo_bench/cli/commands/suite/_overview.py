"""A loaded suite in, what lists and views say of all of it out."""

from __future__ import annotations

from typing import Any

from milo_bench import api


def fixtures_per_workload(loaded: api.Suite) -> dict[str, int]:
    counts = dict.fromkeys(loaded.workloads, 0)
    for fixture in loaded.fixtures:
        counts[fixture.workload] += 1
    return counts


def suite_record(loaded: api.Suite) -> dict[str, Any]:
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
