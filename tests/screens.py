"""What a person was shown, held against the file that keeps it."""

from __future__ import annotations

import os
from pathlib import Path

UPDATE = bool(os.environ.get("UPDATE_SCREENS"))


def assert_screen(file: Path, shown: str) -> None:
    """Fail where ``file`` says otherwise; with ``UPDATE_SCREENS=1`` in the environment, write it."""
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    how = "if this is meant: UPDATE_SCREENS=1 python -m pytest on this file, and read what git shows"
    assert file.exists(), f"a new screen; {how}"
    assert shown == file.read_text(encoding="utf-8"), how
