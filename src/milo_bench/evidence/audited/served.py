"""Lines of the gateway's audit in, counts of each workload and target out; no text is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from milo_bench.config.routing.use_names import name_of_use
from milo_bench.decide.changes.served import ServedCounts
from milo_bench.store.audit.records import AuditedRequest, AuditLine


def count_served(lines: Iterable[AuditLine], checks: Mapping[str, Iterable[str]]) -> tuple[ServedCounts, ...]:
    """Calls by workload and target. ``checks`` are the checks that the routing table has for each workload's answers.

    A use that ``checks`` names (``timeline:preview``) is counted by itself.

    Left out: requests in shadow, with a prompt that was not measured, that the gateway rejected as wrong, and those
    whose client left.
    """
    found: dict[tuple[str, str], ServedCounts] = {}
    for line in lines:
        if not isinstance(line, AuditedRequest) or line.shadow or line.outcome in ("rejected", "cancelled"):
            continue
        if line.prompt == "free":
            continue
        for call in line.calls:
            use = name_of_use(line.workload, line.use)
            work = use if use in checks else line.workload
            key = (work, call.target)
            counts = found.get(key)
            if counts is None:
                failed = dict.fromkeys(checks.get(work, ()), 0)
                counts = found[key] = ServedCounts(*key, failed=failed)
            counts.calls += 1
            if call.failure:
                counts.failures += 1
                continue
            counts.took_s.append(call.took_s)
            for check in call.failed_checks:
                if check in counts.failed:
                    counts.failed[check] += 1
    return tuple(counts for _, counts in sorted(found.items()))
