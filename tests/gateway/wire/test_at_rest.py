"""A gateway at rest holds no library that no request needs."""

from __future__ import annotations

import subprocess
import sys


def test_a_gateway_has_no_numpy() -> None:
    look = "import sys, milo_bench.gateway.run; print(sorted({'numpy', 'alembic', 'openpyxl'} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
