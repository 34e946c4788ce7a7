"""One file for each API that a model can be served over."""

from milo_bench.targets.base import TARGET_APIS, Target
from milo_bench.targets.discover import DiscoveredServer, discover_local
from milo_bench.targets.opening import open_target

__all__ = ["TARGET_APIS", "DiscoveredServer", "Target", "discover_local", "open_target"]
