"""The command line that was given in, the one that resumes its log out."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def resume_line(path: Path) -> str:
    """This command line again, with the log named and ``--resume``."""
    words = [word for word in sys.argv[1:] if word != "--resume"]
    if "--out" not in words and not any(word.startswith("--out=") for word in words):
        words += ["--out", str(path)]
    return shlex.join(["milo-bench", *words, "--resume"])
