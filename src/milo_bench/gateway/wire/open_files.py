"""How many connections are wanted in, how many the system lets this process have out; its limit is raised for them."""

from __future__ import annotations

import contextlib
from typing import Final

_EACH: Final = 2  # a client's connection, and the one to the model that answers it
_OTHERS: Final = 128  # audit, state, probes, libraries


def raise_open_files(connections: int) -> int:
    """Raise the soft limit of open files as far as ``connections`` need and the hard limit lets; how many fit then.

    Past the limit nothing could be opened any more: no connection to a model, and no next file of the audit.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections * _EACH + _OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, (soft - _OTHERS) // _EACH))
