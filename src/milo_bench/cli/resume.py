"""The command line that was given in, the one that resumes its log out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path


def resume_line(path: Path, *, without: str = "") -> str:
    """This command line again, with the log named and ``--resume``, and without the flag ``without`` and its value."""
    words = [word for word in _left(sys.argv[1:], without) if word != "--resume"]
    if "--out" not in words and not any(word.startswith("--out=") for word in words):
        words += ["--out", str(path)]
    return shlex.join(["milo-bench", *words, "--resume"])


def _left(words: list[str], flag: str) -> Iterator[str]:
    """``words`` without ``--flag value`` and ``--flag=value``."""
    given = iter(words)
    for word in given:
        if flag and word == flag:
            next(given, None)
        elif not flag or not word.startswith(f"{flag}="):
            yield word
