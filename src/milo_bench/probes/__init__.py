"""Operational probes of a runtime: the probes in builtin/, what they are given and how they run beside it."""
