"""Hands on what a text states and what no source supports."""

from milo_bench.guards.facts.fact import Fact, FactKind
from milo_bench.guards.facts.known import FACTS_VERSION, supports, unsupported_facts
from milo_bench.guards.facts.reading import find_facts

__all__ = ["FACTS_VERSION", "Fact", "FactKind", "find_facts", "supports", "unsupported_facts"]
