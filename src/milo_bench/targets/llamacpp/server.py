"""One llama.cpp server as a process: a JSON line of parameters on standard input, the address on standard output.

It ends when its parent does, however that happened: on Linux the kernel sends SIGKILL
(``PR_SET_PDEATHSIG``), elsewhere the end of standard input says so. It writes its log to
standard error, without prompts: llama.cpp logs text only at higher verbosity than is set here.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1
_VERBOSITY = 1  # errors alone: its warnings quote what it could not read of a request, and 4 and above print requests


def main() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    wanted: dict[str, Any] = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not wanted or os.getppid() != parent:
        return  # the parent was gone before it could say anything
    # Ctrl-C at the terminal reaches the whole group; the bench decides when its server ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = serve(wanted)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    signal.pause()


def serve(wanted: dict[str, Any]) -> Any:
    """Start the server in this process; gives back the object that keeps it alive."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["model"]
    params.model_alias = {wanted["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = wanted["port"]
    # The server shares n_ctx out among its slots.
    params.n_ctx = wanted["context"] * wanted["parallel"]
    params.n_parallel = wanted["parallel"]
    params.cpuparams.n_threads = wanted["threads"]
    params.cpuparams_batch.n_threads = wanted["threads"]
    params.n_gpu_layers = wanted["gpu_layers"]
    params.sampling.seed = wanted["seed"]
    params.fit_params = False  # what is asked for is served, or it fails; no silent smaller context
    params.ctx_shift = False
    params.cache_prompt = wanted["cache_prompt"]
    params.cache_ram_mib = 0  # no prompt cache across slots: it would answer a repeat faster than the first
    params.offline = True
    params.ui = False
    params.endpoint_metrics = params.endpoint_slots = params.endpoint_props = True
    params.cors_origins = ""
    params.verbosity = _VERBOSITY
    return xllamacpp.Server(params)


def _end_with_parent() -> None:
    """Standard input stays open as long as the parent lives and wants us.

    Read past Python's buffer, whose lock would bring the interpreter down if it ended meanwhile.
    """
    while os.read(0, 4096):
        pass
    os._exit(0)  # at once: the server's threads have nothing to save


if __name__ == "__main__":
    main()
