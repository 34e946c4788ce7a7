"""Functions of which Python tells no audit hook in, the same functions watched out.

A part of run_tests.py inside the sandbox. A signal's handler is given the frame that it interrupts, so it could read
the tests there, and a program can be started by the function below ``subprocess``.
"""

import dis
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

_LOCALS = frozenset({"locals", "vars", "eval", "exec", "dir"})
_VARARGS = 0x04


def watch_doors(files: set[str], note: Callable[[str], None], calls: Callable[[Any], bool]) -> None:
    """Put watched functions in the place of those; ``calls`` says whether a changed file is among a frame's callers."""
    look = sys._getframe
    lower: Any = sys.modules["_signal"]
    old = lower.signal
    known = {signal.default_int_handler, *map(lower.getsignal, signal.valid_signals())}

    def watched_signal(number: int, handler: Any, /) -> Any:
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        theirs = code.co_filename in files if code is not None else calls(look(1))
        if handler not in known and theirs and _sees_frames(handler, code):
            note("it looks at the frames above it")
        return old(number, handler)

    lower.signal = watched_signal
    starts: Any = sys.modules.get("_posixsubprocess")
    if starts is None:
        return
    start = starts.fork_exec

    def watched_fork_exec(*given: Any) -> Any:
        if calls(look(1)):
            note("it starts programs")
        return start(*given)

    starts.fork_exec = watched_fork_exec
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = watched_fork_exec


def _sees_frames(handler: Any, code: Any) -> bool:
    """Whether a handler uses the frame that it is given; what is no plain function might keep it."""
    if handler is None or isinstance(handler, int):
        return False
    if code is None:
        return True
    place = 1 + hasattr(handler, "__func__")
    if code.co_argcount <= place:
        rest = code.co_argcount + code.co_kwonlyargcount
        return bool(code.co_flags & _VARARGS) and _uses(code, code.co_varnames[rest])
    return _uses(code, code.co_varnames[place])


def _uses(code: Any, name: str) -> bool:
    if name in code.co_cellvars or not _LOCALS.isdisjoint(code.co_names):
        return True
    return any(one.opname.startswith("LOAD_FAST") and name in str(one.argval) for one in dis.get_instructions(code))
