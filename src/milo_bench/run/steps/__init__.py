"""Deterministic steps before a prompt, one file each: a file here is a step of its name."""
