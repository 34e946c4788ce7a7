"""Operational probes of a runtime, one file each."""
