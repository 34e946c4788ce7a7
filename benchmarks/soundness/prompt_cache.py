"""A server with a cache of prompts in, how often a time gate that it fails on new documents passes on repeats, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, Timings, Usage
from milo_bench.decide.gates.ends import ends_of
from milo_bench.stats.cases.cache import CacheRule
from milo_bench.stats.cases.columns import Cases, CasesBuilder, fixture_table
from milo_bench.stats.cases.rows import ValueRows, select_rows

FIXTURES, REPEATS = 80, 3
BOUND_S = 2.0
_WARM = 0.03  # of the time of a new document
_SPREAD = 0.4  # of the logarithm of a time


def _cases(random: Random, *, says: bool, rule: CacheRule, first: float = 1.0) -> Cases:
    """Times of new documents whose 95th percentile is exactly the bound, each asked again from the cache.

    ``first`` is the share of that time which the first askings take.
    """
    builder = CasesBuilder("w", "t", "", "free", None, rule)
    middle = np.log(BOUND_S) - 1.6448536 * _SPREAD
    for repeat in range(REPEATS):
        for number in range(FIXTURES):
            took = float(np.exp(middle + _SPREAD * random.standard_normal())) * (first if repeat == 0 else _WARM)
            cached = (0 if repeat == 0 else 990) if says else None
            made = Attempt(
                AttemptKey(f"f{number}", "t", repeat), "r", Timings(0.0, 0.0, took, first_content_s=took / 2), "x",
                usage=Usage(prompt_tokens=1000, completion_tokens=5, cached_tokens=cached),
            )  # fmt: skip
            builder.add(made, Graded(made.key, "w", (), True), number)
    return builder.build()


def _passes(cases: Cases) -> bool:
    table = fixture_table([Fixture(f"f{number}", "w", {}) for number in range(FIXTURES)])
    rows = select_rows(cases, table, "latency_p95_s")
    assert isinstance(rows, ValueRows)
    return ends_of(rows, cases.fixture, 0.95).judged("at_most", BOUND_S - 1e-9) == "pass"


def simulate(runs: int, random: Random) -> Sequence[Row]:
    rows = []
    runs = min(runs, 200)
    for says, name in ((True, "a server that says what it cached"), (False, "a server that says nothing")):
        kept = before = 0
        for _ in range(runs):
            seed = int(random.integers(1 << 62))
            kept += _passes(_cases(np.random.default_rng(seed), says=says, rule=CacheRule(repeats_are_cold=False)))
            before += _passes(_cases(np.random.default_rng(seed), says=says, rule=CacheRule(is_wanted=True)))
        rows.append(Row(f"wrong keep, {name}", 0.05, Found(kept, runs), Found(before, runs)))
    # An earlier command has sent all documents. The quickest of three new prompts told how long each token takes.
    kept = before = 0
    for _ in range(runs):
        seed = int(random.integers(1 << 62))
        quickest = float(np.exp(np.log(BOUND_S) - 1.6448536 * _SPREAD + _SPREAD * random.standard_normal(3)).min())
        unreported = CacheRule(repeats_are_cold=False, is_unreported=True, new_token_s=quickest / 2 / 1000)
        for rule in (unreported, CacheRule(repeats_are_cold=False)):
            passes = _passes(_cases(np.random.default_rng(seed), says=False, rule=rule, first=_WARM))
            kept, before = kept + passes * (rule is unreported), before + passes * (rule is not unreported)
    rows.append(
        Row("wrong keep, one that says nothing and had all before", 0.05, Found(kept, runs), Found(before, runs))
    )
    return rows


ROAD = Road(
    "a warm cache timed as if cold",
    f"{FIXTURES} documents, each asked {REPEATS} times, 95th percentile of new ones at the threshold; naive: all timed",
    simulate,
)
