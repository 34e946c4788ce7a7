"""Hands on every rule, in the order in which they are tried: the first that holds names the kind."""

from typing import Final

from milo_bench.guards.promises.english.rules.ends import ENDS
from milo_bench.guards.promises.english.rules.money import PAYMENTS
from milo_bench.guards.promises.english.rules.outcomes import OUTCOMES
from milo_bench.guards.promises.english.rules.responsibility import RESPONSIBILITY
from milo_bench.guards.promises.english.rules.rule import PromiseRule

RULES: Final[tuple[PromiseRule, ...]] = (*RESPONSIBILITY, *PAYMENTS, *OUTCOMES, *ENDS)

__all__ = ["RULES", "PromiseRule"]
