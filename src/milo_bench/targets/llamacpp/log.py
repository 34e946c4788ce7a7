"""The end of a model server's log in, the few lines that say why it ended out. Pure."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 3
_LEVELLED = re.compile(r"^\d+(?:\.\d+){3} ([A-Z]) (?:\w+ +\S+: )?(.*)$")  # llama.cpp: time, level, part, function
# What a debugger, the C library or Python's faulthandler prints about a stack says nothing to who reads a message.
_STACK = re.compile(
    r"^(?:#\d+\s|\[New LWP|\[Thread debugging|Using host libthread_db|Thread 0x|Current thread 0x|Extension modules:"
    r"|Python runtime state:|<no Python frame>|Traceback \(most recent call last\)|File \"|[~^\s]+$|0x[0-9a-f]+\b)"
    r"|\[0x[0-9a-f]+\]$|^\S*\.so[.\d]*(?:\(|\+0x)"
)
_FATAL = "Fatal Python error: "


def why_it_ended(text: str) -> tuple[str, ...]:
    """At most three lines: the first error, which is the cause, and the last two; none where the log tells nothing.

    Warnings and notices are left out, as are stacks. Python's own crash message counts only where nothing
    else does: it mostly tells of the shutdown that an error brought about.
    """
    found: list[str] = []
    fatal = ""
    code_follows = False
    for raw in text.splitlines():
        line = raw.strip()
        code, code_follows = code_follows, line.startswith('File "')
        if not line or code or _STACK.search(line):
            continue
        if line.startswith(_FATAL):
            fatal = line
            continue
        levelled = _LEVELLED.match(line)
        if levelled is None:
            said = line
        elif levelled[1] in "EF":
            said = levelled[2]
        else:
            continue
        if said not in found:
            found.append(said)
    if not found and fatal:
        found = [fatal]
    return tuple(found if len(found) <= MOST else (found[0], *found[-2:]))
