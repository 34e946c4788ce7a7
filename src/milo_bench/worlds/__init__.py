"""Operator worlds: state, tools, faults, checkpoints."""
