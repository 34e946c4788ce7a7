"""Hand-made columns of attempts for replays: who was right, how long the inputs are, what each answer failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from milo_bench.core.records import Decoding, TargetRecord, Workload
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate
from milo_bench.stats.cases.columns import Cases, FixtureTable

WORK = "notes"


def table(
    n: int, *, words: Sequence[int] | None = None, keyword: Sequence[bool] | None = None,
    sensitive: Sequence[bool] | None = None, tags: Mapping[str, Sequence[bool]] | None = None,
) -> FixtureTable:  # fmt: skip
    def flags(found: Sequence[bool] | None) -> Any:
        return np.zeros(n, dtype=np.bool_) if found is None else np.array(found, dtype=np.bool_)

    return FixtureTable(
        ids=tuple(f"f{number:04}" for number in range(n)),
        hashes=tuple("h" for _ in range(n)),
        workloads=tuple(WORK for _ in range(n)),
        words=np.array(words if words is not None else [100] * n, dtype=np.int64),
        sensitive=flags(sensitive),
        keyword=flags(keyword),
        tags={tag: flags(found) for tag, found in (tags or {}).items()},
    )


def cases(
    target: str,
    right: Sequence[int],
    *,
    fixture: Sequence[int] | None = None,
    repeat: Sequence[int] | None = None,
    held: Mapping[str, Sequence[int]] | None = None,
    want: Sequence[str] | None = None,
    got: Sequence[str] | None = None,
    bypassed: Sequence[bool] | None = None,
    latency_s: float = 1.0,
    cost_usd: float = float("nan"),
    variant: str = "",
    decoding: Decoding = "free",
) -> Cases:
    """``right`` is 1, 0 or -1 (failed) by row; ``want`` and ``got`` are labels, which then decide ``right``."""
    n = len(right)
    labels = tuple(dict.fromkeys([*(want or ()), *(got or ())]))
    outcome = np.array(right, dtype=np.int8)
    failed = outcome == -1

    def label(names: Sequence[str] | None) -> Any:
        places = [labels.index(name) for name in names] if names is not None else [-1] * n
        return np.where(failed, -1, np.array(places, dtype=np.int16)).astype(np.int16)

    return Cases(
        workload=WORK,
        target=target,
        variant=variant,
        decoding=decoding,
        fixture=np.array(fixture if fixture is not None else range(n), dtype=np.int32),
        repeat=np.array(repeat if repeat is not None else [0] * n, dtype=np.int16),
        retry=np.zeros(n, dtype=np.int8),
        outcome=outcome,
        bypassed=np.array(bypassed if bypassed is not None else [False] * n, dtype=np.bool_),
        flagged=np.zeros(n, dtype=np.bool_),
        unsupported=np.full(n, -1, dtype=np.int8),
        policy_broken=np.full(n, -1, dtype=np.int8),
        latency_s=np.where(failed, np.inf, latency_s),
        ttft_s=np.where(failed, np.inf, latency_s / 2),
        cost_usd=np.where(failed, np.nan, cost_usd),
        prompt_tokens=np.full(n, 100, dtype=np.int32),
        output_tokens=np.full(n, 10, dtype=np.int32),
        decode_tokens_per_s=np.full(n, 20.0),
        cut=np.zeros(n, dtype=np.bool_),
        warm_latency_s=np.full(n, np.nan),
        warm_ttft_s=np.full(n, np.nan),
        cached_share=np.full(n, np.nan),
        failure_kind=np.where(failed, 0, -1).astype(np.int16),
        failure_kinds=("total_timeout",) if failed.any() else (),
        held={check: np.array(column, dtype=np.int8) for check, column in (held or {}).items()},
        fields={},
        parts={},
        labels=labels,
        want=label(want),
        got=label(got),
        categories={},
    )


def evidence(fixtures: FixtureTable, *found: Cases, hosted: Sequence[str] = ("big",)) -> Evidence:
    """``hosted`` names the hosted targets among those of ``found``."""
    targets = dict.fromkeys(one.target for one in found)
    contracts = {(WORK, one.variant) for one in found}
    return Evidence(
        logs=(),
        targets={
            name: TargetRecord(
                name, "fake", model=f"{name}-model", hosted=name in hosted, model_digest=f"sha256:{name}"
            )
            for name in targets
        },
        fixtures=fixtures,
        cases={Candidate(one.workload, one.target, one.variant, one.decoding): one for one in found},
        workloads={
            (name, variant): Workload(name, "p", "", "", (), variant=variant, title="Notes")
            for name, variant in contracts
        },
    )
