"""A ``traceparent`` header in, the trace that a request is part of out, and the header that its own calls carry.

W3C Trace Context (https://www.w3.org/TR/trace-context/). Ids only: nothing here needs OpenTelemetry.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

TRACEPARENT: Final = "traceparent"
_HEADER: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = "01"


@dataclass(frozen=True)
class TraceContext:
    """A span of a trace: both ids in hexadecimal, and the flags that say whether it is sampled."""

    trace: str
    span: str
    flags: str = _SAMPLED

    @property
    def header(self) -> str:
        return f"00-{self.trace}-{self.span}-{self.flags}"

    def child(self) -> TraceContext:
        """A span under this one."""
        return TraceContext(self.trace, secrets.token_hex(8), self.flags)


def new_trace() -> TraceContext:
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8))


def read_traceparent(header: str) -> TraceContext | None:
    """None for a header that the standard calls invalid: it is passed on to nobody."""
    found = _HEADER.fullmatch(header.strip())
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not trace.strip("0") or not span.strip("0"):
        return None
    return TraceContext(trace, span, flags)
