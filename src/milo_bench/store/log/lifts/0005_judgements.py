"""Schema 5: ``judgement`` lines say what a model said of an answer, ``licence`` lines how far it can be trusted."""

from milo_bench.store.log.lift import LIFTS, Lift

LIFTS.add("0005_judgements", Lift(number=5, types=frozenset(), lift=lambda row: row))
