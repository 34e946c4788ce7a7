"""Claims of one client in, a line for each on standard output out; it imports nothing of this project."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping


def check(claims: Mapping[str, Callable[[], object]]) -> None:
    """Print ``ok NAME`` for a claim that returns something true, else ``failed NAME: WHY``."""
    for name, claim in claims.items():
        try:
            found = claim()
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            said = " ".join(str(error).split())[:160]
            print(f"failed {name}: {type(error).__name__}: {said}", flush=True)
        else:
            print(f"ok {name}" if found else f"failed {name}: it gave {found!r}", flush=True)
