"""Schema 3: a workload may carry its suite's own Python, and ``execution`` lines say what it showed; no row changes."""

from milo_bench.store.log.lift import LIFTS, Lift

LIFTS.add("0003_executions", Lift(number=3, types=frozenset(), lift=lambda row: row))
