"""Seeded hostile inputs at every parser: no traceback, nothing lost, nothing over its time or memory for one input."""
