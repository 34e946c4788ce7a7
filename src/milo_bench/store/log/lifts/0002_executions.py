"""Schema 2: a workload may carry its suite's own Python, and ``execution`` lines say what it showed; no row changes."""

from milo_bench.store.log.lift import LIFTS, Lift

LIFTS.add("0002_executions", Lift(number=2, types=frozenset(), lift=lambda row: row))
