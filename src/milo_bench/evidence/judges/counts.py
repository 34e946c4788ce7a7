"""Run logs in, one sentence for each model judge on each candidate out: how many answers it accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from milo_bench.core.records.judgements import JudgementVerdict, latest_judgements
from milo_bench.store.log.reader import RunLog

JudgedWork = tuple[str, str, str, str]  # workload, the target that answered, the judge's name, the target that judged


def judges_said(logs: Iterable[RunLog]) -> tuple[str, ...]:
    """The counts as recorded, never corrected: whether a judge may enter a gate is its licence's affair."""
    counts: dict[JudgedWork, Counter[JudgementVerdict]] = {}
    for log in logs:
        for key, by_name in latest_judgements(log.judgements).items():
            fixture = log.fixtures.get(key.fixture)
            if fixture is None:
                continue
            for name, said in by_name.items():
                counts.setdefault((fixture.workload, key.target, name, said.target), Counter())[said.verdict] += 1
    return tuple(_sentence(*judged, count) for judged, count in counts.items())


def _sentence(workload: str, target: str, name: str, by: str, count: Counter[JudgementVerdict]) -> str:
    judged = count["accept"] + count["reject"]
    who = f"the judge '{name}'" if name.endswith(f":{by}") else f"the judge '{name}' ({by})"
    sentence = f"{workload} on {target}: {who} accepted {count['accept']:,} of {judged:,} answers"
    lost = [f"{count[kind]:,} {kind}" for kind in ("unread", "failed") if count[kind]]
    return f"{sentence}, {' and '.join(lost)}" if lost else sentence
