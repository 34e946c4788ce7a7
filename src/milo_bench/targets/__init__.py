"""One file for each API that a model can be served over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milo_bench.core.lazy import lazy_names

if TYPE_CHECKING:
    from milo_bench.targets.base import TARGET_APIS, Target
    from milo_bench.targets.discover import DiscoveredServer, discover_local
    from milo_bench.targets.opening import open_target

# What each module gives.
_NAMES: dict[str, tuple[str, ...]] = {
    "milo_bench.targets.base": ("TARGET_APIS", "Target"),
    "milo_bench.targets.discover": ("DiscoveredServer", "discover_local"),
    "milo_bench.targets.opening": ("open_target",),
}

__all__ = sorted(name for names in _NAMES.values() for name in names)

if not TYPE_CHECKING:
    __getattr__ = lazy_names(__name__, _NAMES)
