"""What a generator is: the fixture files that it writes, each with what makes its fixtures from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from milo_bench.core.records import Fixture
from milo_bench.core.registry import Registry

# A seed and the suite's folder in, fixtures out.
Generate: TypeAlias = Callable[[int, Path], list[Fixture]]

GENERATORS: Registry[Mapping[str, Generate]] = Registry("generator", "milo_bench.suites.generators")
