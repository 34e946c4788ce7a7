"""Operator worlds: state, tools, faults, tasks, and the proof that the bench is sound."""
