"""bench.yaml in, checked settings out, with the APIs that targets can be served over; who judges answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from milo_bench.fleet.places import On, graders_on

if TYPE_CHECKING:
    from milo_bench.config.settings import Settings
    from milo_bench.evidence.grade_columns import GradingPool


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read ``path``, else ``$MILO_BENCH_CONFIG``, else ./bench.yaml, else the built-in targets alone.

    Raises ConfigError naming file, line and fix.
    """
    # Who judges on this machine reads no settings, and does without their models.
    from milo_bench.config.settings import load_settings as load
    from milo_bench.targets.base import TARGET_APIS

    return load(path, env, apis=TARGET_APIS.names())


def graders(on: On) -> AbstractContextManager[GradingPool | None]:
    """Who judges answers: the Ray cluster of bench.yaml, or None for this machine alone.

    Raises PrerequisiteError where Ray is not installed or the cluster cannot be joined.
    """
    return graders_on(on, lambda: load_settings(None, os.environ).fleet)
