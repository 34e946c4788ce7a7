"""Hands on what a text states and what no source supports."""

from milo_bench.guards.facts.fact import Fact, FactKind
from milo_bench.guards.facts.known import find_facts, supports, unsupported_facts

__all__ = ["Fact", "FactKind", "find_facts", "supports", "unsupported_facts"]
