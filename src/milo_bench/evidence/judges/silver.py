"""Run logs in, the sampled labels behind each workload whose labels were mined and not given by people out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from milo_bench.core.records.roles import SilverLabels
from milo_bench.stats.silver import CHECK, silver_text
from milo_bench.store.log.reader import RunLog
from milo_bench.suites.sheets.labels import count_labels


def silver_labels(logs: Iterable[RunLog]) -> dict[str, SilverLabels]:
    """By workload, from the suite's folder as it is now: the one that the run was given, or one of its name beside
    the log. Of workloads that several logs have, the sample with most confirmed labels counts.
    """
    found: dict[str, SilverLabels] = {}
    for log in logs:
        names = [one.name for one in log.header.workloads if any(check.name == CHECK for check in one.checks)]
        if not names or not log.header.suite_folder:
            continue
        given = Path(log.header.suite_folder)
        labels = count_labels(given) or count_labels(log.path.parent / given.name)
        if labels is None:
            continue
        for name in names:
            known = found.setdefault(name, labels)
            if labels.right + labels.wrong > known.right + known.wrong:
                found[name] = labels
    return found


def silver_said(logs: Iterable[RunLog]) -> dict[str, str]:
    """The same as a clause for each workload."""
    return {name: silver_text(labels) for name, labels in silver_labels(logs).items()}
