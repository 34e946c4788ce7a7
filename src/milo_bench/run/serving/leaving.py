"""A target, a fixture and what a person allowed in; whether text may be sent there out. No other place decides it."""

from __future__ import annotations

from collections.abc import Sequence

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Fixture


def require_allowed(hosted: Sequence[str], *, allowed: bool, what: str = "the run would send text outside") -> None:
    """Nothing leaves for a hosted target unless a person says so. Raises UsageError otherwise."""
    if hosted and not allowed:
        message = f"Hosted target{'s' if len(hosted) > 1 else ''} {', '.join(hosted)}: {what}."
        raise UsageError(message, hint="add --allow-hosted to allow that.")


def may_be_sent(fixture: Fixture, *, hosted: bool) -> bool:
    """A sensitive fixture, and every answer to it, never goes to a hosted target, whatever was allowed."""
    return not (hosted and fixture.sensitive)
