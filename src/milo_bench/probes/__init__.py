"""Operational probes of a runtime, one file each."""

from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.context import OWNED_APIS, ProbeContext, ProbeOptions
from milo_bench.probes.session import chosen, probe_names, run_probes

__all__ = ["OWNED_APIS", "PROBES", "Probe", "ProbeContext", "ProbeOptions", "chosen", "probe_names", "run_probes"]
