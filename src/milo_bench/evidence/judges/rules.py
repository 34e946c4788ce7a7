"""Run logs in, how good the rules are that their checks judge by, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milo_bench.decide.gates.detectors import measured_rules
from milo_bench.evidence.set_up import languages_of_work
from milo_bench.stats.check_rules import CheckRules
from milo_bench.store.log.reader import RunLog


def rules_of(logs: Iterable[RunLog]) -> Iterator[CheckRules]:
    """The rules behind the checks of each workload, as they were measured on labelled texts."""
    logs = tuple(logs)
    languages = languages_of_work(logs)
    for contract in {workload.name: workload for log in logs for workload in log.header.workloads}.values():
        for check, row in measured_rules(contract, languages.get(contract.name, "")):
            yield CheckRules(
                contract.name,
                check,
                row.language,
                row.recall,
                row.recall_interval,
                row.precision,
                row.precision_interval,
                row.n,
            )
